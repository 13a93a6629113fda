"""The k largest entries of a product A B^T that is too large to make, exactly.

Fast products only say which entries may be among the k largest; these few are then summed in float64
(``pair_ranking``), and what is within rounding of the limit counts as one of them. So the result does not
depend on how the product is cut into tiles, or on which of them are skipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.mapping.pair_ranking import BestEntries, Entries
from headscribe.mapping.pair_search import TILE, plain_search, pruned_search

if TYPE_CHECKING:
    from jaxtyping import Float

SMALL = 4_000_000
"""Entries up to which going through all of them takes less than preparing the factors."""


def largest_entries(
    a: Float[Tensor, "n r"],
    b: Float[Tensor, "m r"],
    k: int,
    *,
    one_per_row: bool = False,
    prune: bool | None = None,
    tile: int = TILE,
) -> Entries:
    """The k largest entries of A B^T, or of the largest entries of each row, without making A B^T.

    Args:
        a: [n, r], float32 or float64, finite.
        b: [m, r], of the same dtype, on the same device.
        k: entries wanted; all if there are fewer.
        one_per_row: give a row's largest entry alone, so that k rows are ranked by their largest entry.
        prune: whether to skip what bounds rule out; does not change the result. None decides by the size.
        tile: rows, and columns, multiplied at once; does not change the result.
    """
    best = BestEntries(a, b, _available(k, len(a), len(b), one_per_row), one_per_row=one_per_row)
    # rows of zeros make entries that are exactly 0 and tie by the thousand: they need no product
    rows, columns = _nonzero(a), _nonzero(b)
    multiplied = 0
    if len(rows) and len(columns):
        wanted = _available(k, len(rows), len(columns), one_per_row)
        some = a if len(rows) == len(a) else a[rows]
        others = b if len(columns) == len(b) else b[columns]
        within = BestEntries(some, others, wanted, one_per_row=one_per_row)
        if prune is None:
            prune = len(rows) * len(columns) > SMALL
        multiplied = (pruned_search if prune else plain_search)(within, tile)
        found = within.entries()
        best.offer(rows[found.rows], columns[found.columns])
    if best.threshold <= 0:
        best.offer(*_zero_entries(best, rows, columns))
    return best.entries(multiplied)


def _nonzero(factor: Tensor) -> Tensor:
    """The rows that are not zero."""
    return factor.abs().amax(1).nonzero().flatten()


def _available(k: int, n: int, m: int, one_per_row: bool) -> int:
    return min(k, n if one_per_row else n * m)


def _zero_entries(best: BestEntries, rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    """The first k entries that are 0 because a factor's row is; ``rows``, ``columns``: those that are not."""
    zero_row = torch.ones(len(best.a), dtype=torch.bool, device=rows.device)
    zero_row[rows] = False
    zero_column = torch.ones(len(best.b), dtype=torch.bool, device=rows.device)
    zero_column[columns] = False
    some = zero_column.nonzero().flatten()[: best.k]
    every = torch.arange(min(len(best.b), best.k), device=rows.device)
    # each of these rows has at least one such entry
    candidates = (zero_row | zero_column.any()).nonzero().flatten()[: best.k]
    found: list[Tensor] = []
    left = best.k
    for row in candidates.tolist():
        here = every if zero_row[row] else some
        here = here[: 1 if best.one_per_row else left]
        found.append(torch.stack([torch.full_like(here, row), here]))
        left -= len(here)
        if left == 0:
            break
    places = torch.cat(found, 1) if found else torch.empty(2, 0, dtype=torch.long, device=rows.device)
    return places[0], places[1]
