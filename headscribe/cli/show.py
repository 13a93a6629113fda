"""Printing for people and for programs: tables on stdout, notes on stderr, one JSON document on request."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import typer

from headscribe.core.plain import json_data
from headscribe.core.prices import dollars
from headscribe.core.tokens import plain_line

if TYPE_CHECKING:
    from rich.console import Console

    from headscribe.core.sections import Section, Table

_BETWEEN = 3  # screen cells between two columns
_LONGEST_CELL = 200
_LONGEST_WORD = 36  # a longer word (a path, a token) is folded where the screen is narrow


def out() -> Console:
    """The console of results: stdout."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


def err() -> Console:
    """The console of notes, progress and errors: stderr."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def counted(number: int, noun: str) -> str:
    """A number with its noun: 1 head, 270 heads."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def print_json(value: Any) -> None:
    """Write one JSON document, of data or records, and nothing else to stdout."""
    json.dump(json_data(value), sys.stdout, ensure_ascii=True, allow_nan=False, indent=2)
    sys.stdout.write("\n")


def left(*names: str) -> tuple[tuple[str, str], ...]:
    """Columns of a table whose cells begin at the left."""
    return tuple((name, "left") for name in names)


def right(*names: str) -> tuple[tuple[str, str], ...]:
    """Columns of a table whose cells end at the right, as numbers do."""
    return tuple((name, "right") for name in names)


def print_table(title: str, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; cells are plain text, so that markup inside tokens and descriptions stays text.

    Names and numbers stay whole: the table is wider than a screen that is too narrow for the longest words.

    Args:
        title: stands above the table.
        columns: (name, ``left`` or ``right``) of each.
        rows: one cell per column; None prints as ``–``.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    texts = [["–" if cell is None else str(cell) for cell in row] for row in rows]
    held = [[name, *(row[place] for row in texts)] for place, (name, _) in enumerate(columns)]
    rights = [side == "right" for _, side in columns]
    screen = out()
    widths = _widths(held, rights, screen.width - _BETWEEN * len(columns))
    table = RichTable(box=SIMPLE_HEAD, pad_edge=False)
    for (name, _), right, width in zip(columns, rights, widths, strict=True):
        table.add_column(name, justify="right" if right else "left", overflow="fold", width=width)
    for row in texts:
        table.add_row(*(Text(text) for text in row))
    if title:
        screen.print(Text(title, "italic"), soft_wrap=True)
    screen.width = max(screen.width, sum(widths) + _BETWEEN * len(columns))
    screen.print(table)


def print_sections(sections: Iterable[Section], *, rows: int | None = None) -> None:
    """Print sections of a page as it shows them, but for the figures; of long tables the first ``rows``."""
    screen = out()
    for section in sections:
        screen.print(f"{section.title}\n", style="bold", soft_wrap=True)
        if section.lead:
            # Words are kept whole on a screen; elsewhere a line is a line.
            screen.print(f"{section.lead}\n", soft_wrap=not screen.is_terminal)
        print_tables(section.tables, rows=rows)


def print_tables(tables: Iterable[Table], *, rows: int | None = None) -> None:
    """Print tables of a page, each under its caption; one without rows is its caption alone."""
    from headscribe.core.sections import cell_text, numeric_columns

    for table in tables:
        if not table.rows:
            typer.echo(f"{table.caption}. None.\n")
            continue
        shown, caption = table.rows[:rows], table.caption
        if len(shown) < len(table.rows):
            caption += f" ({len(shown)} of {len(table.rows)})"
        sides = ("right" if numeric else "left" for numeric in numeric_columns(table))
        columns = list(zip(table.columns, sides, strict=True))
        print_table(caption, columns, [[_short(cell_text(cell)) for cell in row] for row in shown])


def _short(text: str | None) -> str | None:
    """A cell's text on one line; the tables on disk have all of it."""
    return None if text is None else plain_line(text, _LONGEST_CELL)


def _widths(held: Sequence[Sequence[str]], rights: Sequence[bool], room: int) -> list[int]:
    """Screen cells of each column: its longest word (justified right: text), and a share of the rest."""
    from rich.cells import cell_len

    full = [max(cell_len(text) for text in texts) for texts in held]
    word = [max((cell_len(word) for text in texts for word in text.split()), default=1) for texts in held]
    widths = [
        most if right else min(longest, _LONGEST_WORD)
        for most, longest, right in zip(full, word, rights, strict=True)
    ]
    spare = room - sum(widths)
    # Those that want least more are served first, so that what they leave goes to the long sentences.
    for done, place in enumerate(sorted(range(len(full)), key=lambda place: full[place] - widths[place])):
        more = max(0, min(full[place] - widths[place], spare // (len(full) - done)))
        widths[place] += more
        spare -= more
    return widths


def money(amount: float | None) -> str:
    """US dollars with as many digits as a small amount needs; ``not known`` for None."""
    return "not known" if amount is None else dollars(amount)
