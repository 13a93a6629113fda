"""What describers hand on: how describing a head ended, and its row of a run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from headscribe.core.columns import Column
from headscribe.core.heads import Head
from headscribe.core.rounds import NO_INTRUDERS, NOT_TESTED, Intruders, Tested, Transcript


class Status(StrEnum):
    """How describing a head ended. Only ``OK`` and ``UNCLEAR`` are answers that can be scored."""

    OK = "ok"
    UNCLEAR = "unclear"
    UNPARSEABLE = "unparseable"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    FAILED = "failed"


ANSWERED = frozenset({Status.OK, Status.UNCLEAR})


@dataclass(frozen=True, slots=True)
class Outcome:
    """A describer's answer for one head, before the run adds names, costs and times.

    Attributes:
        confidence: rules: the share of mappings explained, from 0 to 1. Verified: the lift of the
            description, what it adds to a reader's answers on held-out tokens, from nothing (0) to all that
            was missing (1); it may lie below 0. For an unclear head it is that of "related tokens".
        tested: what stands beside that lift.
        intruders: whether the head has a pattern at all, without any description.
        transcript: rounds and items behind a verified description; not part of the row of a run.
        method: the method that answered, None for the one that was asked for.
    """

    status: Annotated[Status, Column("`ok`, `unclear`, `unparseable`, `refused`, `truncated` or `failed`")]
    inputs: Annotated[str | None, Column("a sentence on the source tokens")] = None
    pattern: Annotated[str | None, Column("a sentence on what the head maps them to")] = None
    description: Annotated[str | None, Column("what the head does; only where the status is `ok`")] = None
    error: Annotated[str | None, Column("why there is no answer; never a description", after="seconds")] = (
        None
    )
    confidence: Annotated[
        float | None,
        Column(
            "what the method measured: `verified` and `agent` the lift between heads, `rules` the share of"
            " mappings explained; null where it measures none, or the null reader made no mistake"
        ),
    ] = None
    confidence_low: Annotated[
        float | None, Column("lower end of its 95% interval; null where that has none")
    ] = None
    confidence_high: Annotated[float | None, Column("upper end of its 95% interval")] = None
    n_tests: Annotated[int, Column("items that the confidence rests on")] = 0
    rounds: Annotated[int, Column("how often the describer was asked", after="prompt_hash")] = 1
    unanswered: Annotated[
        float | None,
        Column("share of the test items that brought no answer; null where none was asked", after="error"),
    ] = None
    tested: Annotated[Tested, Column(after="unanswered")] = NOT_TESTED
    intruders: Annotated[Intruders, Column(after="auroc")] = NO_INTRUDERS
    transcript: Transcript | None = None
    method: str | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """One head's row of a run: the describer's outcome, who gave it, and what it cost."""

    head: Head
    outcome: Outcome
    method: Annotated[str, Column("`rules`, `single`, `verified` or `agent`")]
    llm: Annotated[str, Column("who described")]
    prompt: Annotated[str | None, Column("template and version, such as `describe@1`")] = None
    prompt_hash: Annotated[str | None, Column("hash of the template, or of the rules")] = None
    prompt_tokens: Annotated[
        int | None,
        Column("tokens sent for this head; null where no LLM was asked", type="int64"),
    ] = None
    completion_tokens: Annotated[int | None, Column("tokens received", type="int64")] = None
    cost_usd: Annotated[
        float | None, Column("price of the calls; null where it is not known", unit="US dollars")
    ] = None
    seconds: Annotated[float, Column("time of the calls for this head", unit="s")] = 0.0
    family: Annotated[
        str | None,
        Column(
            "a name that described heads with the same rule, or of one value head, share; null for others",
            after="unanswered",
        ),
    ] = None
    differs: Annotated[
        str | None, Column("what tells the head from the others of its family", after="family")
    ] = None
    tokens_estimated: Annotated[
        bool,
        Column(
            "whether the server did not report the tokens of a call, so that they are estimated",
            after="differs",
        ),
    ] = False
