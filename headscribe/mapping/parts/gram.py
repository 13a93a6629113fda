"""How a head moves targets against each other: the Gram matrix of its readout, in units of σ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.mapping.parts.readout import Readout

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

BLOCK = 4096
"""Targets worked on at once: what they make stays in the processor's cache."""

MOST = 8_192
"""Targets that the Gram matrix is measured on, evenly spread, where there are more: its entries are means."""


def evenly_spread(usable: Bool[Tensor, " rows"], most: int) -> Int[Tensor, " n"]:
    """Ids of the usable rows, of more than ``most`` so many: [n]."""
    ids = usable.nonzero().flatten()
    n = min(len(ids), most)
    return ids[torch.arange(n, device=ids.device) * len(ids) // n]


def centred_gram(
    read: Readout, usable: Bool[Tensor, " m"]
) -> tuple[Float[Tensor, "d_head d_head"], Float[Tensor, " d_head"]]:
    """How a head's targets lie to each other, and the mean target.

    The mean of t tᵀ over the usable targets, where t is the direction of rootᵀ (B_t - B̄) and B̄ the mean over
    targets. That taken out, a shift of all logits together, which softmax does not see, is no direction of
    the head; the entries of t are the correlations of the target with each axis of ã. With ã of covariance 1,
    ã G ãᵀ is the mean square of a source's entries, each relative to the source's mean entry and in standard
    deviations of its target; over the usable sources it is 1 on average. G's eigenvalues are the shares of
    the squared total that its axes hold.

    Args:
        read: of one head, [m, d_head] and [m].
        usable: the targets that count, [m] of bool; of more than ``MOST`` a part.

    Returns:
        G [d_head, d_head], float64, and rootᵀ B̄ [d_head] of the dtype of ``read``.
    """
    unit, deviations = read.unit, read.deviations
    mean = (usable * deviations) @ unit / usable.sum()
    ids = evenly_spread(usable, MOST)
    gram = torch.zeros(unit.shape[1], unit.shape[1], dtype=torch.float64, device=unit.device)
    for part in torch.split(ids, BLOCK):
        sizes = deviations[part, None]
        centred = torch.addcmul(-mean, unit[part], sizes)
        lengths = torch.linalg.vector_norm(centred, dim=1, keepdim=True)
        smallest = 8 * torch.finfo(unit.dtype).eps * sizes  # below it is what rounding leaves of nothing
        centred *= torch.where(lengths > smallest, 1 / lengths, 0)
        gram += (centred.T @ centred).double()
    # targets that no source moves have no direction: the rest counts
    total = gram.trace()
    return gram / torch.where(total > 0, total, 1), mean
