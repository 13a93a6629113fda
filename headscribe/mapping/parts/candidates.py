"""Which sources may have the sharpest pairs of a head, without multiplying all of Z out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.mapping.devices import rows_at_once

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

CANDIDATES = 384
"""Sources that meet every target. The rows found are then 0.97 as strong as exact ones (SmolLM2-135M)."""

WIDTH = 2048
"""Targets multiplied at once."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Sources with their sharpest entry.

    Attributes:
        ids: ascending, [n].
        sharpest: the largest entry of each one's row of Z over the usable targets, [n].
        bound: no entry of a usable source that is not among them is larger; -inf where all are.
    """

    ids: Int[Tensor, " n"]
    sharpest: Float[Tensor, " n"]
    bound: float


def candidates(
    whitened: Float[Tensor, "rows d_head"],
    unit: Float[Tensor, "rows d_head"],
    usable: Bool[Tensor, " rows"],
    n: int = CANDIDATES,
) -> Candidates:
    """The n usable sources of the greatest Mahalanobis norm ‖ã_s‖, which no entry of Z_s exceeds.

    All usable sources where there are no more than n. ``bound`` tells which rows are surely among the
    sharpest of all.

    Args:
        whitened: ã, [rows, d_head].
        unit: rootᵀ B_t / σ_t, [rows, d_head].
        usable: [rows] of bool, as sources and as targets.
        n: sources wanted.
    """
    ids = usable.nonzero().flatten()
    norms, order = torch.linalg.vector_norm(whitened, dim=1)[ids].sort(descending=True, stable=True)
    bound = float(norms[n]) if len(ids) > n else -torch.inf
    ids = ids[order[:n]].sort().values
    rows = whitened[ids]
    width = rows_at_once(rows.device, len(ids) * rows.element_size(), WIDTH)
    sharpest = torch.full((len(ids),), -torch.inf, dtype=rows.dtype, device=rows.device)
    for part, shown in zip(torch.split(unit, width), torch.split(usable, width), strict=True):
        entries = (rows @ part.T).index_fill_(1, (~shown).nonzero().flatten(), -torch.inf)
        sharpest = torch.maximum(sharpest, entries.amax(1))
    return Candidates(ids, sharpest, bound)
