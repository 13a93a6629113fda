"""The questions that test a description: what a reader is shown, and which answer is right."""

from __future__ import annotations

from dataclasses import dataclass

from headscribe.core.records import Token
from headscribe.core.rounds import Kind

CHOICES = "ABCD"
"""Letters of the target lists, or of the rows, to choose from."""

ROWS = "ABCDE"
"""Letters of the rows of which one is an intruder."""

YES, NO = "yes", "no"

ONE_ROW: frozenset[Kind] = frozenset({"true", "other-row", "other-targets", "random"})
"""Kinds that show one row and ask whether it is the head's."""

WITHIN: Kind = "within"

Targets = tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class ReaderItem:
    """One question and its right answer.

    Attributes:
        kind: see ``core.rounds.AskedItem``.
        source: the source token shown; of several rows, that of the right one.
        choices: one target list for a row to judge, else one per letter.
        right: ``yes``, ``no`` or a letter.
        sources: of several rows, the source of each; empty where all lists are for ``source``.
        unit: what the item hangs on, the word of a row; answers to items of one unit are not independent.
    """

    kind: Kind
    source: Token
    choices: tuple[Targets, ...]
    right: str
    sources: tuple[Token, ...] = ()
    unit: str = ""

    @property
    def answers(self) -> tuple[str, ...]:
        """What a reader may answer."""
        if self.kind in ONE_ROW:
            return (YES, NO)
        return tuple(ROWS[: len(self.choices)])

    @property
    def chance(self) -> float:
        """How often guessing is right."""
        return 1 / len(self.answers)
