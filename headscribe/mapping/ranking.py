"""The largest and smallest entries of rows, in one defined order.

torch.topk leaves open which of several equal entries it takes, and in what order. Here entries go by value,
and equal ones by ascending id, on every device and for every size of block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from jaxtyping import Float, Int


def top_k(
    values: Float[Tensor, "n m"], k: int, *, largest: bool = True
) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]:
    """The k largest (smallest) entries of each row, the most extreme first, equal ones by ascending column.

    Args:
        values: [n, m], without NaN.
        k: entries wanted; all m if there are fewer.
        largest: False for the smallest.

    Returns:
        Values and columns, each [n, min(k, m)].
    """
    if k >= values.shape[1]:
        ordered = values.sort(dim=1, descending=largest, stable=True)
        return ordered.values, ordered.indices
    found, columns = values.topk(k + 1, dim=1, largest=largest)
    ambiguous = found[:, k] == found[:, k - 1]
    found, columns = _equal_by_column(found[:, :k], columns[:, :k], largest=largest)
    if bool(ambiguous.any()):
        # an entry left out equals the last one taken: only these few rows pay for a full, stable sort
        ordered = values[ambiguous].sort(dim=1, descending=largest, stable=True)
        found[ambiguous], columns[ambiguous] = ordered.values[:, :k], ordered.indices[:, :k]
    return found, columns


def merge(
    first: tuple[Float[Tensor, "n a"], Int[Tensor, "n a"]],
    later: tuple[Float[Tensor, "n b"], Int[Tensor, "n b"]],
    k: int,
    *,
    largest: bool,
) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]:
    """The k most extreme of two rankings by ``top_k``; every id of ``first`` is below those of ``later``."""
    values = torch.cat([first[0], later[0]], dim=1)
    ids = torch.cat([first[1], later[1]], dim=1)
    ordered = values.sort(dim=1, descending=largest, stable=True)
    return ordered.values[:, :k], ids.gather(1, ordered.indices[:, :k])


def _equal_by_column(values: Tensor, columns: Tensor, *, largest: bool) -> tuple[Tensor, Tensor]:
    by_column = columns.sort(dim=1)
    values = values.gather(1, by_column.indices)
    ordered = values.sort(dim=1, descending=largest, stable=True)
    return ordered.values, by_column.values.gather(1, ordered.indices)
