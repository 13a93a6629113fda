"""What the packages hand to each other: tokens, mappings and scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from headscribe.core.columns import Column
from headscribe.core.end_scores import EndScore, ScoreKind
from headscribe.core.heads import Head


@dataclass(frozen=True, slots=True)
class Token:
    """A vocabulary entry. ``text`` is untrusted: it may hold markup, control characters or odd bytes."""

    id: int
    text: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """One salient source token of a head and what the head does with it (MAPS section 5)."""

    rank: Annotated[
        int,
        Column(
            "place among the head's source tokens, 0 for the most salient, or with `--rank-by pairs` for that"
            " of the best pair; with `--view parts` in its `ranking`"
        ),
    ]
    source: Annotated[Token, Column("the token that the head attends to")]
    saliency: Annotated[
        float,
        Column(
            "‖e' W_V W_O‖ / ‖e'‖: how much the head makes of this token; with `--view parts` the root mean"
            " square of its entries in σ, relative to their mean",
            type="float32",
        ),
    ]
    targets: Annotated[
        tuple[Token, ...], Column("the tokens that it promotes most, strongest first", as_long_as="logits")
    ]
    logits: Annotated[
        tuple[float, ...],
        Column(
            "their entries of the head's map E' W_V W_O U, with `--view parts` less the mean source's",
            type="float32",
        ),
    ]
    suppressed: Annotated[
        tuple[Token, ...],
        Column("the tokens that it suppresses most, strongest first", as_long_as="suppressed_logits"),
    ] = ()
    suppressed_logits: Annotated[
        tuple[float, ...], Column("their entries of the head's map", type="float32")
    ] = ()


@dataclass(frozen=True, slots=True)
class HeadMap:
    """The salient mappings of one head, most salient first."""

    head: Head
    mappings: tuple[Mapping, ...]


@dataclass(frozen=True, slots=True)
class OperationScore:
    """How strongly one head implements one operation (definitions section 2; MAPS section 4.1).

    ``hits`` and ``suppression_hits`` count pairs whose target is among the ``k`` largest (smallest)
    entries of the source's row; the scores are these counts divided by ``n_pairs``. ``specific_hits`` and
    ``specific_suppression_hits`` count them in the rows of the specific part, and are None where the view of
    the map has none. What was not computed, as in maps of older versions, is None.
    """

    head: Head
    operation: Annotated[str, Column("name, such as `country_to_capital`")]
    category: Annotated[
        str,
        Column("one of the eight built-in ones, such as `knowledge`, or what the user's file says"),
    ]
    hits: Annotated[
        int,
        Column(
            "share of the pairs whose target is among the k largest entries of the source's row",
            name="score",
            share_of="n_pairs",
        ),
    ]
    suppression_hits: Annotated[
        int,
        Column(
            "share of the pairs whose target is among the k smallest",
            name="suppression_score",
            share_of="n_pairs",
        ),
    ]
    k: Annotated[int, Column("the k of this operation")]
    n_pairs: Annotated[int, Column("pairs that counted; `score * n_pairs` is a whole number")]
    specific_hits: Annotated[
        int | None,
        Column("`score` of the specific part of the map", name="specific_score", share_of="n_pairs"),
    ] = None
    specific_suppression_hits: Annotated[
        int | None,
        Column(
            "`suppression_score` of the specific part",
            name="specific_suppression_score",
            share_of="n_pairs",
        ),
    ] = None
    shuffled_score: Annotated[
        float | None, Column("share of the mismatched pairs that count as a pair does for `score`")
    ] = None
    shuffled_suppression_score: Annotated[float | None, Column("likewise for `suppression_score`")] = None
    specific_shuffled_score: Annotated[float | None, Column("likewise for `specific_score`")] = None
    specific_suppression_shuffled_score: Annotated[
        float | None, Column("likewise for `specific_suppression_score`")
    ] = None
    above_chance: Annotated[
        bool | None,
        Column(
            "whether the leading score (`specific_score`, without one `score`) is above its shuffled score"
            " beyond chance, over all heads and operations of the map"
        ),
    ] = None
    suppression_above_chance: Annotated[bool | None, Column("likewise for the leading suppression score")] = (
        None
    )

    @property
    def score(self) -> float:
        """Share of pairs promoted into the top k."""
        return self.hits / self.n_pairs

    @property
    def suppression_score(self) -> float:
        """Share of pairs suppressed into the bottom k."""
        return self.suppression_hits / self.n_pairs

    @property
    def promotion(self) -> EndScore:
        """The leading score: of the specific part, or of the map where the view has no such part."""
        if self.specific_hits is None:
            return EndScore(self.hits, self.n_pairs, self.shuffled_score, self.above_chance)
        return EndScore(self.specific_hits, self.n_pairs, self.specific_shuffled_score, self.above_chance)

    @property
    def suppression(self) -> EndScore:
        """The leading suppression score, likewise."""
        hits, shuffled = self.specific_suppression_hits, self.specific_suppression_shuffled_score
        if hits is None:
            hits, shuffled = self.suppression_hits, self.shuffled_suppression_score
        return EndScore(hits, self.n_pairs, shuffled, self.suppression_above_chance)

    @property
    def kind(self) -> ScoreKind:
        """What findings go by: beyond shuffled where the map has a specific part, else as it is counted."""
        return "raw" if self.specific_hits is None else "beyond-shuffled"

    @property
    def effect(self) -> float:
        """The score that findings go by."""
        return self.promotion.by(self.kind)

    @property
    def suppression_effect(self) -> float:
        """The suppression score that findings go by."""
        return self.suppression.by(self.kind)

    @property
    def low(self) -> Annotated[float, Column("lower end of the leading score's 95% interval (Wilson)")]:
        """Lower end of the 95% interval of ``promotion``."""
        return self.promotion.interval[0]

    @property
    def high(self) -> Annotated[float, Column("upper end")]:
        """Its upper end."""
        return self.promotion.interval[1]

    @property
    def suppression_low(
        self,
    ) -> Annotated[float, Column("lower end of the leading suppression score's 95% interval")]:
        """Lower end of the 95% interval of ``suppression``."""
        return self.suppression.interval[0]

    @property
    def suppression_high(self) -> Annotated[float, Column("upper end")]:
        """Its upper end."""
        return self.suppression.interval[1]


@dataclass(frozen=True, slots=True)
class SkippedOperation:
    """An operation that too few pairs of the tokenizer's vocabulary support (fewer than 30)."""

    operation: str
    category: str
    n_pairs: int
    needed: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that an LLM call used, as the server reports them; None where it says nothing.

    ``estimated``: it says nothing, or nothing that can be true, and the counts are estimated from the texts.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    estimated: bool = False
