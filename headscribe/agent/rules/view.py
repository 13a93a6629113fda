"""A head's mappings as the rules see them: looks instead of tokens, one side of the targets at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from headscribe.agent.rules.finding import Example, Finding, Kind
from headscribe.agent.rules.looks import TokenShape, look
from headscribe.core.records import Evidence

_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One source with its promoted, or its suppressed, targets, strongest first."""

    source: TokenShape
    targets: tuple[TokenShape, ...]


def rows_of(evidence: Evidence, side: Literal["promoted", "suppressed"]) -> list[Row]:
    """The mappings of a head, most salient first."""
    return [
        Row(
            look(mapping.source.text),
            tuple(
                look(token.text) for token in (mapping.targets if side == "promoted" else mapping.suppressed)
            ),
        )
        for mapping in evidence.mappings
    ]


def majority(row: Row) -> int:
    """How many targets are at least half of the row's."""
    return max(1, (len(row.targets) + 1) // 2)


def finding(
    name: str,
    text: str,
    hits: Sequence[int],
    n: int,
    *,
    needed: float,
    kind: Kind = "promotes",
    examples: Iterable[Example] = (),
) -> Finding:
    """A finding with its first few examples."""
    return Finding(name, kind, text, tuple(hits), n, needed, tuple(examples)[:_EXAMPLES])


def pair(source: TokenShape, *targets: TokenShape) -> Example:
    """An example of one source and what it leads to."""
    return (source.text,), tuple(target.text for target in targets)
