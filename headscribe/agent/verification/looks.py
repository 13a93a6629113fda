"""What a row of source and targets looks like, whatever it says: what a distractor has to share with it."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from headscribe.agent.splits import name
from headscribe.core.parts import PartsMapping
from headscribe.core.records import Mapping

Spelling = tuple[bool, str, str]

_BEGINNING = 3


class Look(NamedTuple):
    """How a row is spelled.

    Attributes:
        copies: how many of the targets are spellings of the source or begin like it; three stands for more.
        source: the source's spelling.
        targets: the commonest spelling among the targets.
    """

    copies: int
    source: Spelling
    targets: Spelling


@dataclass(frozen=True, slots=True)
class SeenRow:
    """A row of another head with its look, its words (of the source, and of all tokens) and its strength."""

    row: Mapping
    look: Look
    word: str
    words: frozenset[str]
    strength: float


@lru_cache(maxsize=1 << 16)
def spelling(text: str) -> Spelling:
    """Whether a space begins a token, its case, and the script of its first letter (or its kind of sign)."""
    word = text.strip()
    letter = next((char for char in word if char.isalpha()), "")
    if not letter:
        return text[:1].isspace(), "none", unicodedata.category((word or " ")[0])
    case = "upper" if len(word) > 1 and word.isupper() else "title" if word[0].isupper() else "lower"
    return text[:1].isspace(), case, unicodedata.name(letter, "").partition(" ")[0]


def look_of(row: Mapping) -> Look:
    """A row's look; it has targets."""
    source = name(row.source)
    commonest = Counter(spelling(token.text) for token in row.targets).most_common(1)[0][0]
    copies = sum(_begin_alike(source, name(token)) for token in row.targets)
    return Look(min(3, copies), spelling(row.source.text), commonest)


def _begin_alike(one: str, other: str) -> bool:
    """Whether two words are the same, or have their first three letters in common."""
    return one == other or (len(one) >= _BEGINNING <= len(other) and one[:_BEGINNING] == other[:_BEGINNING])


def strength_of(row: Mapping) -> float:
    """In σ, how strong a row is; 0 where the map does not say."""
    return row.strength if isinstance(row, PartsMapping) else 0.0


def seen_rows(rows: Sequence[Mapping]) -> tuple[SeenRow, ...]:
    """The rows that have targets, looked at; those of a head are looked at once, however often it is used."""
    return _seen_rows(_Same(rows))


class _Same:
    """Rows that are compared by identity: comparing what they say would take longer than looking at them."""

    __slots__ = ("rows",)

    def __init__(self, rows: Sequence[Mapping]) -> None:
        self.rows = rows

    def __hash__(self) -> int:
        return id(self.rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.rows is other.rows


@lru_cache(maxsize=256)
def _seen_rows(same: _Same) -> tuple[SeenRow, ...]:
    return tuple(
        SeenRow(
            row,
            look_of(row),
            name(row.source),
            frozenset(name(token) for token in (row.source, *row.targets, *row.suppressed)),
            strength_of(row),
        )
        for row in same.rows
        if row.targets
    )
