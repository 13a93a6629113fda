"""Text on its way into files: valid UTF-8 whatever a tokenizer or an LLM produced, and never a key."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from headscribe.core.secrets import hide_keys

_SECRET_OPTION = re.compile(r"((?:api[-_]?key|token|secret|password)[=\s]+)\S+", re.IGNORECASE)


def clean(text: str) -> str:
    """The text with halves of surrogate pairs, which UTF-8 cannot hold, replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def clean_values(values: Sequence[Any]) -> Sequence[Any]:
    """Texts, or lists of texts, likewise; all at once, since hardly any needs it."""
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return [_cleaned(value) for value in values]
    return values


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    return [_cleaned(inner) for inner in value] if isinstance(value, list | tuple) else value


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces: equal values, and only they, give equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def without_keys(command: str) -> str:
    """A typed command with all that may be a key, and what follows words such as ``api_key``, as ``***``."""
    return _SECRET_OPTION.sub(r"\1***", hide_keys(command, "***"))
