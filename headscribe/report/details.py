"""What only a row or a card shows: one line of JSON per head, which the page reads when it is wanted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from headscribe.core.evidence import order
from headscribe.core.heads import Head
from headscribe.core.parts import PartsMapping, Role, TakenApart
from headscribe.core.records import HeadMap, Mapping
from headscribe.core.rounds import AskedItem, Experiment, Round, Transcript
from headscribe.report.words import TokenTable, line, script_json

LONGEST = 600
"""Characters of a text in a transcript; the run's tables have all of it."""


class Details:
    """Collects the lines; all it keeps is their text, however many heads there are.

    Args:
        words: takes the tokens.
    """

    def __init__(self, words: TokenTable) -> None:
        self._words = words
        self._mappings: dict[Head, str] = {}
        self._parts: dict[Head, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))

    def add_map(self, found: HeadMap) -> None:
        """Rows of [source, saliency, promoted, suppressed], tokens by number.

        Those of a head taken apart, the sharpest first, go on with [strength in σ, ranking, members]; its
        constant part and roles are kept beside them.
        """
        rows = sorted(found.mappings, key=order)
        self._mappings[found.head] = script_json(list(map(self._row, rows)))
        if isinstance(found, TakenApart):
            numbers, part = self._words.numbers, found.constant
            constant = [_short(part.share), numbers(part.promoted), numbers(part.suppressed)]
            self._add(found.head, "constant", constant)
            self._add(found.head, "roles", map(self._role, found.roles))

    def _row(self, row: Mapping) -> list[Any]:
        number, numbers = self._words.number, self._words.numbers
        said = [number(row.source), _short(row.saliency), numbers(row.targets), numbers(row.suppressed)]
        if isinstance(row, PartsMapping):
            said += [_short(row.strength), row.ranking, numbers(row.members)]
        return said

    def _role(self, role: Role) -> list[Any]:
        numbers = self._words.numbers
        near, far = (role.sources, role.targets), (role.far_sources, role.far_targets)
        return [_short(role.share), *map(numbers, (*near, *far))]

    def add_transcript(self, head: Head, found: Transcript) -> None:
        """Rounds, items and experiments; a head's may come in several parts."""
        self._add(head, "rounds", map(_round, found.rounds))
        self._add(head, "tests", map(self._item, found.items))
        self._add(head, "experiments", map(_experiment, found.experiments))

    def mappings(self, heads: Iterable[Head]) -> Iterator[str]:
        """The lines of these heads' mappings, each given once and then forgotten."""
        return (self._mappings.pop(head, "[]") for head in heads)

    def transcripts(self, heads: Iterable[Head]) -> Iterator[str]:
        """The lines of their rounds, tests and experiments, constant part and roles, likewise."""
        for head in heads:
            parts = self._parts.pop(head, {})
            yield "{" + ",".join(f'"{name}":[{",".join(rows)}]' for name, rows in parts.items()) + "}"

    def _add(self, head: Head, name: str, rows: Iterable[Any]) -> None:
        if text := script_json(list(rows))[1:-1]:
            self._parts[head][name].append(text)

    def _item(self, item: AskedItem) -> list[Any]:
        of_text = self._words.of_text
        return [
            item.round,
            item.part,
            item.kind,
            of_text(item.source),
            [[of_text(text) for text in choice] for choice in item.choices],
            line(item.right, LONGEST),
            line(item.answer, LONGEST),
            line(item.reason, LONGEST),
            line(item.null_answer, LONGEST),
            [of_text(text) for text in item.sources],
        ]


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _round(row: Round) -> list[Any]:
    said = row.description or row.error or row.pattern
    found = row.confidence
    share = None if found.value is None else round(found.value, 4)
    seen = [row.number, line(row.status, LONGEST), row.kept, line(said, LONGEST), share, found.n]
    return [*seen, row.candidate, row.predictions, row.refuted]


def _experiment(row: Experiment) -> list[Any]:
    return [
        row.request,
        line(row.tool, LONGEST),
        line(row.arguments, LONGEST),
        line(row.answer, LONGEST),
    ]
