"""Precision, recall, F1, average precision and AUROC from counts of items per distinct score.

Counting makes them fast enough to be resampled: a bootstrap draw or a permutation changes only the counts.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from headscribe.core.evaluation import METRICS

Array = NDArray[np.float64]


def metrics(expressed: Array, every: Array, above: NDArray[np.bool_]) -> dict[str, Array]:
    """All metrics of each group of items in each draw; NaN where one is undefined.

    Precision, recall and F1 take the scores that reach the threshold as the truth and the verdicts as the
    prediction. Average precision and AUROC take the verdicts as labels and rank the items by score; ties are
    counted as scikit-learn counts them.

    Args:
        expressed: [groups, scores, draws] items with the verdict yes, by distinct score, the highest first.
        every: [groups, scores, draws] all items; its last axis may be 1, where all draws have the same.
        above: [groups, scores] whether the score reaches the threshold.

    Returns:
        metric → [groups, draws].
    """
    hits, said = (expressed * above[..., None]).sum(1), expressed.sum(1)
    truth, total = (every * above[..., None]).sum(1), every.sum(1)
    rest = every - expressed
    known, passed = np.cumsum(expressed, 1), np.cumsum(every, 1)
    lower = (total - said)[:, None] - (passed - known)
    with np.errstate(divide="ignore", invalid="ignore"):
        ranked = np.where(expressed > 0, expressed * known / passed, 0.0)
        found: dict[str, Array] = {
            "precision": hits / said,
            "recall": hits / truth,
            "f1": 2 * hits / (said + truth),
            "average_precision": ranked.sum(1) / said,
            "auroc": (expressed * (lower + rest / 2)).sum(1) / (said * (total - said)),
        }
    return {name: found[name] for name in METRICS}


def macro(values: Array) -> Array:
    """[operations, draws] → [draws]: the mean over operations with the metric defined, NaN without one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        mean: Array = np.nanmean(values, axis=0)
    return mean
