"""What the method ``verified`` leaves behind of a head: its rounds, and every item that was asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from headscribe.core.columns import Column

Part = Literal["validation", "test"]
Kind = Literal["true", "other-row", "other-targets", "choice"]


@dataclass(frozen=True, slots=True)
class Confidence:
    """How well a reader of a description alone answered items about the head (docs/verification.md).

    The value is (accuracy − chance) / (1 − chance): 1 where all items are right, 0 for guessing, below 0 for
    less; None where nothing was answered.
    """

    value: Annotated[
        float | None, Column("on the validation items; null where there were none", name="confidence")
    ] = None
    low: Annotated[float | None, Column("lower end of its 95% interval", name="confidence_low")] = None
    high: Annotated[float | None, Column("upper end", name="confidence_high")] = None
    n: Annotated[int, Column("validation items answered", name="n_tests")] = 0
    unanswered: Annotated[float | None, Column("share of them without an answer")] = None


@dataclass(frozen=True, slots=True)
class AskedItem:
    """One item and what the reader answered.

    ``true`` is a row of the head, ``other-row`` one of another head, ``other-targets`` a source of the head
    with the targets of another head: does the row belong to the head? ``choice``: which of these target lists
    follows from the source? ``validation`` items choose between rounds, ``test`` items give the confidence.
    """

    round: Annotated[int, Column("the round whose description the reader had, from 1")]
    part: Annotated[Part, Column("`validation` or `test`")]
    kind: Annotated[
        Kind,
        Column(
            "`true`, `other-row`, `other-targets` (does the row belong to the head?) or `choice`"
            " (which targets?)"
        ),
    ]
    source_id: Annotated[int, Column("id of the source token shown")]
    source: Annotated[str, Column("its text")]
    choices: Annotated[
        tuple[tuple[str, ...], ...], Column("the target lists shown, one for the yes-or-no kinds")
    ]
    right: Annotated[str, Column("`yes`, `no` or a letter")]
    answer: Annotated[str | None, Column("the reader's; null without one")] = None
    reason: Annotated[str | None, Column("the reader's words")] = None


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
