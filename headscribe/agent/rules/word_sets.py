"""Closed sets of English words: number words, pronouns, months. In many heads one leads to others."""

from __future__ import annotations

import tomllib
from importlib.resources import files

_SETS: dict[str, str] = tomllib.loads(
    files("headscribe.agent.rules").joinpath("word_sets.toml").read_text(encoding="utf-8")
)


def _members() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, words in _SETS.items():
        for word in words.split():
            found[word] = (*found.get(word, ()), name)
    return found


WORD_SETS = frozenset(_SETS)
"""Names of the sets, as a sentence puts them."""

SETS_OF = _members()
"""Folded word → the sets that hold it."""
