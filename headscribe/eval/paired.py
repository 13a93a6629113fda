"""Two numbers per head, one of each prompt: how far apart are they, and is that more than chance?

The heads are the sample. A difference is the mean over heads of second minus first; its interval comes from
the percentile bootstrap over heads, so that a head's two numbers stay together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headscribe.core.statistics import FEWEST, percentile_interval, resampled_means

RESAMPLES = 10_000

_POWER = 0.84162
"""The normal quantile of a chance of 80% to show a difference that is there."""


@dataclass(frozen=True, slots=True)
class Paired:
    """A mean difference over heads.

    Attributes:
        mean: second minus first.
        low: lower end of the interval, None with fewer than ``FEWEST`` heads.
        high: upper end.
        n: heads with both numbers.
        needed: heads that would show a difference of this size in 4 of 5 samples, None where it is zero.
    """

    mean: float
    low: float | None
    high: float | None
    n: int
    needed: int | None

    @property
    def shown(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def paired(
    first: Sequence[float | None], second: Sequence[float | None], *, level: float = 0.95, seed: int = 0
) -> Paired | None:
    """The mean difference over the heads that have both numbers; None where no head has.

    Args:
        first: [heads] numbers of the first prompt, None for a head without one.
        second: [heads] those of the second, in the same order.
        level: of the interval.
        seed: of the resamples.
    """
    both = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    if not both:
        return None
    differences = np.array([b - a for a, b in both])
    mean, n = float(differences.mean()), len(differences)
    if n < FEWEST:
        return Paired(mean, None, None, n, None)
    means = resampled_means(differences, RESAMPLES, np.random.default_rng(seed))
    return Paired(mean, *percentile_interval(means, level=level), n, _needed(differences, level))


def _needed(differences: np.ndarray, level: float) -> int | None:
    from scipy.stats import norm

    mean, spread = abs(float(differences.mean())), float(differences.std(ddof=1))
    if mean < 1e-12 or spread == 0:
        return None
    return math.ceil(((float(norm.ppf((1 + level) / 2)) + _POWER) * spread / mean) ** 2)
