"""Keys kept out of every text that is shown or written: errors, commands, replies, outcomes."""

from __future__ import annotations

import base64
import html
import json
import os
import re
from functools import lru_cache
from urllib.parse import quote, quote_plus

SHORTEST_KEY = 8
"""Shorter values of the environment are no keys; replacing them would garble ordinary text."""

_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
# Servers quote keys with their middle masked, as in sk-ab***yz. The hub id hf-internal-testing/x is no key.
_LOOK = re.compile(
    r"\b(?:(?:sk|pk|xai)[-_][A-Za-z0-9_*.-]{6,}|(?:hf|gsk)_[A-Za-z0-9*.]{6,})|(?<=\bBearer )\S+",
    re.IGNORECASE,
)
_IN_URL = re.compile(r"(?<=://)[^/@\s]+@")


def hide_keys(text: str, mark: str) -> str:
    """The text with ``mark`` in place of all that may be a key.

    Replaced are the keys of the environment, as ``hide_known_keys`` does, the usual forms of keys, what
    follows ``Bearer``, and a URL's user part.
    """
    return _IN_URL.sub(f"{mark}@", _LOOK.sub(mark, hide_known_keys(text, mark)))


def hide_known_keys(text: str, mark: str) -> str:
    """The text with ``mark`` in place of the values of the environment's variables that are named like keys.

    Also where they are written for URLs, JSON, HTML or in base64, alone or inside a longer text. Nothing else
    is touched, so that this is fit for what an LLM says.
    """
    values = (value.strip() for name, value in os.environ.items() if _NAME.search(name))
    known = _pattern(tuple(value for value in values if len(value) >= SHORTEST_KEY))
    return known.sub(mark, text) if known else text


@lru_cache(maxsize=8)
def _pattern(values: tuple[str, ...]) -> re.Pattern[str] | None:
    forms = {form for value in values for form in _forms(value) if len(form) >= SHORTEST_KEY}
    # The longest first: a form may hold another one.
    found = "|".join(map(re.escape, sorted(forms, key=len, reverse=True)))
    return re.compile(found) if found else None


def _forms(value: str) -> set[str]:
    escaped = json.dumps(value)[1:-1]
    forms = {value, escaped, escaped.replace("/", "\\/"), html.escape(value)}
    quoted = {quote(value, safe=""), quote(value), quote_plus(value)}
    forms |= quoted | {re.sub("%..", lambda code: code[0].lower(), text) for text in quoted}
    raw = value.encode(errors="surrogateescape")
    for before in range(3):  # where it begins inside the text that is encoded, modulo 3
        whole = base64.b64encode(bytes(before) + raw).decode().rstrip("=")
        # Characters that hold bits of what stands before or behind differ from text to text.
        inner = whole[-(-before * 4 // 3) : len(whole) - ((before + len(raw)) % 3 > 0)]
        forms |= {inner, inner.translate(str.maketrans("+/", "-_"))}
    return forms
