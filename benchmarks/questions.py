"""A reader's prompt read back: what simulated readers know of a question is what it says."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from headscribe.agent.verification import NULL

_DESCRIPTION = re.compile(r'^Description: (".*")$', re.MULTILINE)
_ROW = re.compile(r'^(?:Row|([A-E])): (".*?") -> (\[.*\])$', re.MULTILINE)
_SOURCE = re.compile(r'^Source: (".*")$', re.MULTILINE)
_LIST = re.compile(r"^([A-E]): (\[.*\])$", re.MULTILINE)

Row = tuple[str, list[str]]


@dataclass(frozen=True)
class Asked:
    """One question.

    Attributes:
        description: what the reader knows of the head; None for the null reader.
        rows: what is shown, as source and targets; one where it is to be judged, else one per letter.
        intruder: whether the odd one out is asked for.
    """

    description: str | None
    rows: tuple[Row, ...]
    intruder: bool = False

    @property
    def judged(self) -> bool:
        """Whether the answer is yes or no."""
        return len(self.rows) == 1


def read_question(text: str) -> Asked:
    """The question that a prompt of the reader's templates asks."""
    found = _DESCRIPTION.search(text)
    said = json.loads(found[1]) if found else None
    rows = tuple((json.loads(source), json.loads(targets)) for _, source, targets in _ROW.findall(text))
    if not rows:
        source = _SOURCE.search(text)
        assert source is not None, text
        rows = tuple((json.loads(source[1]), json.loads(targets)) for _, targets in _LIST.findall(text))
    return Asked(None if said == NULL else said, rows, intruder=found is None)
