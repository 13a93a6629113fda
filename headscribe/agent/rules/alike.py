"""Findings on what sources, or targets, have in common among themselves: their kind, or their spelling."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from headscribe.agent.rules.finding import Finding
from headscribe.agent.rules.known import KnownPairs
from headscribe.agent.rules.looks import TokenShape
from headscribe.agent.rules.view import Row, finding, majority, pair
from headscribe.core.tokens import show_token

NEEDED_RARE = 0.5
"""Share for kinds that make up a small part of usual vocabularies."""

NEEDED_COMMON = 0.8
"""Share for kinds that make up a third of some vocabularies, so that many arise by chance."""

_COMMON = frozenset({"capitalised words", "pieces of words (no space in front)"})
_LETTERS = 3


def target_kinds(rows: Sequence[Row]) -> list[Finding]:
    """Kinds of tokens to which at least half of a source's targets belong, for most sources.

    Where nearly all of those sources are of the same kind, the sentence says so.
    """
    found = []
    for kind, hits in _kinds_of_targets(rows).items():
        same = sum(kind in rows[at].source.kinds for at in hits) >= 0.8 * len(hits)
        text = f"Maps {kind} to {kind}" if same else f"Promotes {kind}"
        examples = (
            pair(rows[at].source, *[t for t in rows[at].targets if kind in t.kinds][:2]) for at in hits
        )
        needed = NEEDED_COMMON if kind in _COMMON else NEEDED_RARE
        found.append(finding(f"targets: {kind}", text, hits, len(rows), needed=needed, examples=examples))
    return found


def target_spelling(rows: Sequence[Row]) -> list[Finding]:
    """Beginnings and endings of three letters that at least half of a source's targets share, for most."""
    hits: dict[str, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        enough = majority(row)
        for part, count in _counted(part for target in row.targets for part in _ends(target)).items():
            if count >= enough:
                hits[part].append(at)
    return [
        finding(
            f"targets: {part}",
            f"Promotes words that {_spelt(part)}",
            places,
            len(rows),
            needed=NEEDED_RARE,
            examples=(
                pair(rows[at].source, *[t for t in rows[at].targets if part in _ends(t)][:1]) for at in places
            ),
        )
        for part, places in hits.items()
    ]


def inputs(rows: Sequence[Row], known: KnownPairs) -> list[Finding]:
    """What the sources have in common: what they are, their kind, or their spelling."""
    hits: dict[str, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        for kind in (*sorted(known.kinds(row.source.folded)), *row.source.kinds):
            hits[f"Mostly {kind}"].append(at)
        for part in _ends(row.source):
            hits[f"Mostly words that {_spelt(part)}"].append(at)
    return [
        finding(
            f"inputs: {text.removeprefix('Mostly ')}",
            text,
            places,
            len(rows),
            needed=NEEDED_COMMON if text.removeprefix("Mostly ") in _COMMON else NEEDED_RARE,
            kind="inputs",
            examples=(pair(rows[at].source) for at in places),
        )
        for text, places in hits.items()
    ]


def _kinds_of_targets(rows: Sequence[Row]) -> dict[str, list[int]]:
    hits: dict[str, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        enough = majority(row)
        for kind, count in _counted(kind for target in row.targets for kind in target.kinds).items():
            if count >= enough:
                hits[kind].append(at)
    return hits


def _counted(names: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for name in names:
        counts[name] += 1
    return counts


def _ends(seen: TokenShape) -> tuple[str, ...]:
    """A longer word's beginning, ``abc-``, and ending, ``-xyz``."""
    if not seen.letters or len(seen.folded) <= _LETTERS:
        return ()
    return f"{seen.folded[:_LETTERS]}-", f"-{seen.folded[-_LETTERS:]}"


def _spelt(part: str) -> str:
    return f"{'end in' if part.startswith('-') else 'begin with'} {show_token(part.strip('-'))}"
