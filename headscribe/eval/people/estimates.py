"""Shares of heads with intervals that respect that several annotators judge one head."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from headscribe.core.agreement import Estimate
from headscribe.core.statistics import FEWEST, Interval, percentile_interval, resampled_means, wilson

RESAMPLES = 2_000

Answers = Sequence[bool]


def estimate(strata: Sequence[tuple[float, Sequence[Answers]]], seed: int = 0) -> Estimate:
    """The share of heads for which the answer is yes.

    A head's value is the mean of its answers, so a head that many annotators judged counts once. The Wilson
    interval takes the heads as its trials, as many as equally weighted heads would be: (Σw)² / Σw². The
    bootstrap draws whole heads, with all their answers, within each stratum.

    Args:
        strata: (weight, answers per head) of parts of the model, such as layer groups; a part without heads
            is left out.
        seed: of the resamples.
    """
    held = [
        (weight, np.array([float(np.mean(answers)) for answers in heads]))
        for weight, heads in strata
        if heads and weight > 0
    ]
    if not held:
        return Estimate()
    whole = sum(weight for weight, _ in held)
    parts = [(weight / whole, values) for weight, values in held]
    share = float(sum(weight * values.mean() for weight, values in parts))
    effective = 1 / sum(weight**2 / len(values) for weight, values in parts)
    low, high = wilson(share * effective, effective)
    heads = sum(len(values) for _, values in parts)
    bootstrap = _bootstrap(parts, seed) if heads >= FEWEST else (None, None)
    labels = sum(len(answers) for _, judged in strata for answers in judged)
    return Estimate(share, heads, labels, low, high, *bootstrap)


def interval(draws: NDArray[np.float64]) -> Interval:
    """The middle 95% of resampled values; None where more than one in twenty is undefined."""
    return percentile_interval(draws, defined=0.95)


def _bootstrap(parts: Sequence[tuple[float, NDArray[np.float64]]], seed: int) -> Interval:
    rng = np.random.default_rng(seed)
    means = [weight * resampled_means(values, RESAMPLES, rng) for weight, values in parts]
    return interval(np.sum(means, axis=0))
