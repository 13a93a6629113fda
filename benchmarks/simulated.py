"""Simulated describers and readers of known skill, for planted heads; they stand where an LLM is called."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass, field
from typing import Any

from headscribe.core.chat import ChatReply, Message
from headscribe.core.evidence import Evidence
from headscribe.core.records import Mapping, Token

FAMILIES = 24
"""Planted operations; a head implements one, and the other heads of its layer implement others."""

_ROW = re.compile(r'^Row: "(.*)" -> (\[.*\])$', re.MULTILINE)
_SOURCE = re.compile(r'^Source: "(.*)"$', re.MULTILINE)
_LIST = re.compile(r"^([A-D]): (\[.*\])$", re.MULTILINE)
_SAID = re.compile(r"operation (\d+)( for its first half)?")


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


def planted_evidence(head: int, others: int = 8) -> Evidence:
    """A head and its neighbours, each with an operation of its own."""
    families = [(head * 5 + step) % FAMILIES for step in range(others + 1)]
    own, *rest = (planted_head(family, head) for family in families)
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
        prompts: every conversation with the describer, as text.
        asked: how many questions the reader got.
    """

    family: int
    skill: float
    descriptions: tuple[str, ...] = ()
    seed: object = 0
    prompts: list[str] = field(default_factory=list)
    asked: int = 0

    async def call(self, messages: tuple[Message, ...], schema: dict[str, Any] | None) -> ChatReply:
        """Answer as the describer or as the reader, whichever is asked."""
        text = messages[-1].content
        names = list(schema["properties"]) if schema else []
        if "description" in names:
            self.prompts.append("\n".join(message.content for message in messages))
            said = self.descriptions[min(len(self.prompts), len(self.descriptions)) - 1]
            return _reply(reasoning="", inputs="Words.", pattern=said, description=said)
        self.asked += 1
        lucky = random.Random(f"{self.seed} {text}")
        if row := _ROW.search(text):
            expected = self._fits(text, row[1], json.loads(row[2]))
            return _reply(reason="", belongs="yes" if expected == (lucky.random() < self.skill) else "no")
        source = _SOURCE.search(text)
        assert source is not None
        lists = {letter: json.loads(shown) for letter, shown in _LIST.findall(text)}
        fitting = [letter for letter, shown in lists.items() if self._fits(text, source[1], shown)]
        if not fitting:
            return _reply(reason="", list=lucky.choice("ABCD"))
        wrong = [letter for letter in "ABCD" if letter not in fitting]
        return _reply(reason="", list=lucky.choice(fitting if lucky.random() < self.skill else wrong))

    def _fits(self, text: str, source: str, targets: list[str]) -> bool:
        """Whether the description that the reader has says that this row is the head's."""
        said = _SAID.search(text)
        if not said:
            return False
        number = source.rpartition("x")[2]
        if source != f" s{said[1]}x{number}" or not targets[0].startswith(f" t{said[1]}x{number}y"):
            return False
        return not said[2] or int(number) % 2 == 0


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
