"""Do annotators agree with each other? Krippendorff's alpha and Cohen's kappa."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np

from headscribe.core.agreement import AnnotatorReliability, Kappa, Question
from headscribe.core.heads import Head
from headscribe.core.statistics import FEWEST, cohen_kappa, krippendorff_alpha, resample
from headscribe.eval.people.estimates import RESAMPLES, interval

ByHead = Mapping[Head, Mapping[str, bool]]
"""Answers to one question: head to annotator to answer."""


def reliability(question: Question, answers: ByHead, seed: int = 0) -> AnnotatorReliability:
    """Krippendorff's alpha for nominal answers, with a bootstrap interval over heads.

    Args:
        question: which one.
        answers: of all annotators; heads with one answer do not count.
        seed: of the resamples.
    """
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
    alpha = float(krippendorff_alpha(counts[None])[0])
    low, high = None, None
    if heads >= FEWEST:
        draws = resample(heads, RESAMPLES, np.random.default_rng(seed))
        low, high = interval(krippendorff_alpha(counts[draws]))
    return AnnotatorReliability(question, alpha, low, high, heads, labels)


def kappas(question: Question, answers: ByHead) -> Iterator[Kappa]:
    """Cohen's kappa of each pair of annotators that share heads."""
    names = sorted({name for given in answers.values() for name in given})
    for one, other in combinations(names, 2):
        both = [(given[one], given[other]) for given in answers.values() if one in given and other in given]
        if not both:
            continue
        first, second = zip(*both, strict=True)
        agree = sum(a == b for a, b in both) / len(both)
        yield Kappa(question, one, other, cohen_kappa(first, second), agree, len(both))
