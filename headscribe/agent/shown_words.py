"""The words of a head that tools may take and show: all but those held out for the test."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from headscribe.agent.experiments import End, Experiments
from headscribe.agent.splits import name
from headscribe.core.records import Token
from headscribe.core.spelling import spelling_family
from headscribe.prompts.variables import LONGEST_TOKEN

_SPARE = 3
"""Tokens asked for beyond those shown, per word that may not be shown: a word has a few spellings."""

_WORD = re.compile(r"\w+")


class ShownWords:
    """Reads words as tokens and prints tokens as texts; held-out words are treated as if they were none.

    Args:
        experiments: on the head.
        hidden: held-out words, as ``splits.name`` spells them.
    """

    def __init__(self, experiments: Experiments, hidden: Collection[str]) -> None:
        self._experiments, self._hidden = experiments, frozenset(hidden)
        self.spare = _SPARE * len(self._hidden)

    def allowed(self, token: Token) -> bool:
        """Whether a token may be shown."""
        return name(token) not in self._hidden

    def allows_text(self, text: str) -> bool:
        """Whether a text is free of held-out words."""
        return not any(spelling_family(word) in self._hidden for word in _WORD.findall(text))

    def token(self, word: str) -> Token | None:
        """The token, None for a word that is none and for one that may not be asked about alike."""
        token = self._experiments.token(word)
        return token if token and self.allowed(token) else None

    def tokens(self, words: Sequence[str]) -> tuple[list[Token], dict[str, list[str]]]:
        """The tokens that may be asked about, and what is said of the other words."""
        found = {word: self.token(word) for word in dict.fromkeys(words)}
        usable = [token for token in found.values() if token]
        return usable, unusable(word for word, token in found.items() if not token)

    def end(self, key: str, end: End, most: int) -> dict[str, Any]:
        """The first tokens of an end under a key, and beside them their strengths, where there are some."""
        shown = [place for place, token in enumerate(end.tokens) if self.allowed(token)][:most]
        found: dict[str, Any] = {key: [text_of(end.tokens[place]) for place in shown]}
        if end.strengths:
            found[f"{key}, in σ"] = [round(end.strengths[place], 1) for place in shown]
        return found


def unusable(words: Iterable[str]) -> dict[str, list[str]]:
    """Words without an answer; why is left open, so that the held-out ones do not stand out."""
    listed = list(dict.fromkeys(words))
    return {"not available, or not one token": listed} if listed else {}


def text_of(token: Token) -> str:
    """A token's text, shortened where it is too long for a prompt."""
    return token.text if len(token.text) <= LONGEST_TOKEN else token.text[:LONGEST_TOKEN] + "…"
