"""What evaluating a run gives: verdicts per head, metrics, confidence against truth, categories."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from headscribe.core.heads import Head

Judge = Literal["rules", "llm", "rules-on-llm-items"]
"""Whose verdicts a metric is about. The last is the rules on exactly the items that the LLM answered."""

Scope = Literal["operation", "category", "overall"]
Average = Literal["micro", "macro"]
Level = Literal["paper", "finer"]

METRICS = ("precision", "recall", "f1", "average_precision", "auroc")


@dataclass(frozen=True, slots=True)
class Judgment:
    """Whether one head's description expresses one operation, beside the head's score for it.

    Attributes:
        head: the head; its status is ``ok`` or ``unclear``. An unclear head expresses nothing.
        operation: name of the operation.
        category: of the operation.
        score: the head's score for it, from 0 to 1.
        scored: whether the score reaches the threshold of the evaluation.
        rules: the verdict of the rules judge.
        phrase: the words of the description that its verdict rests on, None where it is no.
        llm: the verdict of the LLM judge, None where it was not asked or gave no answer.
        llm_status: how asking it ended (``ok``, ``unparseable``, …), ``unclear`` where the head has no
            description to ask about, None where the LLM was not asked about this item.
    """

    head: Head
    operation: str
    category: str
    score: float
    scored: bool
    rules: bool
    phrase: str | None = None
    llm: bool | None = None
    llm_status: str | None = None

    def verdict(self, judge: Judge) -> bool | None:
        """What a judge says, None where it says nothing."""
        return self.llm if judge == "llm" else self.rules


@dataclass(frozen=True, slots=True)
class Sorting:
    """Whether a head's description falls into a category.

    Attributes:
        head: the head; its status is ``ok``.
        category: name of the category.
        level: ``paper`` for the four of MAPS section 4.1, ``finer`` for the others.
        rules: by the rules; ``phrase`` are the words that say so.
        llm: by the LLM, None where it was not asked or gave no answer.
        llm_status: how asking it ended, None where it was not asked.
    """

    head: Head
    category: str
    level: Level
    rules: bool
    phrase: str | None = None
    llm: bool | None = None
    llm_status: str | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """One metric of one judge (docs/evaluate.md defines each).

    Attributes:
        judge: whose verdicts.
        scope: one operation, the operations of one category, or all.
        name: of the operation or category, ``all`` for all.
        average: ``micro`` pools the items, ``macro`` is the mean over operations; None for one operation.
        metric: one of ``METRICS``.
        value: None where it is undefined.
        low: lower end of the 95% bootstrap interval over heads, None where there is none.
        high: its upper end.
        chance: mean over permutations of the descriptions between heads.
        chance_low: 2.5% point of the permutations.
        chance_high: their 97.5% point.
        p: share of the permutations that reach the value, with the value itself counted as one of them.
        n_heads: heads with an item.
        n_items: pairs of a head and an operation.
        n_scored: of these, pairs whose score reaches the threshold.
        n_expressed: of these, pairs whose description expresses the operation.
        n_operations: operations behind a macro average, where the metric is defined; else those pooled.
    """

    judge: Judge
    scope: Scope
    name: str
    average: Average | None
    metric: str
    value: float | None
    low: float | None
    high: float | None
    chance: float | None
    chance_low: float | None
    chance_high: float | None
    p: float | None
    n_heads: int
    n_items: int
    n_scored: int
    n_expressed: int
    n_operations: int


@dataclass(frozen=True, slots=True)
class Bin:
    """Heads with a confidence from ``start`` to ``end``: its mean, and the share of them that is right."""

    start: float
    end: float
    n: int
    confidence: float
    right: float
    right_low: float
    right_high: float


@dataclass(frozen=True, slots=True)
class ConfidenceReliability:
    """Are confident descriptions righter?

    A description is right where it expresses an operation that the head scores on. Heads that score on no
    operation and whose description expresses none cannot be checked this way.

    Attributes:
        judge: whose verdicts say what is expressed.
        why_not: why there is nothing to show, None where there is.
        n: heads behind it: described, with a confidence, and checkable.
        without_confidence: described heads without a confidence.
        unchecked: described heads with a confidence that cannot be checked.
        bins: by confidence; bins without a head are left out.
        spearman: rank correlation of the confidence with the agreement (``head_agreement``).
        spearman_low: lower end of its 95% bootstrap interval over heads.
        spearman_high: upper end.
        ece: expected calibration error, the mean over heads of |share right − mean confidence| of their bin.
    """

    judge: Judge
    why_not: str | None = None
    n: int = 0
    without_confidence: int = 0
    unchecked: int = 0
    bins: tuple[Bin, ...] = ()
    spearman: float | None = None
    spearman_low: float | None = None
    spearman_high: float | None = None
    ece: float | None = None


@dataclass(frozen=True, slots=True)
class CategorySummary:
    """One category over all described heads.

    Attributes:
        category: its name.
        level: ``paper`` or ``finer``.
        rules: heads in it by the rules.
        llm: heads in it by the LLM, None where it was not asked.
        n_both: heads that both judges sorted.
        kappa: Cohen's kappa of the two over these, None where it is undefined.
        layers: [n_layers] heads in it by the rules.
        llm_layers: [n_layers] heads in it by the LLM, None where it was not asked.
    """

    category: str
    level: Level
    rules: int
    llm: int | None
    n_both: int
    kappa: float | None
    layers: tuple[int, ...]
    llm_layers: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Categories:
    """What kinds of operations the model has.

    Attributes:
        rows: one per category, in the order of the data file.
        layer_heads: [n_layers] described heads.
        unsorted: described heads in no category by the rules.
        jaccard: mean over heads of |both| / |either| of the two judges' categories; heads that both leave
            without one count as 1. None where the LLM was not asked.
        jaccard_low: lower end of its 95% bootstrap interval over heads.
        jaccard_high: upper end.
        n_both: heads that both judges sorted.
    """

    rows: tuple[CategorySummary, ...]
    layer_heads: tuple[int, ...]
    unsorted: int
    jaccard: float | None = None
    jaccard_low: float | None = None
    jaccard_high: float | None = None
    n_both: int = 0


def head_agreement(judgments: Iterable[Judgment], judge: Judge = "rules") -> dict[Head, float]:
    """Per head, how well what its description expresses agrees with what it scores on, from 0 to 1.

    That is 2 · |both| / (|expressed| + |scored|) over the operations with a verdict: 1 where both name the
    same operations, 0 where none is common. Heads without an operation on either side are left out.
    """
    both: dict[Head, int] = {}
    either: dict[Head, int] = {}
    for row in judgments:
        verdict = row.verdict(judge)
        if verdict is None:
            continue
        both[row.head] = both.get(row.head, 0) + (verdict and row.scored)
        either[row.head] = either.get(row.head, 0) + verdict + row.scored
    return {head: 2 * both[head] / total for head, total in either.items() if total}


def named_heads(judgments: Iterable[Judgment], judge: Judge = "rules") -> dict[Head, bool]:
    """Whether a head's description expresses one of the operations that the head scores on.

    Of heads that score on an operation with a verdict; the others are left out.
    """
    found: dict[Head, bool] = {}
    for row in judgments:
        verdict = row.verdict(judge)
        if row.scored and verdict is not None:
            found[row.head] = found.get(row.head, False) or verdict
    return found


JUDGES: dict[Judge, str] = {
    "rules": "rules judge",
    "llm": "LLM judge",
    "rules-on-llm-items": "rules judge on the LLM's items",
}


METRIC_NAMES = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "average_precision": "average precision",
    "auroc": "AUROC",
}
