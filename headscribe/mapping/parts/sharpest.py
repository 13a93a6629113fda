"""The rows of a head's sharpest pairs: one source per spelling family and cluster, grouped into classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.mapping.parts.candidates import Candidates

if TYPE_CHECKING:
    from jaxtyping import Float, Int

ALIKE = 0.6
"""Cosine of two sources' ã from which the weaker one is in the stronger one's row."""

CLASS = 0.35
"""Correlation of two rows over the targets from which they are in one class, on average over the class."""

MEMBERS = 8
"""Sources named beside the one that gives a row its place, at most."""


@dataclass(frozen=True, slots=True)
class SharpRows:
    """Rows of Z, the sharpest first.

    Attributes:
        ids: the source of each row, [k].
        members: of each row, ids of the other sources that act like its source, sharpest first.
        exact: whether no other usable source can have a sharper pair than the last row.
    """

    ids: Int[Tensor, " k"]
    members: list[list[int]]
    exact: bool


def sharpest_rows(
    found: Candidates, whitened: Float[Tensor, "rows d_head"], families: Int[Tensor, " rows"], k: int
) -> SharpRows:
    """One row per spelling family, and per cluster of sources whose ã point the same way.

    Going down from the sharpest source, one that is spelled like an earlier one, or whose ã has a cosine of
    ``ALIKE`` or more with that of an earlier row's source, gets no row of its own.

    Args:
        found: the sources to choose from.
        whitened: ã, [rows, d_head].
        families: spelling family of every token, [rows].
        k: rows wanted.
    """
    order = found.sharpest.sort(descending=True, stable=True)
    ids = found.ids[order.indices]
    directions = torch.nn.functional.normalize(whitened[ids], dim=1)
    alike = directions @ directions.T >= ALIKE
    own = families[ids]
    spelled = own[:, None] == own
    like, left = (alike | spelled).cpu(), torch.ones(len(ids), dtype=torch.bool)
    alike, names, numbers = alike.cpu(), own.tolist(), ids.tolist()
    places: list[int] = []
    members: list[list[int]] = []
    while len(places) < k and bool(left.any()):
        place = int(left.to(torch.uint8).argmax())
        others = (alike[place] & left).nonzero().flatten().tolist()
        places.append(place)
        members.append(_one_per_family(others, names, names[place], numbers))
        left &= ~like[place]
        left[place] = False
    last = float(order.values[places[-1]]) if places else torch.inf
    return SharpRows(ids[places], members, last >= found.bound)


def _one_per_family(places: list[int], names: list[int], but: int, numbers: list[int]) -> list[int]:
    seen = {but}
    kept: list[int] = []
    for place in places:
        if names[place] not in seen and len(kept) < MEMBERS:
            seen.add(names[place])
            kept.append(numbers[place])
    return kept


def classes(rows: Float[Tensor, "k d_head"], gram: Float[Tensor, "d_head d_head"]) -> list[int]:
    """The class of each row, by similar target lists: a number, 0 for that of the sharpest row.

    Two rows' similarity is the correlation of their entries over all targets. Going down from the sharpest,
    a row joins the class that it resembles most on average, if by ``CLASS`` or more.

    Args:
        rows: ã of the rows' sources, the sharpest first, [k, d_head].
        gram: of the readout, [d_head, d_head].
    """
    precise = rows.double()
    products = precise @ gram @ precise.T
    lengths = products.diagonal().clamp_min(0).sqrt()
    scale = torch.outer(lengths, lengths)
    similar = torch.where(scale > 0, products / torch.where(scale > 0, scale, 1), 0).cpu()
    # per class, the sum over its rows so far of each row's similarity with them, and their number
    sums, sizes, found = torch.zeros_like(similar), torch.zeros(len(similar), dtype=similar.dtype), []
    for row, own in enumerate(similar):
        n = int((sizes > 0).sum())
        means = sums[:n, row] / sizes[:n]
        best = int(means.argmax()) if n and float(means.max()) >= CLASS else n
        found.append(best)
        sums[best] += own
        sizes[best] += 1
    return found
