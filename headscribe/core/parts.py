"""A head taken apart, as records (definitions section 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from headscribe.core.columns import Column
from headscribe.core.records import HeadMap, Mapping, Token

Ranking = Literal["salient", "sharpest"]


@dataclass(frozen=True, slots=True)
class PartsMapping(Mapping):
    """One source token of a head and what the head does because of it.

    ``saliency`` is the root mean square, over the targets, of the source's entries in σ, relative to their
    mean: how strongly the head acts on the token; its square is 1 on average. ``logits`` are entries of the
    specific part. Strengths are in σ: standard deviations of a target's logit over the usable sources. Of a
    spelling family one source stands, and in each list one target.
    """

    ranking: Annotated[
        Ranking,
        Column(
            "which of the head's lists: sources on which it acts most (`salient`), or of its sharpest pairs"
            " (`sharpest`); this and the next columns with `--view parts`",
        ),
    ] = "salient"
    strength: Annotated[float, Column("strength of the first target", unit="σ", type="float32")] = 0.0
    by_chance: Annotated[
        float,
        Column(
            "how many pairs of the whole map would be as sharp as the row's first if values pointed in random"
            " directions; below 1 is beyond chance",
        ),
    ] = 0.0
    strengths: Annotated[
        tuple[float, ...],
        Column("strengths of `targets`", unit="σ", type="float32", as_long_as="logits"),
    ] = ()
    suppressed_strengths: Annotated[
        tuple[float, ...],
        Column("strengths of `suppressed`", unit="σ", type="float32", as_long_as="suppressed_logits"),
    ] = ()
    own_spelling: Annotated[
        tuple[bool, ...],
        Column("which of `targets` are spellings of the source itself", as_long_as="logits"),
    ] = ()
    suppressed_own_spelling: Annotated[
        tuple[bool, ...], Column("which of `suppressed` are", as_long_as="suppressed_logits")
    ] = ()
    row_class: Annotated[
        int,
        Column(
            "sharpest rows with similar target lists have one number, 0 for that of the sharpest; -1 for"
            " salient rows"
        ),
    ] = -1
    members: Annotated[
        tuple[Token, ...],
        Column("other sources that point the same way and have no row of their own, sharpest first"),
    ] = ()


@dataclass(frozen=True, slots=True)
class ConstantPart:
    """What a head promotes and suppresses whatever the source; one target per spelling family.

    Strengths are standard deviations of the constant part's entries over the usable targets, from their mean.
    """

    share: Annotated[
        float,
        Column(
            "share of what the head writes, squared, that is the same whatever the source", type="float32"
        ),
    ]
    promoted: Annotated[
        tuple[Token, ...],
        Column(
            "the tokens that it promotes most, strongest first", ids="promoted_ids", as_long_as="strengths"
        ),
    ]
    strengths: Annotated[
        tuple[float, ...], Column("how strongly", unit="standard deviations over targets", type="float32")
    ]
    suppressed: Annotated[
        tuple[Token, ...],
        Column(
            "the tokens that it suppresses most, strongest first",
            ids="suppressed_ids",
            as_long_as="suppressed_strengths",
        ),
    ]
    suppressed_strengths: Annotated[
        tuple[float, ...], Column("how strongly", unit="standard deviations over targets", type="float32")
    ]
    agreement: Annotated[
        float | None,
        Column(
            "whether the sources of the sharpest rows lie nearer to their own targets than to other rows':"
            " from 0 to 1, 0.5 by chance; nothing with fewer than four rows",
            type="float32",
        ),
    ]
    flat_targets: Annotated[int, Column("usable targets whose logit no source moves")]
    exact: Annotated[
        bool,
        Column(
            "whether surely no pair outside the sharpest rows' sources is sharper than the last row's first"
        ),
    ]


@dataclass(frozen=True, slots=True)
class Role:
    """A direction of a head's specific part that stands out: its near sources promote its near targets.

    A source's loading is its value along the direction, in standard deviations over the usable sources. A
    target's is what one such standard deviation adds to its logit, less the mean logit. At the far end both
    are negative.
    """

    role: Annotated[int, Column("number of the role, 0 for the strongest")]
    share: Annotated[
        float, Column("share of the specific part, squared, that lies in this direction", type="float32")
    ]
    sources: Annotated[tuple[Token, ...], Column("the sources of the largest loadings")]
    source_loadings: Annotated[
        tuple[float, ...], Column("their loadings", unit="σ", type="float32", as_long_as="source_ids")
    ]
    targets: Annotated[tuple[Token, ...], Column("the targets of the largest loadings: what these promote")]
    target_loadings: Annotated[
        tuple[float, ...],
        Column("their loadings", unit="logits per σ", type="float32", as_long_as="target_ids"),
    ]
    far_sources: Annotated[tuple[Token, ...], Column("the sources of the smallest loadings")]
    far_source_loadings: Annotated[
        tuple[float, ...], Column("their loadings", unit="σ", type="float32", as_long_as="far_source_ids")
    ]
    far_targets: Annotated[
        tuple[Token, ...], Column("the targets of the smallest loadings: what those promote")
    ]
    far_target_loadings: Annotated[
        tuple[float, ...],
        Column("their loadings", unit="logits per σ", type="float32", as_long_as="far_target_ids"),
    ]


@dataclass(frozen=True, slots=True)
class TakenApart(HeadMap):
    """A head's rows, salient ones first, then the sharpest, with its constant part and its roles."""

    mappings: tuple[PartsMapping, ...]
    constant: ConstantPart
    roles: tuple[Role, ...]

    def ranked(self, ranking: Ranking) -> tuple[PartsMapping, ...]:
        """The rows of one ranking, in its order."""
        return tuple(row for row in self.mappings if row.ranking == ranking)


@dataclass(frozen=True, slots=True)
class SharpPair:
    """One entry of the standardised map: because of ``source``, the head moves ``target``'s logit.

    Attributes:
        strength: in σ, standard deviations of the target's logit over the usable sources.
        logit: what the source adds to it, compared with the mean source.
    """

    source: Token
    target: Token
    strength: float
    logit: float


@dataclass(frozen=True, slots=True)
class TokenInParts:
    """What a head does with one token, as a source or, in reverse, as a target.

    Attributes:
        token: the token.
        acting: as a source, how strongly the head acts on it (``PartsMapping.saliency``); as a target, the
            standard deviation of its logit over the usable sources.
        percentile: share of the usable tokens for which that is less.
        promoted: the targets (sources) of the largest strengths, one per spelling family.
        strengths, logits: theirs.
        suppressed: those of the smallest.
        suppressed_strengths, suppressed_logits: theirs.
        always: as a target, its entry of the constant part, in standard deviations over targets.
    """

    token: Token
    acting: float
    percentile: float
    promoted: tuple[Token, ...]
    strengths: tuple[float, ...]
    logits: tuple[float, ...]
    suppressed: tuple[Token, ...]
    suppressed_strengths: tuple[float, ...]
    suppressed_logits: tuple[float, ...]
    always: float | None = None
