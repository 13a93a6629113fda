"""What the method ``verified`` leaves behind of a head: its rounds, and every item that was asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from headscribe.core.columns import Column

Part = Literal["validation", "test"]
Kind = Literal["true", "other-row", "other-targets", "random", "pick", "choice", "within", "intruder"]


@dataclass(frozen=True, slots=True)
class Tested:
    """What stands beside a lift: both shares of right answers, and the same within the head.

    A share without a description is that of the *null reader*: the same reader, asked the same items with "It
    does something to its source." in place of the description.
    """

    accuracy: Annotated[float | None, Column("share of the items between heads answered rightly")] = None
    null_accuracy: Annotated[float | None, Column("the same without the description, by the null reader")] = (
        None
    )
    lift_within: Annotated[
        float | None,
        Column(
            "the lift on items within the head; null where the null reader made no mistake, or none was asked"
        ),
    ] = None
    lift_within_low: Annotated[float | None, Column("lower end of its 95% interval")] = None
    lift_within_high: Annotated[float | None, Column("upper end")] = None
    accuracy_within: Annotated[float | None, Column("share of these items answered rightly")] = None
    null_accuracy_within: Annotated[float | None, Column("the same by the null reader")] = None
    n_within: Annotated[int, Column("items within the head answered")] = 0
    auroc: Annotated[
        float | None,
        Column(
            "how often a true row got a higher probability of yes than a false one; null where the server"
            " gives no probabilities"
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class Intruders:
    """How well a reader without any description tells a head's rows from another head's among five.

    From guessing (0) to always (1): whether there is a pattern at all.
    """

    value: Annotated[
        float | None,
        Column(
            "how often a reader without description finds the row of another head among four of the head,"
            " from guessing (0) to always (1); null where it was not asked",
            name="intruder",
        ),
    ] = None
    low: Annotated[float | None, Column("lower end of its 95% interval", name="intruder_low")] = None
    high: Annotated[float | None, Column("upper end", name="intruder_high")] = None
    n: Annotated[int, Column("these items answered", name="n_intruder")] = 0


NOT_TESTED, NO_INTRUDERS = Tested(), Intruders()


@dataclass(frozen=True, slots=True)
class Confidence:
    """What a description adds to what a reader answers without it (docs/verification.md).

    The value is the lift between heads, (accuracy − null accuracy) / (1 − null accuracy): 1 where all items
    are right, 0 where the description adds nothing, below 0 where it misleads.
    """

    value: Annotated[
        float | None,
        Column(
            "lift on the validation items; null where there were none, or the null reader made no mistake",
            name="confidence",
        ),
    ] = None
    low: Annotated[float | None, Column("lower end of its 95% interval", name="confidence_low")] = None
    high: Annotated[float | None, Column("upper end", name="confidence_high")] = None
    n: Annotated[int, Column("validation items answered", name="n_tests")] = 0
    unanswered: Annotated[float | None, Column("share of them without an answer")] = None
    tested: Tested = NOT_TESTED

    @property
    def width(self) -> float | None:
        """Of the interval; None where it has not both ends."""
        return None if self.low is None or self.high is None else self.high - self.low


@dataclass(frozen=True, slots=True)
class AskedItem:
    """One item and what the reader answered.

    Between heads: ``true`` is a row of the head, ``other-row`` one of another head, ``other-targets`` a
    source of the head with the targets of another head, ``random`` one with tokens at random: does the row
    belong to the head? ``pick``: which of four rows does? ``choice``: which of four target lists follows from
    the source? ``within``: the same, of four lists of this head. ``intruder``: which of five rows belongs to
    another head; there is no description. ``validation`` items choose between rounds, ``test`` items give the
    confidence.
    """

    round: Annotated[int, Column("the round whose description the reader had, from 1; 0 for none")]
    part: Annotated[Part, Column("`validation` or `test`")]
    kind: Annotated[
        Kind,
        Column(
            "`true`, `other-row`, `other-targets`, `random` (does the row belong to the head?), `pick` (which"
            " row does?), `choice`, `within` (which targets?) or `intruder` (which row does not?)"
        ),
    ]
    source_id: Annotated[int, Column("id of the source token shown, of several that of the right row")]
    source: Annotated[str, Column("its text")]
    choices: Annotated[
        tuple[tuple[str, ...], ...], Column("the target lists shown, one where a row was judged")
    ]
    right: Annotated[str, Column("`yes`, `no` or a letter")]
    answer: Annotated[str | None, Column("the reader's; null without one")] = None
    reason: Annotated[str | None, Column("the reader's words")] = None
    null_answer: Annotated[str | None, Column("the null reader's, without the description")] = None
    sources: Annotated[
        tuple[str, ...], Column("the sources of the rows shown, where there were several")
    ] = ()
    probability: Annotated[
        float | None,
        Column("of the right answer, by the reader; null where the server gives no probabilities"),
    ] = None
    null_probability: Annotated[float | None, Column("likewise by the null reader")] = None


@dataclass(frozen=True, slots=True)
class Round:
    """One answer of the describer and how it did on the validation items."""

    number: Annotated[int, Column("from 1", name="round")]
    status: Annotated[str, Column("as in `descriptions.parquet`; likewise the next three")]
    inputs: Annotated[str | None, Column("a sentence on the source tokens")] = None
    pattern: Annotated[str | None, Column("a sentence on what the head maps them to")] = None
    description: Annotated[str | None, Column("what the head does")] = None
    error: Annotated[str | None, Column("why there is no answer", after="unanswered")] = None
    kept: Annotated[bool, Column("whether this answer became the description", after="round")] = False
    confidence: Confidence = Confidence()
    candidate: Annotated[
        int | None,
        Column(
            "which of the first answers it is, from 1 (`--candidates`); null for a refinement", after="error"
        ),
    ] = None
    predictions: Annotated[
        int, Column("predictions of the critic that were tried (`--critic`)", after="candidate")
    ] = 0
    refuted: Annotated[
        int, Column("of these, those that the head does not bear out", after="predictions")
    ] = 0


@dataclass(frozen=True, slots=True)
class Experiment:
    """One tool call of the method ``agent`` and what it brought."""

    request: Annotated[int, Column("the request in whose reply it was asked for, from 1")]
    tool: Annotated[str, Column("the tool's name as the LLM gave it, untrusted")]
    arguments: Annotated[str, Column("its arguments, JSON")]
    answer: Annotated[str, Column("what the LLM was told, JSON")]


@dataclass(frozen=True, slots=True)
class Transcript:
    """How a verified description came about; ``experiments`` are those of the method ``agent``."""

    rounds: tuple[Round, ...]
    items: tuple[AskedItem, ...] = ()
    experiments: tuple[Experiment, ...] = ()
