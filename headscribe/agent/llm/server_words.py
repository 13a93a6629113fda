"""The body of an error, in whichever of the many shapes servers give it, as words and codes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_DEEPEST = 8
_MOST = 20
_LONGEST = 4_000
_WORDS = ("error", "detail", "message", "msg", "errors", "error_message", "title")
"""Where words stand, outermost first: OpenAI, LM Studio, TGI, FastAPI, Mistral, Gemini."""
_CODES = ("code", "type", "status", "reason", "error_type")
_TAG = re.compile(r"(?s)<(script|style|head)\b.*?</\1\s*>|<[^>]{0,500}>")


@dataclass(frozen=True, slots=True)
class ServerWords:
    """What a server says about a request that it did not answer.

    Attributes:
        message: its own words; empty where it has none.
        param: the parameter that it names, else empty.
        codes: what it says for machines, in lower case: ``insufficient_quota``, ``content_filter``, ``429``.
        asks_to_wait: seconds, where the body says so (Gemini).
        moderated: it says that somebody's rules on content forbid the prompt (OpenRouter).
    """

    message: str = ""
    param: str = ""
    codes: frozenset[str] = frozenset()
    asks_to_wait: float | None = None
    moderated: bool = False

    @property
    def complaint(self) -> str:
        """Parameter and words together, for looking up what is refused."""
        return f"{self.param} {self.message}".strip()


def read_words(body: Any) -> ServerWords:
    """What an error's body says: JSON of any shape as text or as data, a page in HTML, or plain text.

    Never raises. ``{"error": {"message": …}}`` (OpenAI), ``{"error": "…"}`` (LM Studio, TGI),
    ``{"detail": …}`` (FastAPI, also with a list of fields), ``{"message": {"detail": …}}`` (Mistral),
    ``[{"error": …}]`` (Gemini).
    """
    if isinstance(body, bytes):
        body = body.decode(errors="replace")
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except (ValueError, RecursionError):
            return ServerWords(_TAG.sub(" ", body[: 10 * _LONGEST])[:_LONGEST].strip())
    fields = list(_fields(body, _DEEPEST))
    waits = (_seconds(value) for key, value in fields if key == "retryDelay")
    return ServerWords(
        message=_message(body, _DEEPEST)[:_LONGEST],
        param=next((value for key, value in fields if key == "param" and isinstance(value, str)), "")[:100],
        codes=frozenset(
            str(value).lower()[:100]
            for key, value in fields
            if key in _CODES and isinstance(value, str | int)
        ),
        asks_to_wait=next((wait for wait in waits if wait is not None), None),
        moderated=any(key == "flagged_input" for key, _ in fields),
    )


def _message(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return value
    if depth and isinstance(value, list):
        return "; ".join(text for item in value[:_MOST] if (text := _message(item, depth - 1)))
    if not depth or not isinstance(value, dict):
        return ""
    words = next((text for key in _WORDS if (text := _message(value.get(key), depth - 1))), "")
    if isinstance(place := value.get("loc"), list):  # of a field that FastAPI or Mistral refuse
        return f"{'.'.join(str(part) for part in place[:_MOST])}: {words}"
    raw = value["metadata"].get("raw") if isinstance(value.get("metadata"), dict) else None
    if isinstance(raw, str) and raw.strip():  # OpenRouter, of the provider behind it
        return f"{words}: {read_words(raw).message or raw}"
    return words


def _fields(value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """Every key of the objects in JSON data with its value, outermost first."""
    if not depth:
        return
    if isinstance(value, dict):
        yield from value.items()
        value = list(value.values())
    if isinstance(value, list):
        for inner in value[:_MOST]:
            yield from _fields(inner, depth - 1)


def _seconds(text: Any) -> float | None:
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)s", text) if isinstance(text, str) else None
    return float(found[1]) if found else None
