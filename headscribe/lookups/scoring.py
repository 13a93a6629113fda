"""The head explanation score of a pair, and how scores are distributed over neurons (definitions 7)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from headscribe.core.lookup_scores import ArmDifference, ArmScores, Pair, PairScore, Verdict
from headscribe.core.lookups import Arm, Neuron
from headscribe.core.statistics import percentile_interval, resample, wilson

Array = NDArray[np.float64]

RESAMPLES = 2000
ONE_CLASS = "of one class alone"
NO_ANSWER = "without an answer for a class"


def score_pair(pair: Pair, arm: Arm, verdicts: Sequence[Verdict]) -> PairScore:
    """(true-positive rate + true-negative rate) / 2 over a pair's scoring prompts, with its 95% interval.

    The interval joins the Wilson intervals of both rates as Zou and Donner (2008) do for sums of independent
    estimates. Prompts without an answer count in neither rate. Equal prompts get equal answers, so a rate's
    interval is that of n² / Σm² prompts (Kish's effective size), m of which are equal to each other.

    Args:
        pair: whose verdicts these are.
        arm: the neuron's.
        verdicts: one per scoring prompt.
    """
    sides = {side: [v for v in verdicts if v.active is side] for side in (True, False)}
    answered = {side: [v for v in found if v.said is not None] for side, found in sides.items()}
    n_active, n_inactive = len(answered[True]), len(answered[False])
    counts = (n_active, n_inactive, len(verdicts) - n_active - n_inactive)
    if not sides[True] or not sides[False]:
        return _left_out(pair, arm, ONE_CLASS, counts)
    if not n_active or not n_inactive:
        return _left_out(pair, arm, NO_ANSWER, counts)
    rates, below, above, n_distinct = [], 0.0, 0.0, 0
    for side, found in answered.items():
        rate = sum(verdict.said is side for verdict in found) / len(found)
        alike = Counter(verdict.prompt for verdict in found)
        effective = len(found) ** 2 / sum(number**2 for number in alike.values())
        low, high = wilson(rate * effective, effective)
        rates.append(rate)
        n_distinct += len(alike)
        below, above = below + (rate - low) ** 2, above + (high - rate) ** 2
    score = sum(rates) / 2
    return PairScore(
        pair,
        arm,
        score=score,
        low=score - sqrt(below) / 2,
        high=score + sqrt(above) / 2,
        true_positive_rate=rates[0],
        true_negative_rate=rates[1],
        n_active=n_active,
        n_inactive=n_inactive,
        n_unanswered=counts[2],
        n_distinct=n_distinct,
    )


def _left_out(pair: Pair, arm: Arm, why: str, counts: tuple[int, int, int]) -> PairScore:
    n_active, n_inactive, unanswered = counts
    return PairScore(
        pair,
        arm,
        n_active=n_active,
        n_inactive=n_inactive,
        n_unanswered=unanswered,
        left_out=why,
    )


def arm_scores(arm: Arm, pairs: Sequence[PairScore], seed: int = 0) -> ArmScores:
    """The distribution of an arm's scores; the mean's interval resamples neurons, not pairs.

    The pairs of one neuron share its prompts, so they are drawn together.

    Args:
        arm: which.
        pairs: all pairs that were to be explained; those of other arms are passed over.
        seed: of the resamples.
    """
    own = [pair for pair in pairs if pair.arm == arm]
    groups = _by_neuron(own)
    scores = [pair.score for pair in own if pair.score is not None]
    means = _means(groups, seed)
    low, high = (None, None) if means is None else percentile_interval(means)
    asked = sum(pair.n_active + pair.n_inactive + pair.n_unanswered for pair in own)
    return ArmScores(
        arm=arm,
        n_pairs=len(own),
        n_neurons=len(groups),
        scores=tuple(scores),
        mean=float(np.mean(scores)) if scores else None,
        low=low,
        high=high,
        skewness=skewness(scores),
        left_out=dict(Counter(pair.left_out for pair in own if pair.left_out)),
        unanswered=sum(pair.n_unanswered for pair in own) / asked if asked else None,
    )


def arm_difference(pairs: Sequence[PairScore], seed: int = 0) -> ArmDifference | None:
    """Mean score of next-token neurons less that of random ones; None where an arm has no score.

    The interval is None where an arm has scores of fewer than two neurons.
    """
    groups = {arm: _by_neuron([p for p in pairs if p.arm == arm]) for arm in ("next-token", "random")}
    own, chance = groups["next-token"], groups["random"]
    if not own or not chance:
        return None
    difference = float(np.mean(np.concatenate(own)) - np.mean(np.concatenate(chance)))
    first, second = _means(own, seed), _means(chance, seed + 1)
    if first is None or second is None:
        return ArmDifference(difference, None, None)
    return ArmDifference(difference, *percentile_interval(first - second))


def skewness(values: Sequence[float]) -> float | None:
    """The third standardised moment; None below three values, or where all are equal."""
    from scipy.stats import skew

    return None if len(values) < 3 or max(values) - min(values) < 1e-12 else float(skew(values))


def _by_neuron(pairs: Iterable[PairScore]) -> list[Array]:
    groups: dict[Neuron, list[float]] = defaultdict(list)
    for found in pairs:
        if found.score is not None:
            groups[found.pair.neuron].append(found.score)
    return [np.array(scores) for scores in groups.values()]


def _means(groups: Sequence[Array], seed: int) -> Array | None:
    """Mean scores of resampled neurons, [RESAMPLES]; None below two neurons."""
    if len(groups) < 2:
        return None
    chosen = resample(len(groups), RESAMPLES, np.random.default_rng(seed))
    sums = np.array([group.sum() for group in groups])
    sizes = np.array([len(group) for group in groups])
    means: Array = sums[chosen].sum(1) / sizes[chosen].sum(1)
    return means
