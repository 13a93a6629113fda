"""Which sources may have the sharpest pairs of a head, without multiplying all of Z out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.mapping.devices import rows_at_once
from headscribe.mapping.ranking import top_k

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

CANDIDATES = 224
"""Sources that meet every target. The rows found are then 0.97 as strong as exact ones (SmolLM2-135M)."""

WIDTH = 1024
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
    acting: Float[Tensor, " rows"],
    n: int = CANDIDATES,
) -> Candidates:
    """The n usable sources with the greatest product of norm ‖ã_s‖ and root mean square of the entries.

    A row's largest entry lies between these two: no entry of Z_s exceeds ‖ã_s‖. All usable sources where
    there are no more than n. ``bound`` tells which rows are surely among the sharpest of all.

    Args:
        whitened: ã, [rows, d_head].
        unit: rootᵀ B_t / σ_t, [rows, d_head].
        usable: [rows] of bool, as sources and as targets.
        acting: root mean square of each source's entries, [rows].
        n: sources wanted.
    """
    norms = torch.linalg.vector_norm(whitened, dim=1)
    likely = (norms * acting).masked_fill_(~usable, -torch.inf)
    n = min(n, int(usable.sum()))
    ids = top_k(likely[None], n)[1][0].sort().values
    norms[~usable] = -torch.inf
    norms[ids] = -torch.inf
    rows = whitened[ids].T.contiguous()
    width = rows_at_once(rows.device, n * rows.element_size(), WIDTH)
    sharpest = torch.full((n,), -torch.inf, dtype=rows.dtype, device=rows.device)
    for part, shown in zip(torch.split(unit, width), torch.split(usable, width), strict=True):
        entries = (part @ rows).index_fill_(0, (~shown).nonzero().flatten(), -torch.inf)
        sharpest = torch.maximum(sharpest, entries.amax(0))
    return Candidates(ids, sharpest, float(norms.max()))
