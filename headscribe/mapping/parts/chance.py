"""How many pairs as sharp as one that was found would be there by chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from torch import Tensor

NODES = 64
"""Of the quadrature: the integrand is smooth, and its digits are those of float64."""


def expected_by_chance(cosines: Sequence[float], root: Tensor, n_sources: int, n_targets: int) -> list[float]:
    """The number of pairs with a cosine this large if every source's ã pointed in a random direction.

    The null keeps every target's readout and every source's Mahalanobis norm, and takes the direction of ã
    to be uniform, which is what independently permuted columns of ã give. A cosine Z / ‖ã‖ of c or more then
    has the probability ½ I_{1-c²}((r - 1) / 2, ½) for each of the n_S · n_T pairs, r the dimensions in which
    values vary: an expectation, so that nothing about the dependence between pairs is assumed.

    Args:
        cosines: Z_{s,t} / ‖ã_s‖ of the pairs.
        root: of the head's values, [d_head, d_head]; its columns that are not zero are counted.
        n_sources: usable sources.
        n_targets: usable targets.
    """
    r = int((root.abs().amax(0) > 0).sum())
    pairs = n_sources * n_targets
    if r < 2:  # every direction is the same but for its sign
        return [pairs / 2] * len(cosines)
    # ½ I_{1-c²}((r - 1) / 2, ½) is the share of the angles up to arccos c, each with the weight sin^(r - 2)
    nodes, weights = _quadrature()
    ends = np.arccos(np.clip(cosines, 0, 1))[:, None]
    heights = np.sin(ends * (nodes + 1) / 2) ** (r - 2)
    total = math.exp(math.lgamma((r - 1) / 2) + math.lgamma(0.5) - math.lgamma(r / 2))
    shares = ends[:, 0] / 2 * (heights @ weights) / total
    found: list[float] = np.where(np.asarray(cosines) > 0, pairs * shares, pairs).tolist()
    return found


@cache
def _quadrature() -> tuple[np.ndarray, np.ndarray]:
    """Gauss and Legendre's nodes on [-1, 1], and their weights."""
    return np.polynomial.legendre.leggauss(NODES)
