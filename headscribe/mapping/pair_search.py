"""Two ways through a product A B^T in search of its largest entries: all of it, or what bounds leave open."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from headscribe.mapping.balance import balanced
from headscribe.mapping.pair_ranking import BestEntries

TILE = 1024
"""Rows, and columns, multiplied at once: a tile's entries stay in the processor's cache."""

FIRST = 256
"""Rows, and columns, whose entries give the first threshold, at least."""

SKETCHED = 4
"""A sketch has one in so many of the dimensions, and one more for the length of the rest."""

RETRY = 32
"""Where sketches have ruled too little out, every so many-th tile tries again."""

SUMMED = 64
"""Entries of a tile that are multiplied in the time it takes to sum one entry by itself."""


def plain_search(best: BestEntries, tile: int = TILE) -> int:
    """Offer ``best`` the candidates among all entries, tile by tile; how many entries were multiplied."""
    a, b = best.a, best.b
    # evenly spread: the first ids of a vocabulary are often unlike the others
    rows, columns = (_spread(factor, _first_side(best)) for factor in (a, b))
    _expect(best, a[rows], b[columns], rows, columns)
    parts = [[slice(at, at + tile) for at in range(0, len(factor), tile)] for factor in (a, b)]
    lengths = [_longest(_lengths(factor), some) for factor, some in zip((a, b), parts, strict=True)]
    slack = _rounding(a) * torch.outer(*lengths)
    for i, some in enumerate(parts[0]):
        for j, others in enumerate(parts[1]):
            found = _at_least(a[some] @ b[others].T, best.threshold - float(slack[i, j]))
            if found is not None:
                best.offer(found[0] + some.start, found[1] + others.start)
    return len(a) * len(b)


def pruned_search(best: BestEntries, tile: int = TILE) -> int:
    """As ``plain_search``, with what cannot reach the threshold left out.

    The factors are balanced, and their rows sorted by length, so that ‖a‖ ‖b‖ bounds whole tiles. Tiles go by
    falling bound: once one cannot reach the threshold, no later one can. Of a tile that can, the rows and
    columns that cannot are cut off, and a product of *sketches* may rule out the rest: with a = (a₁, a₂), a₁
    the leading dimensions, a · b ≤ a₁ · b₁ + ‖a₂‖ ‖b₂‖. Where neither rules much out, this is the plain
    search in another order.

    An example with k = 2, tiles of one row, and factors that are balanced already (columns orthogonal, equal
    in length to those of the other factor, the longest first):

    >>> a = torch.tensor([[4.0, 1.0], [-4.0, 1.0], [0.0, 1.0], [0.0, -1.0]])
    >>> best = BestEntries(a, a, k=2)
    >>> pruned_search(best, tile=1)
    4
    >>> best.entries().values.tolist()
    [17.0, 17.0]

    The rows have the lengths √17, √17, 1 and 1, so four tiles have the bound 17, eight √17 and four 1. The
    first entries give the threshold 17; behind the four tiles that can reach it the search ends, with 4 of 16
    entries multiplied. A sketch of the leading dimension says more than the lengths: rows 0 and 1 of the two
    factors reach at most 4 · (-4) + 1 · 1 = -15, where the lengths leave 17 open.
    """
    new_a, new_b, rest = balanced(best.a, best.b)
    left, right = _Sorted(new_a, _lengths(best.a), tile), _Sorted(new_b, _lengths(best.b), tile)
    side = _first_side(best)
    _expect(best, left.vectors[:side], right.vectors[:side], left.order, right.order)
    # [tiles of a, tiles of b]: what the fast products may be off by, and the most an entry can be
    slack = _rounding(best.a) * torch.outer(left.longest, right.longest)
    slack += rest * torch.outer(left.longest_given, right.longest_given)
    bounds = torch.outer(left.longest, right.longest) + slack
    search = _TileSearch(best, left, right)
    for bound, place in zip(*(x.tolist() for x in bounds.flatten().sort(descending=True)), strict=True):
        if bound < best.threshold:
            break
        i, j = divmod(place, bounds.shape[1])
        search.look_at(left.parts[i], right.parts[j], float(slack[i, j]))
    return search.multiplied


class _Sorted:
    """A balanced factor, its rows by falling length, and what tells tiles of it apart."""

    def __init__(self, vectors: Tensor, given: Tensor, tile: int) -> None:
        lengths, self.order = _lengths(vectors).sort(descending=True)
        self.vectors = vectors[self.order]
        self.lengths = lengths
        self.parts = _growing_parts(len(vectors), tile)
        self.longest = _longest(lengths, self.parts)
        self.longest_given = _longest(given[self.order], self.parts)
        n = max(1, vectors.shape[1] // SKETCHED)
        rest = _lengths(self.vectors[:, n:]).to(vectors.dtype)
        self.sketches = torch.cat([self.vectors[:, :n], rest[:, None]], 1)


@dataclass
class _TileSearch:
    """Searches tiles, and learns whether sketches pay.

    Attributes:
        multiplied: entries multiplied in full.
        tiles: tiles looked at.
        sketched: entries whose sketches were multiplied.
        decided: of these, those in tiles that then needed no product in full.
    """

    best: BestEntries
    left: _Sorted
    right: _Sorted
    multiplied: int = 0
    tiles: int = 0
    sketched: int = 1
    decided: int = 1

    def look_at(self, rows: slice, columns: slice, slack: float) -> None:
        """Offer the entries of a tile that reach the threshold, as far as products are off by the slack."""
        limit = self.best.threshold - slack
        # rows are sorted by length: those that reach the limit with the longest column stand first
        n = _reaching(self.left.lengths[rows], float(self.right.lengths[columns.start]), limit)
        m = _reaching(self.right.lengths[columns], float(self.left.lengths[rows.start]), limit)
        rows, columns = slice(rows.start, rows.start + n), slice(columns.start, columns.start + m)
        self.tiles += 1
        if (2 * self.decided > self.sketched or self.tiles % RETRY == 0) and math.isfinite(limit):
            self.sketched += n * m
            if self._sketch_decides(rows, columns, limit):
                self.decided += n * m
                return
        self.multiplied += n * m
        products = self.left.vectors[rows] @ self.right.vectors[columns].T
        found = _at_least(products, limit)
        if found is not None:
            self._offer(rows, columns, found)

    def _sketch_decides(self, rows: slice, columns: slice, limit: float) -> bool:
        """Whether sketches leave so few entries of a tile that these are offered one by one, or none."""
        upper = self.left.sketches[rows] @ self.right.sketches[columns].T
        if float(upper.amax()) < limit:
            return True
        reaching = upper >= limit
        if int(reaching.count_nonzero()) * SUMMED > upper.numel():
            return False
        found = reaching.nonzero()
        self._offer(rows, columns, (found[:, 0], found[:, 1]))
        return True

    def _offer(self, rows: slice, columns: slice, found: tuple[Tensor, Tensor]) -> None:
        self.best.offer(self.left.order[found[0] + rows.start], self.right.order[found[1] + columns.start])


def _first_side(best: BestEntries) -> int:
    """Rows, and columns, whose entries give the first threshold; enough that they have k entries."""
    return max(FIRST, best.k if best.one_per_row else 2 * math.isqrt(best.k))


def _expect(best: BestEntries, a: Tensor, b: Tensor, rows: Tensor, columns: Tensor) -> None:
    """Let some rows and columns, given with their places, set a threshold, if they have k entries."""
    products = a @ b.T
    if best.one_per_row:
        values, places = products.max(1)
        some = values.topk(min(best.k, len(values))).indices
        others = places[some]
    else:
        places = products.flatten().topk(min(best.k, products.numel())).indices
        some, others = places // len(b), places % len(b)
    if len(some) == best.k:
        best.expect(rows[some], columns[others])


def _spread(factor: Tensor, n: int) -> Tensor:
    """The places of n rows, evenly spread; all if there are fewer."""
    n = min(n, len(factor))
    return torch.arange(n, device=factor.device) * len(factor) // n


def _at_least(products: Tensor, limit: float) -> tuple[Tensor, Tensor] | None:
    """Rows and columns of the entries that reach a limit; None if none does, which is cheap to see."""
    rows = (products.amax(1) >= limit).nonzero().flatten()
    if not len(rows):
        return None
    inside = (products[rows] >= limit).nonzero()
    return rows[inside[:, 0]], inside[:, 1]


def _reaching(lengths: Tensor, other: float, limit: float) -> int:
    """How many of these falling lengths reach a limit when multiplied with another one."""
    return int((lengths * other >= limit).sum())


def _rounding(factor: Tensor) -> float:
    """Fast products, on balanced factors too, are off by less than this times ‖a‖ ‖b‖."""
    return (factor.shape[1] + 8) * torch.finfo(factor.dtype).eps


def _lengths(vectors: Tensor) -> Tensor:
    lengths: Tensor = torch.linalg.vector_norm(vectors, dim=1, dtype=torch.float64)
    return lengths


def _growing_parts(n: int, tile: int) -> list[slice]:
    """Rows in parts of ``tile``, the first ones smaller: few rows are long, and they are in every search."""
    parts, start, size = [], 0, max(1, tile // 4)
    while start < n:
        parts.append(slice(start, min(start + size, n)))
        start += size
        size = min(start, tile)
    return parts


def _longest(lengths: Tensor, parts: list[slice]) -> Tensor:
    """The greatest length in each part."""
    return torch.stack([lengths[part].max() for part in parts]).cpu()
