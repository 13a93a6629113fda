"""Do annotators agree with each other? Krippendorff's alpha and Cohen's kappa."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from itertools import combinations
from math import isnan

import numpy as np
from numpy.typing import NDArray

from headscribe.core.agreement import AnnotatorReliability, Kappa, Question
from headscribe.core.errors import MissingExtra
from headscribe.core.heads import Head
from headscribe.eval.people.estimates import FEWEST, interval, resamples

ByHead = Mapping[Head, Mapping[str, bool]]
"""Answers to one question: head to annotator to answer."""


def need_packages() -> None:
    """See that the packages behind these numbers are there.

    Raises:
        MissingExtra: one is not.
    """
    for package in ("krippendorff", "sklearn"):
        if find_spec(package) is None:
            raise MissingExtra(
                f"agreement between annotators needs {package}, which is not installed",
                do="Install it: pip install 'headscribe[people]'",
            )


def reliability(question: Question, answers: ByHead, seed: int = 0) -> AnnotatorReliability:
    """Krippendorff's alpha for nominal answers, with a bootstrap interval over heads.

    Args:
        question: which one.
        answers: of all annotators; heads with one answer do not count.
        seed: of the resamples.

    Raises:
        MissingExtra: krippendorff is not installed.
    """
    need_packages()
    import krippendorff

    counts = np.array(
        [
            [own.count(False), own.count(True)]
            for given in answers.values()
            if len(own := [*given.values()]) > 1
        ]
    ).reshape(-1, 2)
    heads, labels = len(counts), int(counts.sum())
    if not heads:
        return AnnotatorReliability(question, None, None, None, 0, 0, "no head has answers of two annotators")
    if not counts.sum(axis=0).all():
        return AnnotatorReliability(question, None, None, None, heads, labels, "all answers are the same")
    alpha = float(krippendorff.alpha(value_counts=counts, level_of_measurement="nominal"))
    low, high = None, None
    if heads >= FEWEST:
        draws = resamples(heads, np.random.default_rng(seed))
        low, high = interval(nominal_alpha(counts[draws]))
    return AnnotatorReliability(question, alpha, low, high, heads, labels)


def nominal_alpha(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Krippendorff's alpha of many tables at once, for the bootstrap (Krippendorff 2004, chapter 11).

    1 − observed / expected disagreement; pairs of answers within a head against pairs of all answers.

    Args:
        counts: [tables, heads, values] answers of each value per head, at least two per head.

    Returns:
        [tables]; NaN where all answers of a table are the same.
    """
    n = counts.sum(axis=2)
    within = ((n**2 - (counts**2).sum(axis=2)) / (n - 1)).sum(axis=1)
    values = counts.sum(axis=1)
    total = n.sum(axis=1)
    between = (total**2 - (values**2).sum(axis=1)) / (total - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(between > 0, 1 - within / between, np.nan)


def kappas(question: Question, answers: ByHead) -> Iterator[Kappa]:
    """Cohen's kappa of each pair of annotators that share heads.

    Raises:
        MissingExtra: scikit-learn is not installed.
    """
    need_packages()
    from sklearn.metrics import cohen_kappa_score

    names = sorted({name for given in answers.values() for name in given})
    for one, other in combinations(names, 2):
        both = [(given[one], given[other]) for given in answers.values() if one in given and other in given]
        if not both:
            continue
        first, second = zip(*both, strict=True)
        agree = sum(a == b for a, b in both) / len(both)
        kappa = None if _constant(both) else float(cohen_kappa_score(first, second, labels=[False, True]))
        yield Kappa(question, one, other, None if kappa is None or isnan(kappa) else kappa, agree, len(both))


def _constant(both: Sequence[tuple[bool, bool]]) -> bool:
    """Whether both said the same of every head, for which chance explains everything."""
    return len({answer for pair in both for answer in pair}) == 1
