"""What evaluating a run gives: verdicts per head, metrics, confidence against truth, categories."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from headscribe.core.columns import Column
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

    An unclear head expresses nothing.
    """

    head: Head
    operation: Annotated[str, Column("name of the operation")]
    category: Annotated[str, Column("its category")]
    score: Annotated[float, Column("the head's score for it; of a map in parts, less the shuffled score")]
    scored: Annotated[bool, Column("whether that reaches the threshold")]
    rules: Annotated[bool, Column("whether the description expresses it, by the rules")]
    phrase: Annotated[str | None, Column("the words that say so; null where none do")] = None
    llm: Annotated[
        bool | None, Column("the same by the LLM; null where it was not asked or gave no answer")
    ] = None
    llm_status: Annotated[
        str | None,
        Column("how asking ended; `unclear` where there is no description, null where it was not asked"),
    ] = None

    def verdict(self, judge: Judge) -> bool | None:
        """What a judge says, None where it says nothing."""
        return self.llm if judge == "llm" else self.rules


@dataclass(frozen=True, slots=True)
class Sorting:
    """Whether a head's description falls into a category."""

    head: Head
    category: Annotated[str, Column("name of the category")]
    level: Annotated[Level, Column("`paper` for the paper's four (MAPS section 4.1), else `finer`")]
    rules: Annotated[bool, Column("whether the description falls into it, by the rules")]
    phrase: Annotated[str | None, Column("the words that say so; null where none do")] = None
    llm: Annotated[
        bool | None, Column("the same by the LLM; null where it was not asked or gave no answer")
    ] = None
    llm_status: Annotated[str | None, Column("how asking ended; null where it was not asked")] = None


@dataclass(frozen=True, slots=True)
class Measured:
    """One metric of one judge (docs/evaluate.md defines each)."""

    judge: Annotated[
        Judge,
        Column("`rules`, `llm`, or `rules-on-llm-items`: the rules on the items that the LLM answered"),
    ]
    scope: Annotated[Scope, Column("`operation`, `category` or `overall`")]
    name: Annotated[str, Column("of the operation or category; `all`")]
    average: Annotated[
        Average | None,
        Column("`micro` (pooled) or `macro` (mean over operations); null for one operation"),
    ]
    metric: Annotated[str, Column("`precision`, `recall`, `f1`, `average_precision` or `auroc`")]
    value: Annotated[float | None, Column("null where it is undefined")]
    low: Annotated[float | None, Column("lower end of its 95% bootstrap interval over heads")]
    high: Annotated[float | None, Column("upper end")]
    chance: Annotated[float | None, Column("mean over permutations of the descriptions between heads")]
    chance_low: Annotated[float | None, Column("their 2.5% point")]
    chance_high: Annotated[float | None, Column("their 97.5% point")]
    p: Annotated[
        float | None,
        Column("share of the permutations that reach the value, with the value itself as one of them"),
    ]
    n_heads: Annotated[int, Column("heads behind it")]
    n_items: Annotated[int, Column("pairs of a head and an operation")]
    n_scored: Annotated[int, Column("of these, with a score that reaches the threshold")]
    n_expressed: Annotated[int, Column("of these, with a description that expresses the operation")]
    n_operations: Annotated[
        int, Column("operations behind it; for `macro`, those where the metric is defined")
    ]


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
