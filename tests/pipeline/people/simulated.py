"""Annotators whose quality is known: they know the truth, and err with a given chance."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from headscribe.core.heads import Head
from headscribe.core.people import Truth


@dataclass
class Annotator:
    """One who says the truth with the chance ``accuracy``, independently in every answer.

    Args:
        name: as in the files.
        accuracy: chance of a true answer.
        patterns: heads in which a pattern is there.
        fitting: heads whose own description is right; another head's never is.
    """

    name: str
    accuracy: float
    patterns: frozenset[Head]
    fitting: frozenset[Head]
    seed: int = 0

    def answers(self, truth: Truth) -> tuple[bool, bool]:
        """(pattern visible, description fits) for one item; the same whatever came before."""
        rng = random.Random(f"{self.name} {self.seed} {truth.kind} {truth.head.name}")
        fits = truth.kind != "wrong" and truth.head in self.fitting
        says = [
            true if rng.random() < self.accuracy else not true for true in (truth.head in self.patterns, fits)
        ]
        return says[0], says[1]


def fill_csv(sheet: Path, annotator: Annotator, truths: Iterable[Truth]) -> Path:
    """Answer every row of an exported sheet, in place."""
    known: Mapping[str, Truth] = {truth.id: truth for truth in truths}
    rows = list(csv.DictReader(io.StringIO(sheet.read_text(encoding="utf-8-sig"), newline="")))
    for row in rows:
        pattern, fits = annotator.answers(known[row["item"]])
        row["pattern_visible"], row["description_fits"] = (("no", "yes")[said] for said in (pattern, fits))
    write_csv(sheet, rows)
    return sheet


def write_csv(sheet: Path, rows: list[dict[str, str]], delimiter: str = ",") -> None:
    with sheet.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def read_csv(sheet: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(sheet.read_text(encoding="utf-8-sig"), newline="")))
