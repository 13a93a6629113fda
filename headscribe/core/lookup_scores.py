"""When a head feeds a neuron: prompts as people read them, explanations, and how these tell them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from headscribe.core.heads import Head
from headscribe.core.lookups import Arm, CutPrompt, Neuron, Split
from headscribe.core.records import Status


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

    neuron: Neuron
    head: Head

    @property
    def name(self) -> str:
        """Such as ``L5H3 for L31N892``."""
        return f"{self.head.name} for {self.neuron.name}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """When a head is active on a neuron's prompts, in words.

    Attributes:
        pair: whose.
        status: how asking ended; only ``ok`` has a text to score.
        text: two or three sentences, None unless the status is ``ok``.
        error: why there is none.
        llm: who explained; ``rules`` for the built-in ones.
        prompt: template and version, None where none is used.
        n_active: prompts shown with the head active.
        n_inactive: prompts shown with the head inactive.
        prompt_tokens: tokens sent, None where the server says nothing.
        completion_tokens: tokens received, likewise.
        cost_usd: their price, None where it is not known.
        seconds: time that the call took.
    """

    pair: Pair
    status: Status
    text: str | None = None
    error: str | None = None
    llm: str = ""
    prompt: str | None = None
    n_active: int = 0
    n_inactive: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """A reader's answer for one prompt, who knows the explanation alone.

    Attributes:
        pair: whose explanation was read.
        rank: the prompt's place among the neuron's scoring prompts, from 0.
        active: whether the head is active there.
        prompt: the prompt's token ids; equal prompts are one question.
        said: what the reader answered, None without an answer.
        status: how asking ended.
        reason: the reader's sentence, or why there is no answer.
    """

    pair: Pair
    rank: int
    active: bool
    prompt: tuple[int, ...]
    said: bool | None
    status: Status
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PairScore:
    """The head explanation score of one pair: (true-positive rate + true-negative rate) / 2.

    Attributes:
        pair: whose.
        arm: the neuron's.
        score: None where ``left_out`` says why.
        low: lower end of its 95% interval (``lookups/scoring.py`` says which).
        high: upper end.
        true_positive_rate: share of answered prompts with the head active for which the reader said so.
        true_negative_rate: the same for prompts with the head inactive.
        n_active: answered prompts with the head active.
        n_inactive: answered prompts with the head inactive.
        n_unanswered: prompts without an answer.
        n_distinct: answered prompts that differ from each other; cut short, some are equal.
        left_out: why there is no score, None where there is one.
    """

    pair: Pair
    arm: Arm
    score: float | None = None
    low: float | None = None
    high: float | None = None
    true_positive_rate: float | None = None
    true_negative_rate: float | None = None
    n_active: int = 0
    n_inactive: int = 0
    n_unanswered: int = 0
    n_distinct: int = 0
    left_out: str | None = None


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
