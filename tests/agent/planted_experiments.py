"""Experiments on a head that maps countries to capitals, made up rather than computed."""

from __future__ import annotations

from collections.abc import Sequence

from headscribe.agent.experiments import PairStrength
from headscribe.core.errors import BadOption
from headscribe.core.evidence import Evidence
from headscribe.core.records import Mapping, Token

CAPITALS = {
    "France": "Paris", "Japan": "Tokyo", "Spain": "Madrid", "Italy": "Rome", "Egypt": "Cairo",
    "Russia": "Moscow", "Cuba": "Havana", "Peru": "Lima", "Norway": "Oslo", "Kenya": "Nairobi",
    "Greece": "Athens", "Iran": "Tehran", "Iraq": "Baghdad", "Ireland": "Dublin", "Poland": "Warsaw",
    "Qatar": "Doha", "Chad": "Juba", "Ghana": "Accra",
}  # fmt: skip
WORDS = [*CAPITALS, *CAPITALS.values(), "void"]
TOKENS = {word: Token(id, f" {word}") for id, word in enumerate(WORDS)}


def mapping(source: str, target: str, rank: int = 0) -> Mapping:
    return Mapping(rank, TOKENS[source], 2.0, (TOKENS[target],), (3.0,), (TOKENS[source],), (-3.0,))


EVIDENCE = Evidence(
    tuple(mapping(source, target, rank) for rank, (source, target) in enumerate(CAPITALS.items())),
    others=tuple(
        tuple(mapping(source, target) for source, target in zip(CAPITALS, shifted, strict=True))
        for shifted in (list(CAPITALS), list(reversed(CAPITALS.values())))
    ),
)


class CapitalHead:
    """``Experiments``; ``asked`` counts what is really run."""

    n_others, k = 2, 10

    def __init__(self) -> None:
        self.asked: list[str] = []

    def token(self, word: str) -> Token | None:
        return TOKENS.get(word.strip())

    def rows(self, tokens: Sequence[Token], top: int, *, other: int | None = None) -> list[Mapping]:
        self.asked.append("rows")
        found = []
        for token in tokens:
            word = token.text.strip()
            if word == "void":
                raise BadOption("the vector of token 36 (L3H7) is zero")
            ends = [TOKENS[CAPITALS.get(word, word)] if other is None else TOKENS["Rome"], *TOKENS.values()]
            rest = list(dict.fromkeys(ends))[:top]
            found.append(Mapping(0, token, 2.0, tuple(rest), (1.0,) * len(rest), tuple(rest[::-1]), ()))
        return found

    def sources(self, token: Token, top: int) -> tuple[Token, ...]:
        self.asked.append("sources")
        return tuple(TOKENS.values())[:top]

    def pairs(self, pairs: Sequence[tuple[Token, Token]]) -> list[PairStrength]:
        self.asked.append("pairs")
        return [
            PairStrength(CAPITALS.get(source.text.strip()) == target.text.strip(), source == target)
            for source, target in pairs
        ]
