"""Texts on their way into a page: tokens once each, JSON that no browser takes for markup, short numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from headscribe.core.records import Token
from headscribe.core.tokens import plain_line, show_token

LONGEST = 20_000
"""Characters of a text that the page holds; the tables behind it have all of it."""


class TokenTable:
    """Every token once, by number, which keeps large reports small.

    Attributes:
        texts: as ``show_token`` gives them: between quotes, nothing invisible.
        ids: the tokens' ids, None for a text that is known without one.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.ids: list[int | None] = []
        self._of_token: dict[tuple[int, str], int] = {}
        self._of_text: dict[str, int] = {}

    def number(self, token: Token) -> int:
        """The number of a token."""
        key = (token.id, token.text)
        if key not in self._of_token:
            self._of_token[key] = self._of_text[token.text] = self._add(token.text, token.id)
        return self._of_token[key]

    def of_text(self, text: str) -> int:
        """The number of a token with this text, whichever it is."""
        if text not in self._of_text:
            self._of_text[text] = self._add(text, None)
        return self._of_text[text]

    def numbers(self, tokens: Iterable[Token]) -> list[int]:
        """The numbers of several."""
        return [self.number(token) for token in tokens]

    def _add(self, text: str, id: int | None) -> int:
        self.texts.append(show_token(text))
        self.ids.append(id)
        return len(self.texts) - 1


def script_json(value: Any) -> str:
    """JSON on one line that cannot end the script block it stands in: no ``<``, ``>``, ``&``; pure ASCII."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def line(text: str | None, longest: int = LONGEST) -> str | None:
    """An untrusted text on one line, without what is invisible or turns the direction of writing."""
    return None if text is None else plain_line(text, longest)


def short(number: float | None) -> float | None:
    """Four significant digits: enough to read, a third of the bytes."""
    return None if number is None or not math.isfinite(number) else float(f"{number:.4g}")
