"""Pearson's r between static and dynamic scores, with an interval that respects that heads are the sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from headscribe.core.checks import Correlation
from headscribe.core.statistics import Interval, percentile_interval, resample

DRAWS = 1000
_CHUNK = 100
"""Bootstrap samples computed at once."""

Table = NDArray[np.float64]


def correlate(static: Sequence[float], dynamic: Sequence[Sequence[float]], *, seed: int = 0) -> Correlation:
    """Pearson's r over heads and templates (MAPS section 4.2).

    The static scores are repeated for every template, against the dynamic scores of all templates one after
    the other, as in the paper: not the mean of one r per template.

    Args:
        static: one score per head.
        dynamic: for every template, one score per head in the same order.
        seed: of the bootstrap.
    """
    return correlate_pooled([static] * len(dynamic), dynamic, seed=seed)


def correlate_pooled(
    static: Sequence[Sequence[float]], dynamic: Sequence[Sequence[float]], *, seed: int = 0
) -> Correlation:
    """Pearson's r over heads, and whatever else the scores are of.

    The interval is the percentile bootstrap over heads: a head is drawn with all its scores.

    Args:
        static: for every template, or operation and template, one score per head.
        dynamic: likewise.
        seed: of the bootstrap.
    """
    x, y = np.asarray(static, dtype=np.float64), np.asarray(dynamic, dtype=np.float64)
    n_heads = x.shape[1] if x.ndim > 1 else 0
    if reason := _undefined(x, y, n_heads):
        return Correlation(None, None, None, None, n=y.size, n_heads=n_heads, reason=reason)
    from scipy import stats

    result = stats.pearsonr(x.ravel(), y.ravel())
    low, high = _interval(x, y, seed)
    r = float(np.clip(result.statistic, -1, 1))
    return Correlation(r, low, high, float(result.pvalue), n=y.size, n_heads=n_heads)


def _undefined(x: Table, y: Table, n_heads: int) -> str | None:
    if n_heads < 3:
        return "fewer than 3 heads"
    if _constant(x):
        return f"the static score is {x.flat[0]:g} for every head"
    if _constant(y):
        return f"the dynamic score is {y.flat[0]:g} for every head"
    return None


def _constant(values: Table) -> bool:
    return bool(np.all(values == values.flat[0]))


def _interval(x: Table, y: Table, seed: int) -> Interval:
    """The percentile interval; None where more than half of the samples are constant and have no r."""
    random = np.random.default_rng(seed)
    rows, heads = y.shape
    x, y = x - x.mean(), y - y.mean()
    # per head, the sums over its rows of x, y, xx, yy and xy
    sums = np.stack([part.sum(0) for part in (x, y, x * x, y * y, x * y)], axis=1)
    found = []
    for start in range(0, DRAWS, _CHUNK):
        chosen = resample(heads, min(_CHUNK, DRAWS - start), random)
        counts = np.stack([np.bincount(draw, minlength=heads) for draw in chosen])
        sx, sy, sxx, syy, sxy = (counts @ sums).T / (heads * rows)
        var_x, var_y = sxx - sx * sx, syy - sy * sy
        # a constant sample leaves rounding noise in place of a variance
        usable = (var_x > 1e-12 * sums[:, 2].max()) & (var_y > 1e-12 * sums[:, 3].max())
        r = np.full(len(chosen), np.nan)
        r[usable] = (sxy - sx * sy)[usable] / np.sqrt(var_x[usable] * var_y[usable])
        found.append(np.clip(r, -1, 1))
    return percentile_interval(np.concatenate(found))
