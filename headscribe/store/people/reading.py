"""Files of labels, whatever their format, as rows with the same names; nothing in them is believed yet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from headscribe.core.people import Problem
from headscribe.store.people.label_studio import exported_rows, flat_row
from headscribe.store.people.sheets import typed_cell
from headscribe.store.text import clean

PAGE_KIND = "headscribe-labels"
"""What the annotation page's download says it is."""

LARGEST = 256 << 20
"""Bytes of a file that is still read."""

ANSWERS = (
    "item",
    "annotator",
    "export",
    "content_hash",
    "schema_version",
    "pattern_visible",
    "description_fits",
    "comment",
)
"""The fields that a label is made of."""


class AnswerRow(NamedTuple):
    """One row of a file: its place from 1 (a spreadsheet's row, a line, a task), and its fields as found."""

    file: str
    place: int
    fields: dict[str, Any]

    @property
    def raw(self) -> str:
        """The fields that matter, as JSON."""
        kept = {name: self.fields[name] for name in ANSWERS if name in self.fields}
        return clean(json.dumps(kept, ensure_ascii=False, default=str))

    def problem(self, code: str, what: str, do: str, *, rejected: bool = True) -> Problem:
        """Something that is wrong with this row."""
        return Problem(self.file, self.place, code, what, do, self.raw, rejected)


def read_file(path: Path) -> Iterator[AnswerRow | Problem]:
    """The rows of a file of labels; a ``Problem`` in place of each that is none.

    The format is seen from the content: the page's JSON, JSON lines, Label Studio's JSON, or CSV with commas,
    semicolons or tabs.
    """
    name = str(path)
    try:
        if path.stat().st_size > LARGEST:
            yield Problem(name, 0, "too-large", "too large for a file of labels", "Give the file of labels")
            return
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        yield Problem(name, 0, "unreadable", "not UTF-8 text", "Save it as CSV UTF-8, or as JSON")
        return
    except OSError as error:
        yield Problem(name, 0, "unreadable", f"cannot be read: {error.strerror}", "Give a file of labels")
        return
    start = text.lstrip()[:1]
    if not start:
        yield Problem(name, 0, "empty", "the file is empty", "Save the labels again")
    elif start == "[":
        yield from _label_studio(name, text)
    elif start == "{":
        yield from _page_or_lines(name, text)
    else:
        yield from _csv(name, text)


def _label_studio(name: str, text: str) -> Iterator[AnswerRow | Problem]:
    tasks = _json(text)
    if not isinstance(tasks, list):
        yield Problem(name, 0, "unreadable", "damaged JSON", "Export it from Label Studio again")
        return
    for place, fields in exported_rows(tasks):
        yield AnswerRow(name, place, fields)


def _page_or_lines(name: str, text: str) -> Iterator[AnswerRow | Problem]:
    whole = _json(text)
    if isinstance(whole, dict) and whole.get("kind") == PAGE_KIND:
        labels = whole.get("labels")
        if not isinstance(labels, list):
            yield Problem(name, 0, "unreadable", "no labels in it", "Download it from the page again")
            return
        same = {key: whole.get(key) for key in ("annotator", "export", "content_hash", "schema_version")}
        for place, label in enumerate(labels, 1):
            yield AnswerRow(name, place, same | (label if isinstance(label, dict) else {}))
        return
    for place, line in enumerate(text.split("\n"), 1):
        if line.strip():
            fields = _json(line)
            if isinstance(fields, dict):
                yield AnswerRow(name, place, flat_row(fields))
            else:
                raw = clean(line[:10_000])
                yield Problem(name, place, "unreadable", "not a JSON object", "Mend or remove the line", raw)


def _csv(name: str, text: str) -> Iterator[AnswerRow | Problem]:
    csv.field_size_limit(2**31 - 1)
    first = text.split("\n", 1)[0]
    for delimiter in ",;\t":
        columns = next(csv.reader([first], delimiter=delimiter), [])
        if "item" in columns:
            break
    else:
        what = "neither a sheet with a column 'item' nor JSON"
        yield Problem(name, 0, "unreadable", what, "Give a file that people export made, with answers in it")
        return
    records = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    place = 1
    try:
        for place, record in enumerate(records, 2):
            cells = {key: typed_cell(cell) for key, cell in record.items() if isinstance(cell, str)}
            if any(cells.values()):
                yield AnswerRow(name, place, flat_row(cells))
    except csv.Error as error:
        yield Problem(name, place + 1, "unreadable", f"damaged CSV: {error}", "Save the sheet again")


def _json(text: str) -> Any:
    """The value, None where there is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
