"""What heads can write along every target, in units of how far their values vary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.mapping.by_head import products_by_head

if TYPE_CHECKING:
    from jaxtyping import Float


@dataclass(frozen=True, slots=True)
class Readout:
    """Targets as heads see them: Z = ã · unit_t, and D = Z σ_t.

    Attributes:
        unit: rootᵀ B_t / σ_t, of length 1, [heads, m, d_head]; zero for targets with the same entry for every
            source, as nothing can be in units of σ there.
        deviations: σ_t, the standard deviation of D's column over the usable sources, [heads, m]; 0 where it
            is below what rounding makes of nothing.
    """

    unit: Float[Tensor, "*heads m d_head"]
    deviations: Float[Tensor, "*heads m"]

    def of(self, place: int) -> Readout:
        """That of one of the heads: unit [m, d_head], deviations [m]."""
        return Readout(self.unit[place], self.deviations[place])


class Readouts:
    """Makes the readouts of some heads.

    Args:
        w_o: [heads, d_head, d_model]; the final norm's weight is folded in.
        root: of the spread of each head's values, [heads, d_head, d_head], float64.
        dtype: in which they meet the targets.
    """

    def __init__(
        self,
        w_o: Float[Tensor, "heads d_head d_model"],
        root: Float[Tensor, "heads d_head d_head"],
        dtype: torch.dtype,
    ) -> None:
        d_model = w_o.shape[2]
        precise = w_o.double()
        folded = torch.bmm(root.transpose(1, 2), precise)
        self._matrices = folded.transpose(1, 2)
        # rounding of the product, and of what went into it: a head may write along axes that do not vary
        sizes = torch.finfo(dtype).eps * torch.linalg.vector_norm(folded, dim=(1, 2))
        read, written = (torch.linalg.vector_norm(one, dim=(1, 2)) for one in (root, precise))
        sizes += torch.finfo(torch.float64).eps * read * written
        self._dtype = torch.promote_types(dtype, torch.float32)
        self._nothing = (d_model**0.5 * sizes).to(self._dtype)

    def of(
        self,
        unembedding: Float[Tensor, "m d_model"],
        lengths: Float[Tensor, " m"] | None = None,
        out: Float[Tensor, "heads m d_head"] | None = None,
    ) -> Readout:
        """The readouts of targets, of at least float32.

        Args:
            unembedding: Uᵀ of m targets, [m, d_model].
            lengths: of its rows, [m]; None to measure them.
            out: where to put ``unit``; None for new memory.
        """
        m = len(unembedding)
        if lengths is None:
            lengths = torch.linalg.vector_norm(unembedding, dim=1, dtype=self._dtype)
        heads, _, d_head = self._matrices.shape
        if out is None:
            out = unembedding.new_empty(heads, m, d_head, dtype=self._dtype)
        deviations = unembedding.new_empty(heads, m, dtype=self._dtype)
        for block, vectors in products_by_head(unembedding, self._matrices):
            sizes = torch.linalg.vector_norm(vectors, dim=2)
            sizes[sizes <= self._nothing[:, None] * lengths[block]] = 0
            deviations[:, block] = sizes
            torch.mul(vectors, torch.where(sizes > 0, 1 / sizes, 0)[:, :, None], out=out[:, block])
        return Readout(out, deviations)
