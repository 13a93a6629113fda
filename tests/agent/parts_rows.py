"""Rows, constant parts and roles as they come out of a head taken apart, made by hand."""

from __future__ import annotations

from headscribe.core.parts import ConstantPart, PartsMapping, Ranking, Role
from headscribe.core.records import Token

IDS: dict[str, int] = {}


def token(text: str) -> Token:
    return Token(IDS.setdefault(text, len(IDS)), text)


def tokens(texts: str) -> tuple[Token, ...]:
    return tuple(token(f" {text}") for text in texts.split())


def parts_row(
    rank: int,
    source: str,
    targets: str,
    *,
    suppressed: str = "",
    members: str = "",
    ranking: Ranking = "sharpest",
    row_class: int = 0,
    strength: float = 7.0,
) -> PartsMapping:
    promoted, lowered = tokens(targets), tokens(suppressed)
    return PartsMapping(
        rank=rank,
        source=token(f" {source}"),
        saliency=1.5,
        targets=promoted,
        logits=(2.0,) * len(promoted),
        suppressed=lowered,
        suppressed_logits=(-2.0,) * len(lowered),
        ranking=ranking,
        strength=strength,
        strengths=(7.0,) * len(promoted),
        suppressed_strengths=(-6.0,) * len(lowered),
        own_spelling=(False,) * len(promoted),
        suppressed_own_spelling=(False,) * len(lowered),
        row_class=row_class if ranking == "sharpest" else -1,
        members=tokens(members),
    )


def constant_part(promoted: str = "", suppressed: str = "", share: float = 0.3) -> ConstantPart:
    up, down = tokens(promoted), tokens(suppressed)
    return ConstantPart(
        share=share,
        promoted=up,
        strengths=(5.0,) * len(up),
        suppressed=down,
        suppressed_strengths=(-5.0,) * len(down),
        agreement=0.8,
        flat_targets=0,
        exact=True,
    )


def role(number: int, sources: str, targets: str, far_sources: str, far_targets: str) -> Role:
    near, written, far, far_written = map(tokens, (sources, targets, far_sources, far_targets))
    return Role(
        role=number,
        share=0.2,
        sources=near,
        source_loadings=(4.0,) * len(near),
        targets=written,
        target_loadings=(0.6,) * len(written),
        far_sources=far,
        far_source_loadings=(-4.0,) * len(far),
        far_targets=far_written,
        far_target_loadings=(-0.6,) * len(far_written),
    )
