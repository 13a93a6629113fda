"""Finding the answer inside a chat model's text: JSON if there is any, labelled lines if not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

_MOST_STARTS = 300
_DEEPEST = 5

_STRING = r'"(?:[^"\\]|\\.)*"'
_OBJECT_START = re.compile(r"\{\s*(?:[\"'“]|\Z)")
_DECODER = json.JSONDecoder(strict=False)


def find_fields(
    text: str, names: Sequence[str], needed: Sequence[str], *, forgive: bool = True
) -> dict[str, str]:
    """The wanted fields of the last JSON object in the text that holds one of the needed ones.

    Looks through prose, code fences, lists and wrappers such as ``{"answer": {…}}``; keys may differ in case,
    number and punctuation. The last object counts, as models draft first and answer last. A JSON Schema that
    is echoed is no answer. Where nothing is valid JSON, its faults are forgiven, but a missing end.

    Args:
        text: the reply, as untrusted as whoever wrote it.
        names: the fields of the reply schema.
        needed: those without which an object is no answer.
        forgive: False for a reply that ran into its limit: only valid JSON shows that its answer is whole.

    Returns:
        field → text, with blank and non-text values left out; empty if there is no such object.
    """
    sources: tuple[Iterator[Any], ...] = (_objects(text), *([_repaired(text)] if forgive else []))
    for objects in sources:
        found: dict[str, str] = {}
        for outer in objects:
            for inner in _nested(outer):
                fields = _wanted(inner, names)
                if any(name in fields for name in needed):
                    found = fields
        if found:
            return found
    return {}


def find_value(text: str, name: str) -> Any:
    """One field of the last JSON object in the text that holds it, of any type; None if there is none.

    Objects are looked for, and faults of JSON forgiven, as in ``find_fields``.
    """
    for objects in (_objects(text), _repaired(text)):
        values = [
            value
            for outer in objects
            for inner in _nested(outer)
            for key, value in inner.items()
            if _field(str(key), (name,))
        ]
        if values:
            return values[-1]
    return None


def find_labelled(text: str, names: Sequence[str]) -> dict[str, str]:
    """The wanted fields of lines like ``Inputs: …`` or ``**Pattern:** …``; a value runs to the next label."""
    known = "|".join(re.escape(name) for name in names)
    label = re.compile(
        rf"^[ \t*_#>\"'`.\d-]*({known})s?[ \t*_\"'`]*[:：][*_ \t]*", re.IGNORECASE | re.MULTILINE
    )
    labels = list(label.finditer(text))
    ends = [match.start() for match in labels[1:]] + [len(text)] * bool(labels)
    pairs = ((match[1].lower(), text[match.end() : end]) for match, end in zip(labels, ends, strict=True))
    return {name: value.strip(" \t\r\n\"'`*_,{}") for name, value in pairs if value.strip()}


def is_cut(text: str) -> bool:
    """Whether a JSON object begins in the text and never ends."""
    start = _OBJECT_START.search(text)
    if not start:
        return False
    depth = 0
    bare = re.sub(rf"{_STRING}", "", text[start.start() :], flags=re.DOTALL)
    for char in bare.split('"', 1)[0]:
        depth += (char == "{") - (char == "}")
        if depth == 0:
            return False
    return True


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The outermost valid JSON objects, in order."""
    end = 0
    for match in list(re.finditer(r"\{", text))[-_MOST_STARTS:]:
        if match.start() < end:
            continue
        try:
            value, end = _DECODER.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            continue
        yield value


def _repaired(text: str) -> Iterator[Any]:
    """What stands between the first and the last brace, its faults forgiven; nothing of a cut object.

    An object that begins and never ends would be completed, and what it lacks taken for an answer.
    """
    first, last = text.find("{"), text.rfind("}")
    if not 0 <= first < last or text.count("{") > _MOST_STARTS or is_cut(text):
        return
    import json_repair

    try:
        yield json_repair.loads(text[first : last + 1], skip_json_loads=True)
    except (ValueError, RecursionError):
        return


def _nested(value: Any, depth: int = 0) -> Iterator[dict[Any, Any]]:
    """An object and the objects inside it, outermost last, so that the outermost wins."""
    if depth > _DEEPEST or not isinstance(value, dict | list):
        return
    if isinstance(value, dict) and isinstance(value.get("properties"), dict):
        return
    for inner in value.values() if isinstance(value, dict) else value:
        yield from _nested(inner, depth + 1)
    if isinstance(value, dict):
        yield value


def _wanted(found: dict[Any, Any], names: Sequence[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for key, value in found.items():
        text = " ".join(value) if _is_texts(value) else value
        name = _field(str(key), names)
        if name and isinstance(text, str) and text.strip() and (name not in fields or key == name):
            fields[name] = text
    return fields


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _field(key: str, names: Sequence[str]) -> str | None:
    """The field that a key means: ``Inputs:``, ``input`` and ``inputs_sentence`` are all ``inputs``."""
    plain = re.sub(r"[^a-z]", "", key.lower())
    return next((name for name in names if plain.startswith(name.rstrip("s"))), None)
