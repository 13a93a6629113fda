"""The most extreme entries of rows, one column of each spelling family."""

from __future__ import annotations

import torch
from torch import Tensor

from headscribe.mapping.ranking import top_k


def distinct_top(
    scores: Tensor, k: int, families: Tensor, usable: Tensor, *, largest: bool = True
) -> tuple[Tensor, Tensor]:
    """The k largest (smallest) entries of each row, no two columns of one family.

    Of a family the most extreme column stands, and equal entries go by ascending column.

    Args:
        scores: [n, m], without NaN; columns that are not usable are overwritten.
        k: entries wanted; as many as there are families if there are fewer.
        families: of the columns, [m].
        usable: columns that may be chosen, [m] of bool.
        largest: False for the smallest.

    Returns:
        Values and columns, each [n, k].
    """
    left_out = (~usable).nonzero().flatten()
    scores.index_fill_(1, left_out, -torch.inf if largest else torch.inf)
    n_usable = scores.shape[1] - len(left_out)
    pool = 3 * k + 8
    while True:
        values, columns = top_k(scores, min(pool, n_usable), largest=largest)
        own = families[columns]
        same_before = (own[:, :, None] == own[:, None, :]).tril(-1).any(2)
        fewest = min((~same_before).sum(1).tolist(), default=k)
        if pool >= n_usable or fewest >= k:
            break
        pool *= 2
    k = min(k, fewest)
    # the first k that are the first of their family, in order
    chosen = same_before.to(torch.uint8).sort(dim=1, stable=True).indices[:, :k]
    return values.gather(1, chosen), columns.gather(1, chosen)
