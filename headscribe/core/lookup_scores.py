"""When a head feeds a neuron: prompts as people read them, explanations, and how these tell them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from headscribe.core.columns import Column
from headscribe.core.descriptions import Status
from headscribe.core.heads import Head
from headscribe.core.lookups import Arm, CutPrompt, Neuron, Split


@dataclass(frozen=True, slots=True)
class ShownPrompt:
    """A prompt with the texts of its tokens, so that nobody needs the tokenizer again.

    Attributes:
        prompt: the tokens and activations.
        split: of which texts.
        rank: its place among the neuron's prompts of that split, from 0, the strongest first.
        before: its text up to the last token, decoded as a whole.
        last: the last token's text there.
        tokens: the text of each token kept.
        cut_tokens: the text of each token cut off in front.
    """

    prompt: CutPrompt
    split: Split
    rank: int
    before: str
    last: str
    tokens: tuple[str, ...]
    cut_tokens: tuple[str, ...]

    @property
    def key(self) -> tuple[Neuron, Split, int]:
        """What there is one of."""
        return self.prompt.neuron, self.split, self.rank


class Pair(NamedTuple):
    """A neuron and a head that feeds it on some of its prompts and not on others."""

    neuron: Annotated[Neuron, Column(after="head")]
    head: Head

    @property
    def name(self) -> str:
        """Such as ``L5H3 for L31N892``."""
        return f"{self.head.name} for {self.neuron.name}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """When a head is active on a neuron's prompts, in words."""

    pair: Pair
    status: Annotated[Status, Column("how asking ended, as in `descriptions.parquet`")]
    text: Annotated[
        str | None,
        Column(
            "when the head is active, in two or three sentences; only where the status is `ok`",
            name="explanation",
        ),
    ] = None
    error: Annotated[str | None, Column("why there is none")] = None
    llm: Annotated[str, Column("who explained; `rules` for the built-in rules")] = ""
    prompt: Annotated[str | None, Column("template and version; null for the rules")] = None
    n_active: Annotated[int, Column("prompts shown with the head active")] = 0
    n_inactive: Annotated[int, Column("prompts shown with the head inactive")] = 0
    prompt_tokens: Annotated[int | None, Column("tokens sent; null where no LLM was asked", type="int64")] = (
        None
    )
    completion_tokens: Annotated[int | None, Column("tokens received", type="int64")] = None
    cost_usd: Annotated[
        float | None, Column("their price; null where it is not known", unit="US dollars")
    ] = None
    seconds: Annotated[float, Column("time of the call", unit="s")] = 0.0
    tokens_estimated: Annotated[
        bool, Column("whether the server did not report the tokens, so that they are estimated")
    ] = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """A reader's answer for one prompt, who knows the explanation alone."""

    pair: Pair
    rank: Annotated[int, Column("the prompt's place among the neuron's prompts that score, from 0")]
    active: Annotated[bool, Column("whether the head is active")]
    prompt: Annotated[
        tuple[int, ...], Column("the prompt's token ids; equal prompts are one question", name="prompt_ids")
    ]
    said: Annotated[bool | None, Column("what the reader answered; null without an answer")]
    status: Annotated[Status, Column("how asking ended")]
    reason: Annotated[str, Column("the reader's sentence, or why there is no answer; untrusted")] = ""


@dataclass(frozen=True, slots=True)
class PairScore:
    """The head explanation score of one pair: (true-positive rate + true-negative rate) / 2."""

    pair: Pair
    arm: Annotated[Arm, Column("of the neuron")]
    score: Annotated[
        float | None,
        Column(
            "mean of true-positive and true-negative rate, 0.5 is guessing; null where `left_out` says why"
        ),
    ] = None
    low: Annotated[float | None, Column("lower end of its 95% interval")] = None
    high: Annotated[float | None, Column("upper end")] = None
    true_positive_rate: Annotated[
        float | None,
        Column("share of answered prompts with the head active that the reader recognised"),
    ] = None
    true_negative_rate: Annotated[float | None, Column("the same for the inactive ones")] = None
    n_active: Annotated[int, Column("answered prompts with the head active")] = 0
    n_inactive: Annotated[int, Column("answered prompts with the head inactive")] = 0
    n_unanswered: Annotated[int, Column("prompts without an answer")] = 0
    n_distinct: Annotated[
        int, Column("answered prompts that differ from each other; cut short, some are equal")
    ] = 0
    left_out: Annotated[str | None, Column("why there is no score, null where there is one")] = None


@dataclass(frozen=True, slots=True)
class ArmScores:
    """The distribution of one arm's head explanation scores.

    Attributes:
        arm: which neurons.
        n_pairs: pairs that were to be explained.
        n_neurons: neurons behind the scored pairs.
        scores: the scored pairs' scores.
        mean: None without scores.
        low: lower end of the mean's 95% interval, None below two neurons.
        high: upper end.
        skewness: third standardised moment, None below three scores or where all are equal.
        left_out: pairs without a score, by reason.
        unanswered: share of the classifier's questions without an answer, None where none was asked.
    """

    arm: Arm
    n_pairs: int
    n_neurons: int
    scores: tuple[float, ...]
    mean: float | None
    low: float | None
    high: float | None
    skewness: float | None
    left_out: dict[str, int]
    unanswered: float | None


@dataclass(frozen=True, slots=True)
class ArmDifference:
    """Mean score of next-token neurons less that of random ones, with its 95% bootstrap interval."""

    difference: float
    low: float | None
    high: float | None
