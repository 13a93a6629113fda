"""The most extreme entries of rows, one column of each spelling family."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.mapping.ranking import top_k

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

BLOCK = 64
"""Columns of which the most extreme entry is looked at first."""


def distinct_top(
    scores: Float[Tensor, "n m"],
    k: int,
    families: Int[Tensor, " m"],
    usable: Bool[Tensor, " m"],
    *,
    largest: bool = True,
) -> tuple[Float[Tensor, "n found"], Int[Tensor, "n found"]]:
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
        values, columns = _top(scores, min(pool, n_usable), largest=largest)
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


def _top(scores: Tensor, n: int, *, largest: bool) -> tuple[Tensor, Tensor]:
    """``top_k`` of long rows, faster: the n largest entries lie in the n blocks with the largest ones."""
    rows, m = scores.shape
    whole = m // BLOCK
    if whole < 4 * n:
        return top_k(scores, n, largest=largest)
    blocks = scores[:, : whole * BLOCK].reshape(rows, whole, BLOCK)
    best = blocks.amax(2) if largest else blocks.amin(2)
    extremes, chosen = best.topk(n + 1, dim=1, largest=largest)
    chosen = chosen[:, :n].sort(dim=1).values
    columns = (chosen[:, :, None] * BLOCK + torch.arange(BLOCK, device=scores.device)).flatten(1)
    rest = torch.arange(whole * BLOCK, m, device=scores.device).expand(rows, -1)
    columns = torch.cat([columns, rest], 1)
    values, places = top_k(scores.gather(1, columns), n, largest=largest)
    if bool((extremes[:, n] == values[:, -1]).any()):  # an entry of a block left out ties with the last
        return top_k(scores, n, largest=largest)
    return values, columns.gather(1, places)
