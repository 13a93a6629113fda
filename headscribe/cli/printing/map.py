"""What ``headscribe map`` prints."""

from __future__ import annotations

from collections.abc import Sequence

from headscribe.cli.show import print_table
from headscribe.core.parts import TakenApart
from headscribe.core.records import HeadMap, Token
from headscribe.core.tokens import show_token

SHOWN = 40
COLUMNS = (("Head", "left"), ("Saliency", "right"), ("Source", "left"), ("Promoted", "left"))
PARTS_COLUMNS = (
    ("Head", "left"),
    ("Agreement", "right"),
    ("Beyond chance", "right"),
    ("Sharpest", "left"),
    ("Whatever the source", "left"),
    ("Share", "right"),
    ("Roles", "right"),
)


def print_maps(maps: Sequence[HeadMap]) -> None:
    """A table of the first heads, one row each; of heads taken apart, those whose rows agree most."""
    apart = [one for one in maps if isinstance(one, TakenApart)]
    if apart:
        apart.sort(key=lambda one: -(one.constant.agreement or 0))
        rows = [_parts(one) for one in apart[:SHOWN]]
        print_table("The heads whose rows agree most", PARTS_COLUMNS, rows)
    else:
        print_table("The most salient mapping of each head", COLUMNS, _salient(maps))


def _salient(maps: Sequence[HeadMap]) -> list[tuple[str, ...]]:
    return [
        (head_map.head.name, f"{row.saliency:.2f}", show_token(row.source.text), _texts(row.targets))
        for head_map in maps[:SHOWN]
        for row in head_map.mappings[:1]
    ]


def _parts(one: TakenApart) -> tuple[str, ...]:
    constant, rows = one.constant, one.ranked("sharpest")
    beyond = sum(row.by_chance < 1 for row in rows)
    sharpest = "\n".join(
        f"{show_token(row.source.text)} → {_texts(row.targets[:3])} ({row.strength:.1f} σ)"
        for row in rows[:2]
    )
    return (
        one.head.name,
        "–" if constant.agreement is None else f"{constant.agreement:.2f}",
        f"{beyond} of {len(rows)}",
        sharpest,
        _texts(constant.promoted[:3]),
        f"{constant.share:.0%}",
        str(len(one.roles)),
    )


def _texts(tokens: Sequence[Token]) -> str:
    return "  ".join(show_token(token.text) for token in tokens)
