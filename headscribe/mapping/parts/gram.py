"""How a head moves targets against each other: the Gram matrix of its readout, in units of σ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

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


def centred_directions(
    vectors: Float[Tensor, "m d_head"], mean: Float[Tensor, " d_head"]
) -> Float[Tensor, "m d_head"]:
    """rootᵀ (B_t - B̄) / its length: [m, d_head], zero where the length is 0.

    B̄ is the mean over targets. Taken out, a shift of all logits together, which softmax does not see, is no
    direction of the head. The entries are the correlations of target t with each axis of ã.

    Args:
        vectors: rootᵀ B_t, [m, d_head].
        mean: rootᵀ B̄, [d_head].
    """
    centred = vectors - mean
    lengths = torch.linalg.vector_norm(centred, dim=1, keepdim=True)
    smallest = torch.finfo(vectors.dtype).eps * torch.linalg.vector_norm(vectors, dim=1, keepdim=True)
    return centred * torch.where(lengths > 8 * smallest, 1 / lengths, 0)


def centred_gram(
    vectors: Float[Tensor, "m d_head"], usable: Bool[Tensor, " m"]
) -> tuple[Float[Tensor, "d_head d_head"], Float[Tensor, " d_head"]]:
    """The mean of t tᵀ over the usable targets' ``centred_directions``, and rootᵀ B̄.

    With ã of covariance 1, ã G ãᵀ is the mean square of a source's entries, each relative to the source's
    mean entry and in standard deviations of its target; over the usable sources it is 1 on average. G's
    eigenvalues are the shares of the squared total that its axes hold.

    Args:
        vectors: rootᵀ B_t of every row, [m, d_head].
        usable: the targets that count, [m] of bool; of more than ``MOST`` a part.

    Returns:
        [d_head, d_head], float64, and [d_head] of the dtype of ``vectors``.
    """
    mean = (usable.to(vectors.dtype) @ vectors) / usable.sum()
    ids = evenly_spread(usable, MOST)
    gram = torch.zeros(vectors.shape[1], vectors.shape[1], dtype=torch.float64, device=vectors.device)
    for part in torch.split(ids, BLOCK):
        directions = centred_directions(vectors[part], mean)
        gram += (directions.T @ directions).double()
    # targets that no source moves have no direction: the rest counts
    total = gram.trace()
    return gram / torch.where(total > 0, total, 1), mean
