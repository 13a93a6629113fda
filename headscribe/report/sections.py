"""Sections that other parts add to the report, as plain values for ``assets/sections.html.j2``."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from headscribe.core.heads import Head
from headscribe.core.sections import Cell, Figure, Section, Shaded, Table, cell_text, numeric_columns
from headscribe.report.words import line

_FOLDED = 15
"""A table of more rows stands folded under its caption."""

_PIXELS = 96 / 72
"""matplotlib's plots are measured in points."""
_VIEW_BOX = re.compile(r'<svg[^>]*\bviewBox="\s*[-\d.]+\s+[-\d.]+\s+([\d.]+)\s+([\d.]+)\s*"')


@dataclass(frozen=True, slots=True)
class ShownCell:
    """A cell as text; ``link`` is the head whose card it opens, ``shade`` its colour in tenths."""

    text: str
    number: bool = False
    link: str | None = None
    shade: int | None = None


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table of shown cells; a column is numeric where each of its cells is."""

    caption: str
    columns: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[ShownCell]]
    folded: bool


@dataclass(frozen=True, slots=True)
class ShownFigure:
    """A plot as an image: as a ``data:`` address no script in it runs and nothing in it is loaded."""

    address: str
    caption: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ShownSection:
    """A section that the template prints."""

    key: str
    title: str
    lead: str
    tables: Sequence[ShownTable]
    figures: Sequence[ShownFigure]


def shown_sections(sections: Sequence[Section], described: Collection[Head]) -> list[ShownSection]:
    """The sections with every text on one line without invisible characters.

    Args:
        sections: in the order of the page; two of one key get different anchors.
        described: heads that have a card, which cells with these heads link to.
    """
    anchors: set[str] = set()
    return [
        ShownSection(
            _anchor(section.key, anchors),
            _text(section.title),
            _text(section.lead),
            [_table(table, described) for table in section.tables],
            [_figure(figure) for figure in section.figures],
        )
        for section in sections
    ]


def _anchor(key: str, taken: set[str]) -> str:
    """An id of its own: a prefix keeps it apart from the page's own ids."""
    anchor = base = "section-" + (re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-") or "more")
    number = 1
    while anchor in taken:
        number += 1
        anchor = f"{base}-{number}"
    taken.add(anchor)
    return anchor


def _table(table: Table, described: Collection[Head]) -> ShownTable:
    columns = list(zip(map(_text, table.columns), numeric_columns(table), strict=True))
    rows = [[_cell(cell, described) for cell in row] for row in table.rows]
    return ShownTable(_text(table.caption), columns, rows, len(rows) > _FOLDED and not table.open)


def _cell(value: Cell, described: Collection[Head]) -> ShownCell:
    return ShownCell(
        _text(cell_text(value) or ""),
        number=isinstance(value, (int, float)),
        link=value.name if isinstance(value, Head) and value in described else None,
        shade=round(10 * value.share) if isinstance(value, Shaded) else None,
    )


def _figure(figure: Figure) -> ShownFigure:
    """The image with its size, so that the page does not jump when it is drawn."""
    found = _VIEW_BOX.search(figure.svg)
    width, height = (round(float(size) * _PIXELS) for size in (found.groups() if found else ("480", "300")))
    encoded = base64.b64encode(figure.svg.encode(errors="replace")).decode()
    return ShownFigure(f"data:image/svg+xml;base64,{encoded}", _text(figure.caption), width, height)


def _text(text: str) -> str:
    return line(text) or ""
