"""One operation: a named list of word pairs, where it comes from and how it is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, Strict
from pydantic_core import PydanticCustomError

from headscribe.core.chat import content_hash
from headscribe.operations.lexicon import NO_LEXICON, Lexicon

PAPER_CATEGORIES = ("algorithmic", "knowledge", "linguistic", "translation")
"""The categories of MAPS section 4.1."""

CATEGORIES = (*PAPER_CATEGORIES, "code", "commonsense", "orthography", "successor")
"""The categories of the built-in operations; a user's file may name its own."""


def _line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError
    return text


def _word(word: str) -> str:
    if not word.strip():
        raise PydanticCustomError("word", "is empty")
    if word != word.strip():
        raise PydanticCustomError("word", "has spaces around it")
    if any("\ud800" <= character <= "\udfff" for character in word):
        raise PydanticCustomError("word", "holds half a character")
    return word


_Line = Annotated[str, AfterValidator(_line)]
_Count = Annotated[int, Strict(), Field(ge=1)]
_Word = Annotated[str, AfterValidator(_word)]


@dataclass(frozen=True, slots=True)
class Operation:
    """A relation between words, given by examples (definitions section 2; MAPS section 4.1).

    The types say what a file may hold, and are checked where one is read.

    Attributes:
        name: unique name, such as ``country_to_capital``.
        category: one of ``CATEGORIES`` for built-in operations, ``user`` where a file does not say.
        version: raised whenever the pairs change.
        source: where the pairs come from, and what convention they follow.
        licence: SPDX identifier where there is one.
        k: targets counted as hits in place of the rule's k (``rules.k_for``), None to follow the rule.
        pairs: (source, target) words without surrounding spaces, in the order of the file.
        one_target: whether each source has exactly one target; checked on loading.
        notes: known limits of the list.
        definition: what it does, as in ``maps a country to its capital``; empty where a file does not say.
        lexicon: words that express it; empty where a file has none. Like the definition, it is read by
            evaluation alone and changes no score.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: _Line
    category: _Line
    version: _Count
    source: str
    licence: str
    k: _Count | None
    pairs: Annotated[tuple[tuple[_Word, _Word], ...], Field(min_length=1)]
    one_target: Annotated[bool, Strict()] = False
    notes: str = ""
    definition: str = ""
    lexicon: Lexicon = NO_LEXICON

    def digest(self) -> str:
        """SHA-256 (hex) of what determines its scores: name, category, k and pairs."""
        return content_hash(
            {
                "name": self.name,
                "category": self.category,
                "k": self.k,
                "pairs": [list(p) for p in self.pairs],
            }
        )
