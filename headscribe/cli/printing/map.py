"""What ``headscribe map`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import typer

from headscribe.cli.show import counted, err, left, print_table, right
from headscribe.core.parts import TakenApart
from headscribe.core.records import HeadMap, Token
from headscribe.core.tokens import show_token
from headscribe.pipeline.map.warning import map_warning
from headscribe.store.map.map_dir import MapDir

SHOWN = 15
COLUMNS = (*left("Head"), *right("Saliency"), *left("Source", "Promoted"))
_ROWS, _TOKENS = 3, 4


def print_maps(maps: Sequence[HeadMap]) -> None:
    """The first heads, one row each; of heads taken apart, a few lines for those whose rows agree most.

    At the end stands how many heads there are.
    """
    apart = [one for one in maps if isinstance(one, TakenApart)]
    if apart:
        apart.sort(key=lambda one: -(one.constant.agreement or 0))
        typer.echo("The heads whose rows agree most, with their sharpest rows in standard deviations\n")
        for one in apart[:SHOWN]:
            typer.echo("\n".join(_parts(one)) + "\n")
    else:
        print_table("The most salient mapping of each head", COLUMNS, _salient(maps))


def warn_of(map_dir: MapDir) -> None:
    """Say on stderr where a map shows signs of saying little."""
    if warning := map_warning(map_dir):
        err().print(f"warning: {warning}", soft_wrap=True)


def _salient(maps: Sequence[HeadMap]) -> list[tuple[str, ...]]:
    return [
        (head_map.head.name, f"{row.saliency:.2f}", show_token(row.source.text), _texts(row.targets))
        for head_map in maps[:SHOWN]
        for row in head_map.mappings[:1]
    ]


def _parts(one: TakenApart) -> Iterator[str]:
    constant, rows = one.constant, one.ranked("sharpest")
    beyond = sum(row.by_chance < 1 for row in rows)
    agreement = "" if constant.agreement is None else f"agreement {constant.agreement:.2f}, "
    yield (
        f"{one.head.name}  {agreement}{beyond} of {len(rows)} rows beyond chance, "
        f"{counted(len(one.roles), 'role')}"
    )
    for row in rows[:_ROWS]:
        yield f"  {row.strength:4.1f} σ  {show_token(row.source.text)} → {_texts(row.targets[:_TOKENS])}"
    yield f"  {constant.share:5.0%}   whatever the source → {_texts(constant.promoted[:_TOKENS])}"


def _texts(tokens: Sequence[Token]) -> str:
    return "  ".join(show_token(token.text) for token in tokens)
