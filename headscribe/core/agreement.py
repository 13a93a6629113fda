"""What people's judgments amount to: shares, reliability, controls, and what predicts them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from headscribe.core.heads import Head

Question = Literal["pattern_visible", "description_fits"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share over heads; a head's value is the share of its annotators who said yes.

    Attributes:
        share: None where no head was judged.
        heads: heads judged.
        labels: answers behind it.
        low: lower end of the 95% Wilson interval over heads.
        high: upper end.
        bootstrap_low: lower end of the 95% bootstrap interval over heads, None with fewer than eight.
        bootstrap_high: upper end.
    """

    share: float | None = None
    heads: int = 0
    labels: int = 0
    low: float | None = None
    high: float | None = None
    bootstrap_low: float | None = None
    bootstrap_high: float | None = None


@dataclass(frozen=True, slots=True)
class GroupShares:
    """One layer group, or all of them.

    Attributes:
        group: such as ``L0–L3``, or ``all``.
        answered: heads of the run with an answer, ``ok`` or ``unclear``.
        described: of these, heads with a description.
        pattern: heads in which a pattern is visible.
        plausible: heads whose description fits, among those that have one.
        unclear_right: heads of which "Unclear" is right, among those of which it is said.
    """

    group: str
    answered: int
    described: int
    pattern: Estimate
    plausible: Estimate
    unclear_right: Estimate


@dataclass(frozen=True, slots=True)
class AnnotatorReliability:
    """Krippendorff's alpha (nominal) of one question, over heads with at least two answers.

    Attributes:
        alpha: None where it is undefined; ``reason`` then says why.
        low: lower end of the 95% bootstrap interval over heads, None with fewer than eight.
        high: upper end.
        heads: heads with at least two answers.
        labels: their answers.
    """

    question: Question
    alpha: float | None
    low: float | None
    high: float | None
    heads: int
    labels: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Kappa:
    """Cohen's kappa of two annotators on one question; None where it is undefined.

    ``heads`` have an answer of both; ``agree`` is the share of these on which they say the same.
    """

    question: Question
    one: str
    other: str
    kappa: float | None
    agree: float
    heads: int


@dataclass(frozen=True, slots=True)
class ControlResult:
    """How one annotator did on the controls.

    Attributes:
        annotator: who.
        labels: answers to items that are no controls.
        wrong: answers on descriptions of other heads.
        wrong_accepted: of these, said to fit.
        repeats: answers given twice, per question.
        repeats_changed: of these, different the second time.
    """

    annotator: str
    labels: int
    wrong: int
    wrong_accepted: int
    repeats: int
    repeats_changed: int


@dataclass(frozen=True, slots=True)
class Prediction:
    """How well something predicts whether people find a description plausible.

    Attributes:
        predictor: what.
        heads: heads with a description, people's judgments and a value of the predictor.
        auroc: chance that a description that most annotators accept has the higher value than one that most
            reject; heads on which they are split count for neither. None with one kind only.
        auroc_low: lower end of the 95% bootstrap interval over heads; ``auroc_high`` the upper.
        spearman: rank correlation with the share of annotators who accept; likewise.
        reason: why there is no number.
    """

    predictor: str
    heads: int
    auroc: float | None = None
    auroc_low: float | None = None
    auroc_high: float | None = None
    spearman: float | None = None
    spearman_low: float | None = None
    spearman_high: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class HeadVerdict:
    """What annotators said of one head: answers, and how many of them are yes. Comments are untrusted."""

    head: Head
    described: bool
    pattern_yes: int
    pattern_n: int
    fits_yes: int
    fits_n: int
    comments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PeopleAgreement:
    """All of it.

    Attributes:
        model: the studied model.
        exports: ids of the exports with labels.
        annotators: annotator to answered items, controls included.
        groups: one row per layer group.
        overall: all groups, each weighted by how many heads the run has in it.
        reliability: per question; empty with one annotator, or without the packages.
        kappas: per question and pair of annotators.
        controls: per annotator.
        accepted_wrong: (head shown, head described) of controls that everybody accepted, two annotators or
            more: either is mistaken, or the descriptions say the same.
        predictions: what predicts people.
        verdicts: per head.
        stale: labels left out because the map, or the description that was judged, has changed since.
        notes: what a reader must know.
    """

    model: str
    exports: tuple[str, ...]
    annotators: dict[str, int]
    groups: tuple[GroupShares, ...]
    overall: GroupShares
    reliability: tuple[AnnotatorReliability, ...] = ()
    kappas: tuple[Kappa, ...] = ()
    controls: tuple[ControlResult, ...] = ()
    accepted_wrong: tuple[tuple[Head, Head], ...] = ()
    predictions: tuple[Prediction, ...] = ()
    verdicts: tuple[HeadVerdict, ...] = ()
    stale: int = 0
    notes: tuple[str, ...] = field(default_factory=tuple)
