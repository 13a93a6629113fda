"""Two factors of a product, rewritten so that the lengths of their rows bound its entries tightly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from jaxtyping import Float

RIDGE = 1e-9
"""Added to the second moments, relative to their mean: directions that no row has stay invertible."""

SAMPLE = 2048
"""Rows, evenly spread, from which the second moments are taken."""


def balanced(
    a: Float[Tensor, "n r"], b: Float[Tensor, "m r"]
) -> tuple[Float[Tensor, "n r"], Float[Tensor, "m r"], float]:
    """A G and B G^-T, whose product is A B^T too, with G chosen so that ‖a G‖ ‖b G^-T‖ is small.

    Every G gives the bound |a · b| ≤ ‖a G‖ ‖b G^-T‖. This one makes the columns of both factors orthogonal
    and equally long, the longest first: the singular vectors of A B^T times the square roots of its singular
    values. No other G makes the mean square bound smaller over all pairs. Where trained factors are long in
    directions that the other one hardly has, it rules out hundreds of times more than ‖a‖ ‖b‖.

    Args:
        a: [n, r], not zero, float32 or float64.
        b: [m, r], likewise.

    Returns:
        Both factors, in their dtype, and ρ: before that last rounding an entry is off by at most ρ ‖a‖ ‖b‖.
    """
    a64, b64 = a.double(), b.double()
    lower_a, lower_b = _root(a64), _root(b64)
    left, values, right = torch.linalg.svd(lower_a.T @ lower_b)
    root = values.sqrt()
    g = torch.linalg.solve_triangular(lower_a.T, left, upper=True) * root
    h = torch.linalg.solve_triangular(lower_b.T, right.T, upper=True) * root
    unit = torch.eye(len(g), dtype=g.dtype, device=g.device)
    # what is left of G H^T = 1, and the rounding of the two products below in float64
    rest = torch.linalg.matrix_norm(unit - g @ h.T)
    rest += 4 * len(g) * torch.finfo(g.dtype).eps * torch.linalg.matrix_norm(g) * torch.linalg.matrix_norm(h)
    return (a64 @ g).to(a.dtype), (b64 @ h).to(b.dtype), float(rest)


def _root(factor: Tensor) -> Tensor:
    """L with L L^T = the mean of a^T a over some rows a: every invertible G is valid, so a sample will do."""
    rows = factor[:: max(1, len(factor) // SAMPLE)]
    moments = rows.T @ rows / len(rows)
    moments.diagonal().add_(RIDGE * moments.diagonal().mean())
    lower: Tensor = torch.linalg.cholesky(moments)
    return lower
