"""What a template may show of the evidence, and how tokens enter a prompt."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from headscribe.core.evidence import Evidence
from headscribe.core.records import Mapping
from headscribe.prompts.parts import LONGEST_TOKEN, PARTS_VARIABLES, token_text

__all__ = ["LONGEST_TOKEN", "ROW", "VARIABLES", "JsonText", "row_of", "to_json"]


class JsonText(str):
    """Text that has become JSON, the only kind that a template may print."""

    __slots__ = ()


def to_json(value: Any) -> JsonText:
    """JSON on one line. Letters of every script stay readable; invisible characters become ``\\uXXXX``.

    So a token can neither end its own string or line, nor turn the direction of the text around it, and an
    unpaired surrogate cannot make the request impossible to encode.
    """
    text = json.dumps(value, ensure_ascii=False)
    if text.isprintable():
        return JsonText(text)
    return JsonText("".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text))


def row_of(mapping: Mapping) -> dict[str, Any]:
    """A row as templates see it; see ``ROW``."""
    return {
        "rank": mapping.rank,
        "source": token_text(mapping.source),
        "targets": [token_text(token) for token in mapping.targets],
        "suppressed": [token_text(token) for token in mapping.suppressed],
    }


ROW = ("rank", "source", "targets", "suppressed")
"""What a template may ask of a row of ``mappings`` or ``contrast``."""

VARIABLES: dict[str, Callable[[Evidence], Any]] = {
    "mappings": lambda evidence: [row_of(mapping) for mapping in evidence.mappings],
    "sources": lambda evidence: [token_text(mapping.source) for mapping in evidence.mappings],
    "contrast": lambda evidence: [[row_of(mapping) for mapping in rows] for rows in evidence.contrast],
    **PARTS_VARIABLES,
}
"""The variables that a template may name, each made from the evidence alone."""
