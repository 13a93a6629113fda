"""What can be seen of a single token's text: its word, its kinds and its stem."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from headscribe.agent.rules.word_sets import SETS_OF
from headscribe.core.tokens import has_byte_piece

_CODE = re.compile(
    r"[a-z][A-Z]|[a-z]\.[a-z]|[A-Za-z]_|_[A-Za-z]|[A-Za-z]\s*[(){}<>\[\]=;:/\\$]+|[(){}<>\[\]=;/\\$#@]+\s*[A-Za-z]"
)
_STEM = re.compile(r"(.{3,}?)(?:(.)\2)?(?:ing|ings|ed|er|ers|est|ly|ness|es|s|e|y|ies|ied|ier|iest|ily)")
_SCRIPTS = {
    "CJK": "Chinese characters",
    "HIRAGANA": "Japanese kana",
    "KATAKANA": "Japanese kana",
    "HANGUL": "Korean letters",
    "FULLWIDTH": "full-width letters",
    "HALFWIDTH": "Japanese kana",
}


@dataclass(frozen=True, slots=True)
class TokenShape:
    """One token as the rules see it.

    Attributes:
        text: the token as it is.
        word: without the space around it.
        folded: the word without regard to case.
        letters: whether the word is letters alone.
        number: the value of a word of digits, None for others.
        stem: the folded word without a common English ending.
        kinds: plural nouns that fit it, such as ``numbers`` or ``Cyrillic letters``; often none.
    """

    text: str
    word: str
    folded: str
    letters: bool
    number: int | None
    stem: str
    kinds: tuple[str, ...]


@lru_cache(maxsize=1 << 16)
def look(text: str) -> TokenShape:
    """What can be seen of a token; the same text always looks the same."""
    word = text.strip()
    folded = word.casefold()
    number = int(word) if word.isascii() and word.isdigit() and len(word) < 19 else None
    letters = word.isalpha()
    stem = _stem(folded) if letters else folded
    return TokenShape(text, word, folded, letters, number, stem, tuple(_kinds(text, word)))


def _stem(folded: str) -> str:
    """The word without one English ending and the doubled letter in front of it: stopped, stops → stop."""
    match = _STEM.fullmatch(folded)
    return match[1] + (match[2] or "") if match else folded


def _kinds(text: str, word: str) -> list[str]:
    if not word:
        return ["white space"] if text else []
    if has_byte_piece(word):
        return ["pieces of characters (incomplete UTF-8)"]
    letter = next((char for char in word if char.isalpha()), None)
    if letter is None:
        return ["numbers"] if any(char.isdigit() for char in word) else ["punctuation"]
    if not letter.isascii():
        return [_script(letter)]
    if not word.isalpha():
        return ["code"] if _CODE.search(text) else []
    return _latin_kinds(text, word)


def _latin_kinds(text: str, word: str) -> list[str]:
    kinds = [*SETS_OF.get(word.casefold(), ())]
    if not word.isascii():
        kinds.append("words with accented letters")
    if len(word) == 1:
        return [*kinds, "single letters"]
    if word.isupper():
        return [*kinds, "words in capitals"]
    if word.istitle():
        return [*kinds, "capitalised words"]
    if _CODE.search(word):
        return [*kinds, "code"]
    return kinds if text[0].isspace() else [*kinds, "pieces of words (no space in front)"]


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    """Named after the first word of the letter's Unicode name: CYRILLIC SMALL LETTER A is Cyrillic."""
    name = unicodedata.name(letter, "").split(" ")[0]
    if name in {"", "LATIN"}:
        return "words with accented letters" if name else "rare letters"
    return _SCRIPTS.get(name, f"{name.capitalize()} letters")
