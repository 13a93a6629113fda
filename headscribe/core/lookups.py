"""What looking up contexts gives: neurons, the prompts they fire on, the heads behind (definitions 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from headscribe.core.columns import Column
from headscribe.core.heads import Head
from headscribe.core.records import Token

Arm = Literal["next-token", "random"]
Split = Literal["explain", "score"]
Removed = Literal["head", "neuron", "both"]

ARMS: tuple[Arm, ...] = ("next-token", "random")
"""Neurons chosen by congruence, and as many others of the same layers drawn at random."""

SPLITS: tuple[Split, ...] = ("explain", "score")
"""Texts that the describer sees prompts of, and others that the explanation is scored on."""

REMOVED: tuple[Removed, ...] = ("head", "neuron", "both")
"""What an ablation sets to zero at the last position."""


class Neuron(NamedTuple):
    """One neuron of an MLP, by zero-based layer and index."""

    layer: Annotated[int, Column("layer of the neuron, from 0", name="neuron_layer")]
    neuron: Annotated[int, Column("the neuron's index in the layer")]

    @property
    def name(self) -> str:
        """The neuron's name, such as ``L31N892``."""
        return f"L{self.layer}N{self.neuron}"


@dataclass(frozen=True, slots=True)
class NextTokenNeuron:
    """A neuron and the token that its output weights promote most."""

    neuron: Neuron
    arm: Annotated[Arm, Column("`next-token` or `random`")]
    token: Annotated[Token, Column("the eligible token with the highest congruence")]
    congruence: Annotated[
        float,
        Column(
            "⟨output weights, unembedding of the token⟩, norms folded and, where the norm centres, centred"
        ),
    ]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that takes no further part, and why."""

    reason: Annotated[str, Column("why, the same words for all of a kind, such as `never fires`")]
    count: Annotated[
        int, Column("how many texts or prompts; 1 for a neuron", type="int64", after="neuron")
    ] = 1
    neuron: Neuron | None = None
    split: Annotated[Split | None, Column("`explain` or `score`, null where it is both", after="reason")] = (
        None
    )


@dataclass(frozen=True, slots=True)
class TopPrompt:
    """A text in which a neuron fires strongly: one of its strongest, at its strongest position.

    Attributes:
        neuron: which fires.
        text: the text's number in its split, from 0.
        position: of the token at which it fires, counted in the text's tokens from 0.
        activation: the post-activation there, with the whole text before it.
        ids: the text's last tokens up to and with that position; as many as the search kept.
    """

    neuron: Neuron
    text: int
    position: int
    activation: float
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CutPrompt:
    """What is left of a ``TopPrompt`` when all of its beginning is cut that the neuron does not need.

    Attributes:
        top: where it came from.
        ids: the tokens kept; the last one is where the neuron fires.
        cut: the tokens cut off that ``top`` still holds; shown greyed before ``ids``.
        activations: the neuron's post-activation at each token kept; the last is at least 80 % of
            ``top.activation``.
    """

    top: TopPrompt
    ids: tuple[int, ...]
    cut: tuple[int, ...]
    activations: tuple[float, ...]

    @property
    def neuron(self) -> Neuron:
        """The neuron that fires."""
        return self.top.neuron

    @property
    def activation(self) -> float:
        """What is left of the post-activation at the last token."""
        return self.activations[-1]


@dataclass(frozen=True, slots=True)
class PromptHeads:
    """Which earlier heads feed a neuron at the last token of a prompt.

    Attributes:
        prompt: the prompt.
        mean: of the attributions of all heads in earlier layers.
        deviation: their standard deviation (n − 1).
        active: attribution of each head above mean + 2 deviations, in model order.
        n_heads: heads in earlier layers.
    """

    prompt: CutPrompt
    mean: float
    deviation: float
    active: dict[Head, float]
    n_heads: int


@dataclass(frozen=True, slots=True)
class HeadActivity:
    """How often a head is active on a neuron's prompts: a row of the consistency table.

    The head is one of an earlier layer, active on at least one prompt.
    """

    neuron: Annotated[Neuron, Column(after="head")]
    head: Head
    n_prompts: Annotated[int, Column("the neuron's prompts that explain")]
    n_active: Annotated[int, Column("those on which the head is active")]
    attribution: Annotated[float, Column("mean attribution where it is active")]

    @property
    def share(self) -> Annotated[float, Column("`n_active` / `n_prompts`", after="n_active")]:
        """Share of the prompts on which the head is active."""
        return self.n_active / self.n_prompts


@dataclass(frozen=True, slots=True)
class Ablation:
    """What setting a head, the neuron or both to zero changes on one prompt.

    The head is the one whose activity sorts the prompts.
    """

    neuron: Annotated[Neuron, Column(after="head")]
    head: Head
    removed: Annotated[Removed, Column("`head`, `neuron` or `both`, set to zero at the last position")]
    active: Annotated[bool, Column("whether the head is active on the prompt")]
    before: Annotated[float, Column("probability of the neuron's token as the model runs")]
    after: Annotated[float, Column("the same without what was removed")]

    @property
    def change(self) -> float:
        """Change of the probability; below 0 where what was removed had promoted the token."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class AblationEffect:
    """Mean change of the probability on active against inactive prompts.

    Attributes:
        removed: what was set to zero.
        active: mean change on prompts on which the head is active, None without any.
        inactive: mean change on the others, None without any.
        difference: active less inactive, None where one is missing.
        low: lower end of the difference's 95 % bootstrap interval, None where it cannot be had.
        high: its upper end.
        n_active: prompts with the head active.
        n_inactive: the others.
        n_pairs: (neuron, head) pairs behind them.
    """

    removed: Removed
    active: float | None
    inactive: float | None
    difference: float | None
    low: float | None
    high: float | None
    n_active: int
    n_inactive: int
    n_pairs: int
