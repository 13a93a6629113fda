"""What comparing prompts gives: one row per head and prompt, measures, differences and a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from headscribe.core.columns import Column
from headscribe.core.heads import Head

Better = Literal["more", "less"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One number per head by which prompts are compared.

    Attributes:
        key: ``confidence``, ``agreement``, ``described``, ``tokens``, ``cost_usd`` or ``seconds``.
        name: for people.
        better: whether more or less of it is better.
    """

    key: str
    name: str
    better: Better


@dataclass(frozen=True, slots=True)
class HeadResult:
    """One head as one prompt described it."""

    head: Head
    prompt: Annotated[str, Column("the template as `name@version`")]
    status: Annotated[str, Column("how describing it ended")]
    description: Annotated[str | None, Column("in words; null without one", after="seconds")] = None
    confidence: Annotated[
        float | None,
        Column(
            "of the description on held-out tokens; 0 for an unclear head, null where nothing was tested or"
            " the head has no answer"
        ),
    ] = None
    operation: Annotated[
        str | None, Column("the operation that the head scores highest on; null below the threshold")
    ] = None
    agreement: Annotated[
        float | None,
        Column(
            "1 if the words express an operation that the head scores on, 0 if not or unclear; null without"
            " such an operation or without an answer"
        ),
    ] = None
    described: Annotated[
        float | None, Column("1 for a description, 0 for unclear, null for a head without an answer")
    ] = None
    tokens: Annotated[
        int | None, Column("sent and received; null where the server does not say", type="int64")
    ] = None
    cost_usd: Annotated[
        float | None, Column("what they cost; null where it is not known", unit="US dollars")
    ] = None
    seconds: Annotated[float, Column("of the calls, summed", unit="s")] = 0.0

    def value(self, key: str) -> float | None:
        """The number of one measure."""
        found: float | None = getattr(self, key)
        return found


@dataclass(frozen=True, slots=True)
class PromptResult:
    """One prompt over all heads.

    Attributes:
        prompt: the template as ``name@version``.
        prompt_hash: SHA-256 of what shapes its answers.
        purpose: what the template says of itself.
        counts: heads by status, all six present.
        means: measure to its mean over the heads that have it; None where none has.
        n: measure to the number of these heads.
    """

    prompt: str
    prompt_hash: str
    purpose: str
    counts: dict[str, int]
    means: dict[str, float | None]
    n: dict[str, int]


@dataclass(frozen=True, slots=True)
class Difference:
    """A prompt against the first one, in one measure, over the heads that have it from both.

    Attributes:
        measure: its key.
        prompt: the later prompt.
        against: the first prompt.
        mean: mean over heads of the later minus the first.
        low: lower end of the bootstrap interval, None with too few heads.
        high: upper end.
        n: heads with both numbers.
        needed: heads that a difference of this size would need, None where it is zero or nobody can say.
        shown: whether the interval leaves out zero.
    """

    measure: str
    prompt: str
    against: str
    mean: float
    low: float | None
    high: float | None
    n: int
    needed: int | None
    shown: bool


@dataclass(frozen=True, slots=True)
class PromptComparison:
    """Prompts on the same heads, with the same splits and the same LLM.

    Attributes:
        model: the studied model.
        llm: who described.
        method: how.
        heads: the selection as typed.
        n_heads: heads selected.
        n_model_heads: heads of the whole model.
        threshold: operation score from which agreement is asked for.
        level: of the intervals; above 0.95 where several prompts are compared with the first.
        seed: of the draws.
        primary: key of the measure that the verdicts are about.
        measures: those compared.
        prompts: one per template, the first is the one that the others are compared with.
        differences: every later prompt in every measure.
        verdicts: one line per later prompt, on the primary measure.
        rows: every head with every prompt.
    """

    model: str
    llm: str
    method: str
    heads: str
    n_heads: int
    n_model_heads: int
    threshold: float
    level: float
    seed: int
    primary: str
    measures: tuple[Measure, ...]
    prompts: tuple[PromptResult, ...]
    differences: tuple[Difference, ...]
    verdicts: tuple[str, ...]
    rows: tuple[HeadResult, ...]

    def values(self, prompt: str, key: str) -> list[float | None]:
        """[heads] one measure of one prompt, in model order."""
        return values(self.rows, prompt, key)


def values(rows: Sequence[HeadResult], prompt: str, key: str) -> list[float | None]:
    """[heads] one measure of one prompt, in the order of the rows."""
    return [row.value(key) for row in rows if row.prompt == prompt]
