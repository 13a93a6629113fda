"""What only a row or a card shows: one line of JSON per head, which the page reads when it is wanted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from headscribe.core.heads import Head
from headscribe.core.records import HeadMap
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
        """Rows of [source, saliency, promoted, suppressed], tokens by number."""
        number, numbers = self._words.number, self._words.numbers
        self._mappings[found.head] = script_json(
            [
                [
                    number(row.source),
                    float(f"{row.saliency:.4g}"),
                    numbers(row.targets),
                    numbers(row.suppressed),
                ]
                for row in found.mappings
            ]
        )

    def add_transcript(self, head: Head, found: Transcript) -> None:
        """Rounds, items and experiments; a head's may come in several parts."""
        self._add(head, "rounds", map(_round, found.rounds))
        self._add(head, "tests", map(self._item, found.items))
        self._add(head, "experiments", map(_experiment, found.experiments))

    def mappings(self, heads: Iterable[Head]) -> Iterator[str]:
        """The lines of these heads' mappings, each given once and then forgotten."""
        return (self._mappings.pop(head, "[]") for head in heads)

    def transcripts(self, heads: Iterable[Head]) -> Iterator[str]:
        """The lines of their rounds, tests and experiments, likewise."""
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
        ]


def _round(row: Round) -> list[Any]:
    said = row.description or row.error or row.pattern
    found = row.confidence
    share = None if found.value is None else round(found.value, 4)
    return [row.number, line(row.status, LONGEST), row.kept, line(said, LONGEST), share, found.n]


def _experiment(row: Experiment) -> list[Any]:
    return [
        row.request,
        line(row.tool, LONGEST),
        line(row.arguments, LONGEST),
        line(row.answer, LONGEST),
    ]
