"""Experiments on a head that maps countries to capitals, made up rather than computed."""

from __future__ import annotations

import random
from collections.abc import Sequence

from headscribe.agent.experiments import Ablation, Constant, End, NextToken, PairStrength, SourceRow
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

    def __init__(self, *, parts: bool = False) -> None:
        self.parts = parts
        self.asked: list[str] = []

    def token(self, word: str) -> Token | None:
        return TOKENS.get(word.strip())

    def draw(self, count: int, seed: int) -> tuple[Token, ...]:
        self.asked.append("draw")
        return tuple(random.Random(seed).sample([*TOKENS.values()][:-1], min(count, len(TOKENS) - 1)))

    def rows(self, tokens: Sequence[Token], top: int, *, other: int | None = None) -> list[SourceRow]:
        self.asked.append("rows")
        found = []
        for token in tokens:
            word = token.text.strip()
            if word == "void":
                raise BadOption("the vector of token 36 (L3H7) is zero")
            ends = [TOKENS[CAPITALS.get(word, word)] if other is None else TOKENS["Rome"], *TOKENS.values()]
            rest = list(dict.fromkeys(ends))[:top]
            percentile = 0.975 if word in CAPITALS else 0.25
            found.append(SourceRow(token, percentile, self.end(rest), self.end(rest[::-1], -1.0)))
        return found

    def sources(self, token: Token, top: int) -> End:
        self.asked.append("sources")
        return self.end([*TOKENS.values()][:top])

    def pairs(self, pairs: Sequence[tuple[Token, Token]]) -> list[PairStrength]:
        self.asked.append("pairs")
        return [self._pair(source, target) for source, target in pairs]

    def _pair(self, source: Token, target: Token) -> PairStrength:
        promoted = CAPITALS.get(source.text.strip()) == target.text.strip()
        strength = (6.04 if promoted else 0.0) if self.parts else None
        return PairStrength(promoted, source == target, strength)

    def constant(self, targets: Sequence[Token], top: int) -> Constant:
        self.asked.append("constant")
        ends = self.end([*TOKENS.values()][:top]), self.end([*TOKENS.values()][-top:], -1.0)
        return Constant(0.254, *ends, tuple(float(target.id) for target in targets))

    def ablate(self, text: str, top: int) -> Ablation | None:
        self.asked.append("ablate")
        read = tuple(TOKENS[word] for word in text.split() if word in TOKENS)
        if not read:
            return None
        chances = tuple(NextToken(token, 0.123456, 0.01) for token in [*TOKENS.values()][:top])
        return Ablation(read, chances, chances[::-1], chances, chances[::-1])

    def end(self, tokens: Sequence[Token], sign: float = 1.0) -> End:
        strengths = tuple(sign * (9.04 - place) for place in range(len(tokens))) if self.parts else ()
        return End(tuple(tokens), strengths)
