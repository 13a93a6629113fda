"""How many pairs as sharp as one that was found would be there by chance."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor


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
    from scipy.special import betainc

    r = int((root.abs().amax(0) > 0).sum())
    if r < 2:  # every direction is the same but for its sign
        return [n_sources * n_targets / 2] * len(cosines)
    return [
        n_sources * n_targets * float(betainc((r - 1) / 2, 0.5, max(0.0, 1 - c * c))) / 2
        if c > 0
        else float(n_sources * n_targets)
        for c in cosines
    ]
