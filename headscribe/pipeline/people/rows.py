"""Is a row of a file of answers a label? Nothing in it is believed before it is checked here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from headscribe.core.people import SCHEMA_VERSION, Label
from headscribe.core.tokens import plain_line
from headscribe.store.text import clean

_YES = frozenset({"yes", "y", "true", "1"})
_NO = frozenset({"no", "n", "false", "0"})
_LONGEST_NAME = 80


class Fault(NamedTuple):
    """Why a row cannot be taken: a word for programs, a sentence, and what to do."""

    code: str
    what: str
    do: str


def read_label(
    fields: Mapping[str, Any], hashes: Mapping[str, str], items: Collection[tuple[str, str]]
) -> Label | Fault:
    """The label that a row holds, or what is wrong with it.

    Args:
        fields: the row as found.
        hashes: content hash of every export that belongs to the run.
        items: (export, item) of every item that was exported.
    """
    export, item = _text(fields, "export"), _text(fields, "item")
    if fault := _origin_fault(fields, export, item, hashes) or _item_fault(export, item, items):
        return fault
    annotator = plain_line(_text(fields, "annotator"), _LONGEST_NAME)
    if not annotator:
        return Fault("no-annotator", "the row does not say who answered", "Fill the column annotator")
    answers = [_answer(fields, column) for column in ("pattern_visible", "description_fits")]
    for answer in answers:
        if isinstance(answer, Fault):
            return answer
    pattern, fits = (None if isinstance(answer, Fault) else answer for answer in answers)
    comment = fields.get("comment")
    return Label(export, item, annotator, pattern, fits, clean(comment) if isinstance(comment, str) else "")


def _origin_fault(
    fields: Mapping[str, Any], export: str, item: str, hashes: Mapping[str, str]
) -> Fault | None:
    version = _text(fields, "schema_version")
    if not export or not item:
        what = "the row names no item and export"
        return Fault("no-item", what, "Keep these columns as they were exported")
    if version.isdecimal() and int(version[:9]) > SCHEMA_VERSION:
        return Fault("wrong-version", "written by a newer version of Headscribe", "Upgrade Headscribe")
    if export not in hashes:
        what = f"export {plain_line(export, 40)} is not one of this run's"
        return Fault("unknown-export", what, "Name the run that it came from, or give its key with --key")
    if _text(fields, "content_hash") != hashes[export]:
        what = "the row is about other items than those exported"
        return Fault("wrong-version", what, "Keep the column content_hash as it was exported")
    return None


def _item_fault(export: str, item: str, items: Collection[tuple[str, str]]) -> Fault | None:
    if (export, item) in items:
        return None
    what = f"item {plain_line(item, 40)} is not one of export {export}'s"
    return Fault("unknown-item", what, "Keep the column item as it was exported")


def _answer(fields: Mapping[str, Any], column: str) -> bool | Fault | None:
    """Yes, no, nothing, or neither of these."""
    said = _text(fields, column).lower()
    if not said:
        return None
    if said in _YES or said in _NO:
        return said in _YES
    return Fault("bad-answer", f"'{plain_line(said, 40)}' is no answer in {column}", "Answer yes or no")


def _text(fields: Mapping[str, Any], name: str) -> str:
    """A field as text without spaces around it; empty where it is missing or no plain value."""
    value = fields.get(name)
    if value is None or isinstance(value, (dict, list, float)):
        return ""
    return clean(str(value)).strip()
