"""Findings on how a source leads to its targets: by form, or by a predefined operation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from headscribe.agent.rules.finding import Finding, Kind
from headscribe.agent.rules.known import KnownPairs, promoting, suppressing
from headscribe.agent.rules.looks import TokenShape
from headscribe.agent.rules.relations import RELATIONS, relate
from headscribe.agent.rules.view import Row, finding, majority, pair

NEEDED = 0.15
"""Share from which a relation or an operation may be stated; the paper's threshold for a relation head."""

_SHIFTS = (1, 2, 3, 5, 8)

Hits = dict[str, list[tuple[int, TokenShape]]]


def relations(rows: Sequence[Row]) -> list[Finding]:
    """The relations by form between sources and promoted targets, the most specific first.

    A relation that holds nearly as often between each source and the targets of *another* source says
    nothing about how targets follow from sources, and is left out (all sources and all targets beginning
    alike, for example).
    """
    hits = _related(rows)
    found = [_relation(name, hits[name], rows) for name in RELATIONS if name in hits]
    if any(item.share >= NEEDED for item in found):
        by_chance = _related_by_chance(rows)
        found = [item for item in found if item.share > 2 * by_chance.get(item.name, 0.0)]
    return found


def operations(rows: Sequence[Row], known: KnownPairs) -> list[Finding]:
    """The predefined operations whose pairs stand among the mappings, the most frequent first.

    The share is of all mappings, also of those whose source the operation does not list.
    """
    return _operations(rows, known, "promotes")


def suppressed(rows: Sequence[Row], known: KnownPairs) -> list[Finding]:
    """What the suppressed targets show: the source itself (copy suppression), or an operation's targets.

    Args:
        rows: sources with their suppressed targets.
        known: the pairs of the predefined operations.
    """
    return [*suppressed_copies(rows), *_operations(rows, known, "suppresses")]


def suppressed_copies(rows: Sequence[Row]) -> list[Finding]:
    """Copy suppression: the source itself among its suppressed targets; empty where it is in none."""
    copies = [(at, t) for at, row in enumerate(rows) if (t := _itself(row)) is not None]
    if not copies:
        return []
    return [
        finding(
            "suppressed identity",
            "Suppresses the token itself (copy suppression)",
            [at for at, _ in copies],
            len(rows),
            needed=NEEDED,
            kind="suppresses",
            examples=(pair(rows[at].source, target) for at, target in copies),
            explains=((at, target.folded) for at, target in copies),
        )
    ]


def _itself(row: Row) -> TokenShape | None:
    own = row.source
    return next((t for t in row.targets if t.text == own.text or (t.folded and t.folded == own.folded)), None)


def _related(rows: Sequence[Row]) -> Hits:
    """Relation → (place of the mapping, first target in it), for the mappings with enough such targets."""
    hits: Hits = defaultdict(list)
    for at, row in enumerate(rows):
        counts: dict[str, int] = defaultdict(int)
        first: dict[str, TokenShape] = {}
        for target in row.targets:
            for name in relate(row.source, target):
                counts[name] += 1
                first.setdefault(name, target)
        for name, target in first.items():
            if counts[name] >= (majority(row) if RELATIONS[name].most else 1):
                hits[name].append((at, target))
    return hits


def _related_by_chance(rows: Sequence[Row]) -> dict[str, float]:
    """Relation → share of sources that stand in it with the targets of other sources."""
    n = len(rows)
    shifts = [shift for shift in _SHIFTS if shift < n]
    totals: dict[str, float] = defaultdict(float)
    for shift in shifts:
        moved = [Row(row.source, rows[(at + shift) % n].targets) for at, row in enumerate(rows)]
        for name, found in _related(moved).items():
            totals[name] += len(found) / n / len(shifts)
    return totals


def _relation(name: str, hits: list[tuple[int, TokenShape]], rows: Sequence[Row]) -> Finding:
    return finding(
        name,
        RELATIONS[name].text,
        [at for at, _ in hits],
        len(rows),
        needed=NEEDED,
        examples=(pair(rows[at].source, target) for at, target in hits),
        explains=((at, target.folded) for at, target in hits),
    )


def _operations(rows: Sequence[Row], known: KnownPairs, kind: Kind) -> list[Finding]:
    hits: Hits = defaultdict(list)
    for at, row in enumerate(rows):
        for name, targets in known.of(row.source.folded).items():
            if target := next((target for target in row.targets if target.folded in targets), None):
                hits[name].append((at, target))
    text, mark = (promoting, "") if kind == "promotes" else (suppressing, "suppressed ")
    found = [
        finding(
            f"{mark}operation:{name}",
            text(name),
            [at for at, _ in pairs],
            len(rows),
            needed=NEEDED,
            kind=kind,
            examples=(pair(rows[at].source, target) for at, target in pairs),
        )
        for name, pairs in hits.items()
    ]
    return sorted(found, key=lambda item: (-len(item.hits), item.name))
