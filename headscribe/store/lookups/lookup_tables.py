"""The tables of context look-ups, ``lookups/*.parquet``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from headscribe.core.columns import Column
from headscribe.core.heads import Head
from headscribe.core.lookup_scores import Explanation, PairScore, ShownPrompt, Verdict
from headscribe.core.lookups import (
    Ablation,
    CutPrompt,
    HeadActivity,
    LeftOut,
    Neuron,
    NextTokenNeuron,
    PromptHeads,
    Split,
    TopPrompt,
)
from headscribe.core.records import Token
from headscribe.core.settings import Stage
from headscribe.store.tables.table import Table

AGAIN = "Remove lookups.json and look up again; answers in the journal are kept"
_SPLIT = Column("`explain` or `score`")
_RANK = Column("place among the neuron's prompts of that split, from 0, the strongest first")


@dataclass(frozen=True, slots=True)
class PromptRow:
    """A prompt as its table holds it."""

    neuron: Neuron
    split: Annotated[Split, _SPLIT]
    rank: Annotated[int, _RANK]
    text: Annotated[
        int,
        Column("the text's number in its split, from 0, those that cannot be used not counted", type="int64"),
    ]
    position: Annotated[int, Column("token of the text at which the neuron fires")]
    activation: Annotated[float, Column("post-activation there, with the whole text")]
    activation_kept: Annotated[float, Column("the same with the prompt alone")]
    before: Annotated[str, Column("the prompt up to its last token, as text")]
    last: Annotated[str, Column("the last token, at which the neuron fires")]
    tokens: Annotated[tuple[Token, ...], Column("the tokens of the prompt", ids="ids")]
    activations: Annotated[
        tuple[float, ...],
        Column("the neuron's post-activation at each", type="float32", as_long_as="ids"),
    ]
    cut_tokens: Annotated[
        tuple[Token, ...],
        Column("the tokens cut off in front, as many as were kept for the search", ids="cut_ids"),
    ]

    @classmethod
    def of(cls, shown: ShownPrompt) -> PromptRow:
        """The row of a prompt."""
        prompt, top = shown.prompt, shown.prompt.top
        return cls(
            neuron=prompt.neuron,
            split=shown.split,
            rank=shown.rank,
            text=top.text,
            position=top.position,
            activation=top.activation,
            activation_kept=prompt.activation,
            before=shown.before,
            last=shown.last,
            tokens=tuple(map(Token, prompt.ids, shown.tokens)),
            activations=prompt.activations,
            cut_tokens=tuple(map(Token, prompt.cut, shown.cut_tokens)),
        )

    def shown(self) -> ShownPrompt:
        """The prompt that the row is of."""
        ids, cut = (tuple(token.id for token in tokens) for tokens in (self.tokens, self.cut_tokens))
        texts, cut_texts = (
            tuple(token.text for token in tokens) for tokens in (self.tokens, self.cut_tokens)
        )
        top = TopPrompt(self.neuron, self.text, self.position, self.activation, cut + ids)
        prompt = CutPrompt(top, ids, cut, self.activations)
        return ShownPrompt(prompt, self.split, self.rank, self.before, self.last, texts, cut_texts)


@dataclass(frozen=True, slots=True)
class ActiveHeads:
    """The heads that are active on a prompt."""

    neuron: Neuron
    split: Annotated[Split, _SPLIT]
    rank: Annotated[int, _RANK]
    mean: Annotated[float, Column("mean attribution of the heads of earlier layers")]
    deviation: Annotated[float, Column("their standard deviation")]
    n_heads: Annotated[int, Column("how many they are")]
    layers: Annotated[
        tuple[int, ...],
        Column("layers of the active heads", name="active_layers", as_long_as="active_heads"),
    ]
    heads: Annotated[tuple[int, ...], Column("their heads", name="active_heads", as_long_as="attributions")]
    attributions: Annotated[tuple[float, ...], Column("their attributions")]

    @classmethod
    def of(cls, fed: PromptHeads, shown: ShownPrompt) -> ActiveHeads:
        """The row of a prompt's heads."""
        return cls(
            *shown.key,
            fed.mean,
            fed.deviation,
            fed.n_heads,
            tuple(head.layer for head in fed.active),
            tuple(head.head for head in fed.active),
            tuple(fed.active.values()),
        )

    @property
    def key(self) -> tuple[Neuron, Split, int]:
        """Which prompt it is, as ``ShownPrompt.key``."""
        return self.neuron, self.split, self.rank

    @property
    def active(self) -> dict[Head, float]:
        """The active heads' attributions."""
        return dict(zip(map(Head, self.layers, self.heads), self.attributions, strict=True))


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """How often a head is active on a neuron's prompts, and whether the pair is to be explained."""

    activity: HeadActivity
    explained: Annotated[bool, Column("whether the share lies within 25–75%, so that the pair is explained")]


@dataclass(frozen=True, slots=True)
class LeftOutRow:
    """What a stage left out."""

    stage: Annotated[str, Column("which stage left it out")]
    left_out: LeftOut


@dataclass(frozen=True, slots=True)
class JoinedRow:
    """What weights and contexts say of a head."""

    head: Head
    description: Annotated[
        str | None,
        Column("by its weights, from `descriptions.parquet` of this run or of `--describe-run`"),
    ]
    confidence: Annotated[float | None, Column("its confidence")]
    neuron: Neuron | None
    token: Annotated[str | None, Column("the neuron's token")]
    share: Annotated[float | None, Column("share of the neuron's prompts on which the head is active")]
    explanation: Annotated[str | None, Column("when the head is active")]
    score: Annotated[float | None, Column("head explanation score")]
    low: Annotated[float | None, Column("lower end of its 95% interval")]
    high: Annotated[float | None, Column("upper end")]
    in_words: Annotated[str, Column("description and explanation in a sentence or two")]


NEURONS = Table("neurons", NextTokenNeuron, "One row per neuron", AGAIN)
PROMPTS = Table(
    "prompts", PromptRow, "One row per neuron and prompt, cut to what makes the neuron fire", AGAIN
)
LEFT_OUT = Table(
    "left_out", LeftOutRow, "What took no further part: texts, and neurons without a prompt", AGAIN
)
HEADS = Table(
    "heads",
    ActivityRow,
    "One row per neuron and head that is active on any of its prompts that explain, by how often",
    AGAIN,
)
PROMPT_HEADS = Table("prompt_heads", ActiveHeads, "One row per prompt", AGAIN)
ABLATION = Table(
    "ablation", Ablation, "One row per explained pair, prompt and removal; none with `--no-ablate`", AGAIN
)
EXPLANATIONS = Table("explanations", Explanation, "One row per explained pair", AGAIN)
SCORES = Table("scores", PairScore, "One row per explained pair", AGAIN)
VERDICTS = Table("verdicts", Verdict, "One row per scored pair and prompt", AGAIN)
HEADS_IN_CONTEXT = Table(
    "heads_in_context",
    JoinedRow,
    "One row per pair of a next-token neuron and a head that is explained, and one per other described head",
    AGAIN,
)
TABLES: dict[Stage, tuple[Table[Any], ...]] = {
    "neurons": (NEURONS,),
    "prompts": (PROMPTS, LEFT_OUT),
    "heads": (HEADS, PROMPT_HEADS),
    "ablation": (ABLATION,),
    "explanations": (EXPLANATIONS,),
    "scores": (SCORES, VERDICTS),
}
"""The tables of each stage, ``lookups/NAME.parquet``."""
