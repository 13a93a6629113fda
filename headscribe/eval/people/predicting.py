"""How well a number that costs no people predicts what people say: AUROC and rank correlation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from headscribe.core.agreement import Prediction
from headscribe.core.heads import Head
from headscribe.core.statistics import FEWEST, resample, spearman
from headscribe.eval.people.estimates import RESAMPLES, interval


def prediction(
    predictor: str, values: Mapping[Head, float], accepted: Mapping[Head, float], seed: int = 0
) -> Prediction:
    """Compare a predictor with people's judgments over the heads that have both.

    Args:
        predictor: its name.
        values: the predictor, per head.
        accepted: share of annotators who accept the head's description.
        seed: of the resamples.
    """
    heads = sorted(set(values) & set(accepted))
    if len(heads) < 3:
        return Prediction(predictor, len(heads), reason="fewer than three heads have both")
    x = np.array([values[head] for head in heads], dtype=float)
    y = np.array([accepted[head] for head in heads], dtype=float)
    draws = np.vstack([np.arange(len(heads)), resample(len(heads), RESAMPLES, np.random.default_rng(seed))])
    areas, correlations = auroc(x[draws], y[draws]), spearman(x[draws], y[draws])
    enough = len(heads) >= FEWEST
    area, correlation = _number(areas[0]), _number(correlations[0])
    return Prediction(
        predictor,
        len(heads),
        area,
        *(interval(areas[1:]) if enough and area is not None else (None, None)),
        correlation,
        *(interval(correlations[1:]) if enough and correlation is not None else (None, None)),
        reason=_reason(area, correlation),
    )


def auroc(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area under the ROC curve of each row, by ranks (Mann and Whitney 1947); ties count half.

    Args:
        x: [rows, heads] the predictor.
        y: [rows, heads] a share; above one half is positive, below negative, one half neither.

    Returns:
        [rows]; NaN without both kinds.
    """
    from scipy.stats import rankdata

    positive, negative = y > 0.5, y < 0.5
    ranks = rankdata(np.where(positive | negative, x, np.nan), axis=1, nan_policy="omit")
    n_positive, n_negative = positive.sum(axis=1), negative.sum(axis=1)
    above = np.where(positive, ranks, 0.0).sum(axis=1) - n_positive * (n_positive + 1) / 2
    pairs = n_positive * n_negative
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(pairs > 0, above / pairs, np.nan)


def _number(value: np.float64) -> float | None:
    return float(value) if np.isfinite(value) else None


def _reason(area: float | None, correlation: float | None) -> str | None:
    if correlation is None:
        return "the predictor, or what people say, is the same for every head"
    return "people accept all of these descriptions, or none" if area is None else None
