"""Which tokens are spellings of one word: the one rule, wherever variants of a word count once."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from headscribe.core.tokens import has_byte_piece


@lru_cache(maxsize=1 << 18)
def spelling_family(text: str) -> str:
    """What all spellings of a word share: its letters and digits without case, space and punctuation.

    `` France``, ``france`` and ``FRANCE,`` are one family, as are ``12`` and `` 12``; ``façade`` and
    ``facade``, ``x1`` and ``x2``, ``的`` and ``地`` are not. Characters that Unicode holds for forms of
    another (full width, ligatures, composed accents) count as that one (NFKC), and vowel signs belong to
    their letter. A text without letters and digits is a family by itself, but for the space around it; so
    is a piece of a character.

    Args:
        text: a token's text, as ``Vocabulary.text`` gives it.
    """
    if has_byte_piece(text):
        return text
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = "".join(char for char in folded if unicodedata.category(char)[0] in "LMN")
    return unicodedata.normalize("NFKC", kept) or text.strip() or text
