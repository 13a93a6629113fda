"""Intervals, resampling, ranks and agreement: how sure the numbers of every feature are.

Draws that a statistic is undefined on are NaN. numpy and scipy load on first use.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

Interval = tuple[float | None, float | None]
"""Lower and upper end, both None where there is no interval."""

Z = 1.959964
"""The 97.5% point of the normal distribution, for 95% intervals."""

FEWEST = 8
"""With fewer heads than this no bootstrap interval is given: it would be far too sure of itself."""

_AT_ONCE = 2_000_000
"""Numbers drawn at once: bounds the memory."""


def wilson(hits: float, n: float) -> tuple[float, float]:
    """The 95% Wilson score interval of a share (Wilson 1927).

    Args:
        hits: from 0 to ``n``; a weighted mean of shares may come to a fraction.
        n: independent trials, at least 1; a fraction where trials of different weight count as so many.
    """
    centre = hits + Z * Z / 2
    spread = Z * sqrt(hits * (n - hits) / n + Z * Z / 4)
    return max(0.0, (centre - spread) / (n + Z * Z)), min(1.0, (centre + spread) / (n + Z * Z))


def paired_ratio(
    first: float, second: float, n: float, correlation: float = 0.0
) -> tuple[float, float | None]:
    """The 95% interval of the ratio of two shares over the same trials.

    The limits are found from both shares' Wilson intervals and their correlation (MOVER: Donner and Zou 2012,
    "Closed-form confidence intervals for functions of the normal mean and standard deviation", applied to
    paired proportions as in Tang, Ling and Tian 2012).

    Args:
        first: the numerator, from 0 to 1.
        second: the denominator, above 0.
        n: trials that count as independent.
        correlation: of a trial's two outcomes, from -1 to 1.

    Returns:
        the lower end, and the upper end; None where the denominator may be 0, so that there is none.
    """
    (low1, high1), (low2, high2) = wilson(first * n, n), wilson(second * n, n)
    product = first * second

    def end(near: float, far: float, sign: int) -> float | None:
        """Where the ratio would have its limit, given the limits of both shares on that side."""
        cross = product - correlation * (first - near) * (far - second)
        bottom = far * (2 * second - far)
        if not bottom:
            return None
        inside = cross * cross - near * (2 * first - near) * bottom
        return (cross + sign * sqrt(max(0.0, inside))) / bottom

    low, high = end(low1, high2, -1), end(high1, low2, 1)
    return max(0.0, low or 0.0), high


def percentile_interval(draws: ArrayLike, *, level: float = 0.95, defined: float = 0.5) -> Interval:
    """The middle of resampled values; None where fewer than the share ``defined`` of them are defined.

    Args:
        draws: [draws] of a statistic.
        level: share of the defined draws inside the interval.
        defined: least share of the draws.
    """
    import numpy as np

    values = np.asarray(draws, dtype=np.float64)
    known = values[np.isfinite(values)]
    if not len(known) or len(known) < defined * len(values):
        return None, None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def resample(n: int, draws: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """[draws, n] places drawn from ``n`` with replacement."""
    return rng.integers(0, n, (draws, n))


def resampled_counts(n: int, draws: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """[draws, n] how often each of ``n`` is drawn with replacement."""
    import numpy as np

    return rng.multinomial(n, np.full(n, 1 / n), draws)


def resampled_means(values: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """[draws] means of as many values ([n]) drawn with replacement."""
    import numpy as np

    block = max(1, _AT_ONCE // len(values))
    sizes = (min(block, draws - start) for start in range(0, draws, block))
    means: Floats = np.concatenate([values[resample(len(values), size, rng)].mean(axis=1) for size in sizes])
    return means


def spearman(x: Floats, y: Floats) -> Floats:
    """Spearman's rank correlation of the rows of ``x`` and ``y``, both [rows, n].

    Returns:
        [rows]; NaN where either is constant.
    """
    import numpy as np
    from scipy.stats import rankdata

    a, b = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (rankdata(x, axis=1), rankdata(y, axis=1)))
    with np.errstate(divide="ignore", invalid="ignore"):
        rho: Floats = (a * b).sum(axis=1) / np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return np.clip(rho, -1.0, 1.0)


def permutation_p(value: float, draws: ArrayLike) -> float:
    """The one-sided p of a value among permuted ones, [draws], itself one of them (Phipson & Smyth 2010)."""
    import numpy as np

    chance = np.asarray(draws)
    # a hair's breadth: sums in another order differ in the last digit
    return (1 + int((chance >= value - 1e-12).sum())) / (1 + len(chance))


def binomial_p(hits: ArrayLike, n: ArrayLike, rate: ArrayLike) -> Floats:
    """[tests] the chance of so many hits or more among ``n`` that are hits at a rate, each [tests]."""
    import numpy as np
    from scipy.stats import binom

    p: Floats = binom.sf(np.asarray(hits) - 1, np.asarray(n), np.asarray(rate))
    return p


def discoveries(p: Floats, rate: float = 0.05) -> NDArray[np.bool_]:
    """Which tests ([tests]) reject at a false discovery rate (Benjamini & Hochberg 1995)."""
    import numpy as np
    from scipy.stats import false_discovery_control

    return np.asarray(false_discovery_control(p) <= rate) if len(p) else np.zeros(0, dtype=np.bool_)


def cohen_kappa(one: ArrayLike, other: ArrayLike) -> float | None:
    """Cohen's kappa of two yes-or-no judges, each [items]; None where both say one thing of all items."""
    import numpy as np

    first, second = np.asarray(one, dtype=np.bool_), np.asarray(other, dtype=np.bool_)
    if not len(first):
        return None
    agreed, yes, other_yes = float((first == second).mean()), float(first.mean()), float(second.mean())
    chance = yes * other_yes + (1 - yes) * (1 - other_yes)
    return None if chance >= 1 - 1e-12 else (agreed - chance) / (1 - chance)


def krippendorff_alpha(counts: NDArray[np.int64]) -> Floats:
    """Krippendorff's nominal alpha of many tables at once (Krippendorff 2004, chapter 11).

    1 − observed / expected disagreement; pairs of answers within an item against pairs of all answers.

    Args:
        counts: [tables, items, values] answers of each value per item, at least two per item.

    Returns:
        [tables]; NaN where all answers of a table are the same.
    """
    import numpy as np

    n = counts.sum(axis=2)
    within = ((n**2 - (counts**2).sum(axis=2)) / (n - 1)).sum(axis=1)
    values, total = counts.sum(axis=1), n.sum(axis=1)
    between = (total**2 - (values**2).sum(axis=1)) / (total - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(between > 0, 1 - within / between, np.nan)
