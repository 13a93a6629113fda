"""A head's mappings as the rules see them: looks instead of tokens, one side of the targets at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from headscribe.agent.rules.finding import Example, Finding, Kind
from headscribe.agent.rules.looks import TokenShape, look
from headscribe.core.evidence import Evidence
from headscribe.core.parts import PartsMapping
from headscribe.core.records import Mapping, Token

_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One source with its promoted, or its suppressed, targets, strongest first.

    ``members`` are other sources that point the same way and have no row of their own.
    """

    source: TokenShape
    targets: tuple[TokenShape, ...]
    members: tuple[TokenShape, ...] = ()


def rows_of(evidence: Evidence, side: Literal["promoted", "suppressed"]) -> list[Row]:
    """The mappings of a head, most salient first."""
    return [
        Row(
            look(mapping.source.text),
            tuple(
                look(token.text) for token in (mapping.targets if side == "promoted" else mapping.suppressed)
            ),
            tuple(look(token.text) for token in _members(mapping)),
        )
        for mapping in evidence.mappings
    ]


def _members(mapping: Mapping) -> tuple[Token, ...]:
    return mapping.members if isinstance(mapping, PartsMapping) else ()


def majority(row: Row) -> int:
    """How many targets are at least half of the row's."""
    return max(1, (len(row.targets) + 1) // 2)


def finding(  # noqa: PLR0913 - a finding's fields, each by name
    name: str,
    text: str,
    hits: Sequence[int],
    n: int,
    *,
    needed: float,
    kind: Kind = "promotes",
    examples: Iterable[Example] = (),
    explains: Iterable[tuple[int, str]] = (),
) -> Finding:
    """A finding with its first few examples."""
    shown = tuple(examples)[:_EXAMPLES]
    return Finding(name, kind, text, tuple(hits), n, needed, shown, explains=frozenset(explains))


def pair(source: TokenShape, *targets: TokenShape) -> Example:
    """An example of one source and what it leads to."""
    return (source.text,), tuple(target.text for target in targets)
