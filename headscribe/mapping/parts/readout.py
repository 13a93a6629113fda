"""What heads can write along every target, in units of how far their values vary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from jaxtyping import Bool, Float


@dataclass(frozen=True, slots=True)
class Readout:
    """rootᵀ B_t of targets, for some heads: D = ã · rootᵀ B_t, and Z = D / σ_t.

    Attributes:
        vectors: [heads, m, d_head].
        deviations: σ_t, the standard deviation of D's column over the usable sources, [heads, m]; 0 where it
            is below what rounding makes of nothing.
    """

    vectors: Float[Tensor, "*heads m d_head"]
    deviations: Float[Tensor, "*heads m"]

    @property
    def flat(self) -> Bool[Tensor, "*heads m"]:
        """Targets with the same entry for every source, so that nothing can be in units of σ: [heads, m]."""
        return self.deviations == 0

    def of(self, place: int) -> Readout:
        """That of one of the heads: vectors [m, d_head], deviations [m]."""
        return Readout(self.vectors[place], self.deviations[place])

    def unit(self) -> Float[Tensor, "heads m d_head"]:
        """rootᵀ B_t / σ_t: [heads, m, d_head]; Z = ã · this. Zero for flat targets, whose Z is 0."""
        return self.vectors * torch.where(self.flat, 0, 1 / self.deviations)[:, :, None]


def readout(
    unembedding: Float[Tensor, "m d_model"],
    w_o: Float[Tensor, "heads d_head d_model"],
    root: Float[Tensor, "heads d_head d_head"],
) -> Readout:
    """The readout of targets.

    Args:
        unembedding: Uᵀ of m targets, [m, d_model].
        w_o: [heads, d_head, d_model], in the dtype of ``unembedding``; the final norm's weight is folded in.
        root: of the spread of each head's values, [heads, d_head, d_head], float64.
    """
    heads, d_head, d_model = w_o.shape
    folded = torch.bmm(root.transpose(1, 2), w_o.double())
    product = unembedding @ folded.flatten(0, 1).to(unembedding.dtype).T
    vectors = product.view(-1, heads, d_head).transpose(0, 1)
    vectors = vectors.to(torch.promote_types(vectors.dtype, torch.float32))
    lengths = torch.linalg.vector_norm(vectors, dim=2)
    # rounding of the product, and of what went into it: a head may write along axes that do not vary
    read, written = (
        torch.linalg.vector_norm(root, dim=(1, 2)),
        torch.linalg.vector_norm(w_o.double(), dim=(1, 2)),
    )
    sizes = torch.finfo(unembedding.dtype).eps * torch.linalg.vector_norm(folded, dim=(1, 2))
    sizes += torch.finfo(torch.float64).eps * read * written
    nothing = (d_model**0.5 * sizes).to(lengths.dtype)[:, None] * torch.linalg.vector_norm(
        unembedding, dim=1, dtype=lengths.dtype
    )
    return Readout(vectors, torch.where(lengths > nothing, lengths, 0))
