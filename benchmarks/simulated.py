"""Simulated describers and readers of known skill, for planted heads; they stand where an LLM is called."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from benchmarks.questions import Asked, Row, read_question
from headscribe.core.chat import ChatReply, Message
from headscribe.core.evidence import Evidence
from headscribe.core.records import Mapping, Token

FAMILIES = 24
"""Planted operations; a head implements one, and the other heads around it implement others."""

Prior = Literal["none", "related", "A"]
"""What a reader goes by where no description tells: nothing, what looks related, or the first answer."""

_SAID = re.compile(r"operation (\d+)( for its first half)?")
_TOKEN = re.compile(r" [st](\d+)x(\d+)")


def planted_head(family: int, head: int, rows: int = 30) -> tuple[Mapping, ...]:
    """Rows of a head that maps each source of an operation to targets that only this operation has."""
    rng = random.Random(f"{family} {head}")
    numbers = rng.sample(range(200), rows)
    return tuple(
        Mapping(
            rank,
            _token(f" s{family}x{number}"),
            2.0 - rank / 100,
            tuple(_token(f" t{family}x{number}y{k}") for k in range(3)),
            (3.0, 2.0, 1.0),
        )
        for rank, number in enumerate(numbers)
    )


def planted_evidence(head: int, others: int = 8, rows: int = 30) -> Evidence:
    """A head and its neighbours, each with an operation of its own."""
    families = [(head * 5 + step) % FAMILIES for step in range(others + 1)]
    own, *rest = (planted_head(family, head, rows) for family in families)
    return Evidence(own, others=tuple(rest))


def family_of(evidence: Evidence) -> int:
    """The planted operation."""
    return int(re.findall(r"\d+", evidence.mappings[0].source.text)[0])


def _token(text: str) -> Token:
    return Token(sum(ord(char) * 131**place for place, char in enumerate(text)) % 2**31, text)


@dataclass
class Simulated:
    """One head's describer and reader. Every answer follows from the seed and the prompt alone.

    Attributes:
        family: the operation that is planted.
        skill: how often the reader answers as the description says; the other answers are wrong.
        descriptions: what the describer says in each round; the last one also after that.
        seed: of the reader's luck.
        prior: what the reader goes by where the description does not decide.
        prompts: every conversation with the describer, as text.
        asked: how many questions the reader got, with and without the description.
    """

    family: int
    skill: float
    descriptions: tuple[str, ...] = ()
    seed: object = 0
    prior: Prior = "none"
    prompts: list[str] = field(default_factory=list)
    asked: int = 0

    async def call(self, messages: tuple[Message, ...], schema: dict[str, Any] | None) -> ChatReply:
        """Answer as the describer or as the reader, whichever is asked."""
        text = messages[-1].content
        if schema and "description" in schema["properties"]:
            self.prompts.append("\n".join(message.content for message in messages))
            said = self.descriptions[min(len(self.prompts), len(self.descriptions)) - 1]
            return _reply(reasoning="", inputs="Words.", pattern=said, description=said)
        self.asked += 1
        return ChatReply(self._answer(read_question(text), text), finish_reason="stop")

    def _answer(self, asked: Asked, text: str) -> str:
        lucky = random.Random(f"{self.seed} {text}")
        said = _SAID.search(asked.description or "")
        letters = "ABCDE"[: len(asked.rows)]
        if asked.intruder:
            families = [row[0].partition("x")[0] for row in asked.rows]
            odd = next(place for place, one in enumerate(families) if families.count(one) == 1)
            return letters[odd] if lucky.random() < self.skill else lucky.choice(letters)
        if asked.judged:
            if not said:
                return self._prior_yes(asked.rows[0], lucky)
            return "yes" if _fits(said, asked.rows[0]) == (lucky.random() < self.skill) else "no"
        fitting = [one for one, row in zip(letters, asked.rows, strict=True) if said and _fits(said, row)]
        if not fitting:
            return self._prior_letter(asked.rows, letters, lucky)
        wrong = [letter for letter in letters if letter not in fitting]
        return lucky.choice(fitting if lucky.random() < self.skill else wrong)

    def _prior_yes(self, row: Row, lucky: random.Random) -> str:
        if self.prior == "none":
            return lucky.choice(["yes", "no"])
        return "yes" if self.prior == "A" or looks_related(row) else "no"

    def _prior_letter(self, rows: tuple[Row, ...], letters: str, lucky: random.Random) -> str:
        if self.prior == "A":
            return "A"
        related = [letter for letter, row in zip(letters, rows, strict=True) if looks_related(row)]
        return lucky.choice(related if self.prior == "related" and related else letters)


def looks_related(row: Row) -> bool:
    """Whether the targets look like the source's, whichever head they are of."""
    source, target = _TOKEN.fullmatch(row[0]), _TOKEN.match(row[1][0])
    return bool(source and target and source[2] == target[2])


def _fits(said: re.Match[str], row: Row) -> bool:
    """Whether a description says that this row is the head's."""
    source, target = _TOKEN.fullmatch(row[0]), _TOKEN.match(row[1][0])
    if not source or not target or {source[1], target[1]} != {said[1]} or source[2] != target[2]:
        return False
    return not said[2] or int(source[2]) % 2 == 0


def right(family: int) -> str:
    """A description that says everything."""
    return f"It does operation {family}."


def half_right(family: int) -> str:
    """A description that leaves out half of the sources."""
    return f"It does operation {family} for its first half."


def wrong(family: int) -> str:
    """A plausible description of something that the head does not do."""
    return f"It does operation {family + 1000}."


def _reply(**fields: str) -> ChatReply:
    return ChatReply(json.dumps(fields), finish_reason="stop")
