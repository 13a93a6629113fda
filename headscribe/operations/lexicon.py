"""The words by which a description expresses an operation: read by evaluation, never by a describer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field

PARTS = {"from": "sources", "to": "targets", "alone": "alone", "phrases": "phrases"}
"""The keys of a lexicon in an operation file, and the attributes that hold them."""

_Phrase = Annotated[str, Field(pattern=r"[\p{L}\p{N}]")]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """How an operation is put in words (docs/evaluate.md says how these are matched).

    A phrase is matched word by word, whatever its case. Its last word may also be in the plural, a word that
    ends in ``*`` may go on, and ``...`` stands for up to three words.

    Attributes:
        sources: what the operation starts from, such as ``country``.
        targets: what it leads to, such as ``capital``; counts only where a source leads to it.
        alone: what says enough without a source, such as ``past tense``, unless it is itself a source.
        phrases: what says everything wherever it stands, such as ``animal sound``.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    sources: Annotated[tuple[_Phrase, ...], Field(alias="from")] = ()
    targets: Annotated[tuple[_Phrase, ...], Field(alias="to")] = ()
    alone: tuple[_Phrase, ...] = ()
    phrases: tuple[_Phrase, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.alone or self.phrases or (self.sources and self.targets))


NO_LEXICON = Lexicon()


def lexicon_from_name(name: str) -> Lexicon:
    """What an operation's name gives where nobody wrote a lexicon: ``colour_to_fruit`` starts from colours.

    A name without ``_to_`` is a phrase as it stands.
    """
    source, found, target = name.lower().partition("_to_")
    words = [part.replace("_", " ").strip() for part in (source, target)]
    if found and all(words):
        return Lexicon(sources=(words[0],), targets=(words[1],))
    return Lexicon(phrases=(name.lower().replace("_", " ").strip(),))


def definition_from_name(name: str) -> str:
    """A line for an operation whose file has no definition: ``maps colour to fruit``."""
    words = name.replace("_", " ").strip()
    return f"maps {words}" if "_to_" in name else words
