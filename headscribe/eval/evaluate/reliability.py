"""Are confident descriptions righter: confidence against agreement with the operation scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from headscribe.core.evaluation import Bin, ConfidenceReliability, Judge, Judgment, head_agreement
from headscribe.core.heads import Head
from headscribe.core.statistics import FEWEST, percentile_interval, resample, spearman, wilson

BINS = 5
"""Of equal width; a confidence below 0, which is less than chance, counts in the first."""

Array = NDArray[np.float64]


def reliability(
    judge: Judge,
    judgments: Sequence[Judgment],
    confidences: Mapping[Head, float | None],
    *,
    resamples: int,
    seed: int,
) -> ConfidenceReliability:
    """Confidence beside truth, over the described heads that have both.

    Args:
        judge: whose verdicts say what is expressed.
        judgments: of all heads.
        confidences: of every described head (status ``ok``), None where the method measured none.
        resamples: bootstrap draws of the rank correlation's interval.
        seed: of these.
    """
    known = {head: value for head, value in confidences.items() if value is not None}
    without = len(confidences) - len(known)
    if not known:
        why = "no described head has a confidence" if confidences else "no head has a description"
        return ConfidenceReliability(judge, why_not=why, without_confidence=without)
    agreement = {head: value for head, value in head_agreement(judgments, judge).items() if head in known}
    unchecked = len(known) - len(agreement)
    if not agreement:
        why = "no head with a confidence scores on an operation or has a description that expresses one"
        return ConfidenceReliability(judge, why_not=why, without_confidence=without, unchecked=unchecked)
    heads = sorted(agreement)
    confidence = np.array([known[head] for head in heads], dtype=np.float64)
    agreed = np.array([agreement[head] for head in heads])
    bins = _bins(confidence, agreed > 0)
    rho, low, high = _rank_correlation(confidence, agreed, resamples, seed)
    return ConfidenceReliability(
        judge,
        n=len(heads),
        without_confidence=without,
        unchecked=unchecked,
        bins=bins,
        spearman=rho,
        spearman_low=low,
        spearman_high=high,
        ece=sum(one.n * abs(one.right - one.confidence) for one in bins) / len(heads),
    )


def _bins(confidence: Array, right: NDArray[np.bool_]) -> tuple[Bin, ...]:
    clipped = np.clip(confidence, 0.0, 1.0)
    place = np.minimum((clipped * BINS).astype(int), BINS - 1)
    found = []
    for at in range(BINS):
        mine = place == at
        if n := int(mine.sum()):
            hits = int(right[mine].sum())
            low, high = wilson(hits, n)
            mean = float(clipped[mine].mean())
            found.append(Bin(at / BINS, (at + 1) / BINS, n, mean, hits / n, low, high))
    return tuple(found)


def _rank_correlation(
    x: Array, y: Array, resamples: int, seed: int
) -> tuple[float | None, float | None, float | None]:
    """Spearman's rho with its 95% bootstrap interval over heads; None where one side is constant."""
    rho = float(spearman(x[None], y[None])[0])
    if np.isnan(rho):
        return None, None, None
    if len(x) < FEWEST or not resamples:
        return rho, None, None
    chosen = resample(len(x), resamples, np.random.default_rng([seed, 3]))
    return rho, *percentile_interval(spearman(x[chosen], y[chosen]))
