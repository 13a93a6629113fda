"""What can be tried out on a head's weights, without knowing which head it is or how it is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from headscribe.core.records import Token


@dataclass(frozen=True, slots=True)
class End:
    """Tokens at one end of a list, the most extreme first.

    ``strengths`` are theirs where the map is taken apart (docs/definitions.md, section 8), and empty where it
    is not: of a source's or target's list in σ, of the constant part in standard deviations over targets.
    """

    tokens: tuple[Token, ...]
    strengths: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceRow:
    """What the head does with a source: because of it, where the map is taken apart.

    Attributes:
        source: the source.
        percentile: share of the tokens on which the head acts less, from 0 to 1.
        promoted: the targets that it promotes most.
        suppressed: those that it suppresses most.
    """

    source: Token
    percentile: float
    promoted: End
    suppressed: End


@dataclass(frozen=True, slots=True)
class PairStrength:
    """Whether a pair's target is among the k most promoted, and the k most suppressed, of its source.

    ``strength`` is the pair's entry in σ, None where the map is not taken apart.
    """

    promoted: bool
    suppressed: bool
    strength: float | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    """What the head does whatever the source.

    Attributes:
        share: share of what it writes, squared, that is the same whatever the source.
        promoted: the targets that this promotes most.
        suppressed: those that it suppresses most.
        strengths: of the targets that were asked about.
    """

    share: float
    promoted: End
    suppressed: End
    strengths: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class NextToken:
    """A token's probability of coming next in a text, with the head and without it."""

    token: Token
    present: float
    ablated: float


@dataclass(frozen=True, slots=True)
class Ablation:
    """What a running model says next, with the head and without it at the last token of a text.

    Attributes:
        read: the tokens of the text, as the model is given it.
        likeliest: next tokens with the head, likeliest first.
        ablated: the likeliest without it.
        raised: tokens that the head makes likelier, those whose probability it moves most first.
        lowered: tokens that it makes less likely.
    """

    read: tuple[Token, ...]
    likeliest: tuple[NextToken, ...]
    ablated: tuple[NextToken, ...]
    raised: tuple[NextToken, ...]
    lowered: tuple[NextToken, ...]


class Experiments(Protocol):
    """Experiments on one head. The methods block, some for seconds; several threads may call them."""

    @property
    def n_others(self) -> int:
        """Other heads of the same layer that can be compared with.

        They are counted from 0, in an order that tells nothing about their places in the model.
        """

    @property
    def k(self) -> int:
        """How many of a row's ends ``pairs`` searches for the target."""

    def token(self, word: str) -> Token | None:
        """The single token that a word is, None if it is none that takes part."""

    def draw(self, count: int, seed: int) -> tuple[Token, ...]:
        """Sources at random, the same ones for the same seed; each has a row."""

    def rows(self, tokens: Sequence[Token], top: int, *, other: int | None = None) -> list[SourceRow]:
        """What the head does with some sources, in the order given.

        Args:
            tokens: the sources, as ``token`` gave them.
            top: targets wanted at each end.
            other: one of the other heads in place of the head itself.

        Raises:
            BadOption: a source has no row, because its vector is zero.
        """

    def sources(self, token: Token, top: int) -> End:
        """The sources that promote a token most, strongest first.

        Raises:
            BadOption: the token's vector is zero.
        """

    def pairs(self, pairs: Sequence[tuple[Token, Token]]) -> list[PairStrength]:
        """For each pair of source and target, whether the head promotes or suppresses it."""

    def constant(self, targets: Sequence[Token], top: int) -> Constant:
        """What the head does whatever the source; only where the map is taken apart.

        Args:
            targets: whose strengths are asked for; may be empty.
            top: targets wanted at each end.
        """

    def ablate(self, text: str, top: int) -> Ablation | None:
        """Run the model on a text, with the head and without it; only where it was offered.

        Args:
            text: the text; its last token is where the head is silenced.
            top: next tokens wanted in each list.

        Returns:
            None where the model cannot be run, or not on this text: no token, or more than it takes.
        """
