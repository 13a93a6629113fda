"""What else a report can show: sections of a page, notes on a head's card, colours of the map.

Evaluation, people's judgments and look-ups each make these from their results; the report shows them all in
one way, and knows none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from headscribe.core.heads import Head


class Shaded(NamedTuple):
    """A text whose cell is coloured by a share, from 0 to 1."""

    text: str
    share: float


Cell = str | int | float | Head | Shaded | None
"""A number is shown short, a head is a link to its card, None is an empty cell. Texts are untrusted."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a caption; each row has a cell for each column.

    On a page a long table is folded under its caption, unless it is ``open``.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    open: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot as SVG that Headscribe itself drew, with a caption that says what can be read from it."""

    svg: str
    caption: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page.

    Attributes:
        key: its anchor, such as ``evaluation``.
        title: its heading.
        lead: a sentence or two that say what it shows, and on what grounds.
        tables: the numbers.
        figures: the plots.
    """

    key: str
    title: str
    lead: str
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class CardNote:
    """A line or a few on a head's card, such as what annotators said. Texts are untrusted."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Additions:
    """All that a page shows beside the run itself.

    Attributes:
        sections: in the order of the page.
        notes: per head, in the order of the card.
        colours: by what else the map of heads may be coloured: name, then a value from 0 to 1 per head.
    """

    sections: tuple[Section, ...] = ()
    notes: Mapping[Head, tuple[CardNote, ...]] = field(default_factory=dict)
    colours: Mapping[str, Mapping[Head, float]] = field(default_factory=dict)


def cell_text(cell: Cell) -> str | None:
    """A cell as it is shown; None where it is empty."""
    if cell is None:
        return None
    if isinstance(cell, Head):
        return cell.name
    if isinstance(cell, Shaded):
        return cell.text
    return f"{cell:.3g}" if isinstance(cell, float) else str(cell)


def numeric_columns(table: Table) -> list[bool]:
    """Whether a column holds numbers alone, and empty cells; such a column stands to the right."""
    columns = zip(*table.rows, strict=True) if table.rows else [()] * len(table.columns)
    filled = [[cell for cell in column if cell not in (None, "")] for column in columns]
    return [bool(cells) and all(isinstance(cell, (int, float)) for cell in cells) for cells in filled]


def interval_text(low: float | None, high: float | None) -> str | None:
    """An interval with two digits, None where there is none."""
    return None if low is None or high is None else f"[{low:.2f}, {high:.2f}]"


def capital(text: str) -> str:
    """The text with its first letter as a capital."""
    return text[0].upper() + text[1:]
