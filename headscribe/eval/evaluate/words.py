"""A description as words: sentences and clauses, without its examples."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

QUOTED = (
    r"(?<!\w)(?:'(?:[^'\\\n]|\\.|(?<=\w)'(?=\w)){1,80}'"
    r"|\"(?:[^\"\\\n]|\\.){1,80}\"|“[^”\n]{1,80}”|`[^`\n]{1,80}`)(?!\w)"
)
ARROW = r"\s*(?:→|⇒|->|=>|-->)\s*"
_LIST = re.compile(rf"{QUOTED}(?:(?:{ARROW}|\s*[,/]\s*(?:(?:and|or)\s+)?|\s+(?:and|or|vs\.?)\s+){QUOTED})+")
"""Several quoted texts in a row are examples. One alone may be a word that the writer stresses."""

_EXAMPLE = re.compile(
    rf"(?:\be\.g\.,?|\bfor example,?|\bsuch as|\blike){ARROW[:-3]}\s*{QUOTED}", re.IGNORECASE
)
_SHORT_FORM = re.compile(r"\b(?:e\.g\.|i\.e\.|etc\.|U\.S\.A?\.?)", re.IGNORECASE)
_WORD = re.compile(
    r"(?P<not>\w+n['’]t\b)|['’]s\b|[^\W_]+|(?P<arrow>→|⇒|-->|->|=>)|(?P<end>[.!?](?=\s|$)|;)|(?P<clause>[,:()—])"
)


def word_set(words: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(words.split())


_TAKES_TO = word_set(
    "related relating similar belonging belong belongs corresponding corresponds according close relevant "
    "relative equivalent referring refers refer pertaining connected tied compared attending attends attend "
    "due specific applied identical opposed respect"
)
"""After these, ``to`` does not lead from a source to a target."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a description.

    Attributes:
        text: in small letters; ``→`` for every arrow, ``not`` for words that end in n't.
        start: where it begins in the description.
        end: where it ends.
        clause: counts commas, colons and brackets within the sentence.
        leads: whether it leads from a source to a target: ``to``, ``into``, an arrow.
    """

    text: str
    start: int
    end: int
    clause: int
    leads: bool


Sentence = tuple[Word, ...]


def sentences(description: str) -> list[Sentence]:
    """The words of a description by sentence; quoted examples are left out."""
    found: list[Sentence] = []
    words: list[Word] = []
    clause = 0
    for match in _WORD.finditer(_without_examples(description)):
        if match["end"]:
            found.append(tuple(words))
            words, clause = [], 0
        elif match["clause"]:
            clause += 1
        else:
            text = "not" if match["not"] else "→" if match["arrow"] else match[0].casefold().replace("’", "'")
            before = words[-1] if words else None
            if before and before.text == "to" and text in {"which", "whom"}:
                words[-1] = replace(before, leads=False)
            leads = text in {"into", "onto", "→"} or (
                text == "to" and not (before and before.text in _TAKES_TO)
            )
            words.append(Word(text, *match.span(), clause, leads))
    return [sentence for sentence in (*found, tuple(words)) if sentence]


def _without_examples(description: str) -> str:
    """The text with blanks in place of examples, so that places stay; ``U.S.`` loses its points."""
    return _SHORT_FORM.sub(_pointless, _LIST.sub(_blank, _EXAMPLE.sub(_blank, description)))


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _pointless(match: re.Match[str]) -> str:
    if match[0][0] in "uU":
        return match[0].replace(".", "").ljust(len(match[0]))
    return _blank(match)
