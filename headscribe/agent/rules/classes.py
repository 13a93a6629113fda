"""Findings that hold for one class of a head's sources: an operation's, a set of words, similar rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import comb

from headscribe.agent.rules.finding import Finding, Kind
from headscribe.agent.rules.known import KnownPairs, promoting, suppressing
from headscribe.agent.rules.looks import TokenShape
from headscribe.agent.rules.view import Row, finding
from headscribe.core.tokens import show_token

HALF = 0.5
"""Share of a class's sources that must follow its pattern."""

CHANCE = 1e-4
"""Probability below which a pattern is no accident, were each source paired with the targets of others."""

LEAST, LEAST_SHARED = 3, 2
"""Similar rows that must share targets, and targets that they must share, for a sentence of their own."""

COPYING = "copying"
"""The operation that the relation of a source to itself says better: it needs no list of words."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A row that follows a pattern: its place, the source concerned (its own or a member's), the target."""

    at: int
    source: TokenShape
    target: TokenShape


def class_operations(rows: Sequence[Row], known: KnownPairs, kind: Kind) -> list[Finding]:
    """The predefined operations that the head does for the sources which they list, the most frequent first.

    A source that points the same way as a row's own, and has no row for that, counts with the row.

    Args:
        rows: sources with their promoted, or suppressed, targets.
        known: the pairs of the operations.
        kind: ``promotes`` or ``suppresses``.
    """
    having: dict[str, set[int]] = defaultdict(set)
    for at, row in enumerate(rows):
        for target in row.targets:
            having[target.folded].add(at)
    hits: dict[str, list[Hit]] = defaultdict(list)
    asked: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for at, row in enumerate(rows):
        for name, listed in _listed(row, known).items():
            asked[name] += 1
            elsewhere = {place for _, words in listed for word in words for place in having.get(word, ())}
            others[name] += len(elsewhere - {at})
            if hit := _first_hit(at, row, listed):
                hits[name].append(hit)
    text, mark = (promoting, "") if kind == "promotes" else (suppressing, "suppressed ")
    found = [
        of_class(f"{mark}operation:{name}", text(name), kind, here, asked[name], len(rows))
        for name, here in hits.items()
        if name != COPYING and beyond_chance(len(here), asked[name], others[name], len(rows))
    ]
    return sorted(found, key=lambda item: (-len(item.hits), item.among or 0, item.name))


def _listed(row: Row, known: KnownPairs) -> dict[str, list[tuple[TokenShape, set[str]]]]:
    """Operation → which of the row's sources it lists, with their targets."""
    found: dict[str, list[tuple[TokenShape, set[str]]]] = {}
    for source in (row.source, *row.members):
        for name, targets in known.of(source.folded).items():
            found.setdefault(name, []).append((source, targets))
    return found


def _first_hit(at: int, row: Row, listed: Iterable[tuple[TokenShape, set[str]]]) -> Hit | None:
    for source, targets in listed:
        for target in row.targets:
            if target.folded in targets:
                return Hit(at, source, target)
    return None


def shared_targets(rows: Sequence[Row], row_classes: Sequence[int], common: frozenset[str]) -> list[Finding]:
    """Classes of similar rows that share targets with each other and with hardly any other row.

    Args:
        rows: sources with their promoted targets.
        row_classes: the class of each row, -1 for none.
        common: texts of tokens that fill the lists of many heads; sharing these says nothing.
    """
    words = [
        {t.folded: t for t in row.targets if t.text not in common and t.folded != row.source.folded}
        for row in rows
    ]
    everywhere = Counter(word for own in words for word in own)
    found = []
    for number in sorted(set(row_classes) - {-1}):
        places = [at for at, own in enumerate(row_classes) if own == number]
        here = Counter(word for at in places for word in words[at])
        shared = [
            word
            for word, count in here.most_common()
            if count >= max(LEAST, HALF * len(places)) and everywhere[word] - count <= count / LEAST
        ]
        own = {at: [word for word in shared if word in words[at]] for at in places}
        together = [at for at in places if len(own[at]) >= LEAST_SHARED]
        hits = [Hit(at, rows[at].source, words[at][own[at][0]]) for at in together]
        if len(hits) >= max(LEAST, HALF * len(places)):
            targets = ", ".join(show_token(_text(rows, word)) for word in shared[:4])
            sources = ", ".join(show_token(hit.source.text) for hit in hits[:4])
            text = f"For sources such as {sources}, promotes {targets}"
            item = of_class(f"class {number}", text, "promotes", hits, len(places), len(rows))
            explains = frozenset((hit.at, word) for hit in hits for word in own[hit.at])
            found.append(replace(item, examples=(), explains=explains))
    return found


def _text(rows: Sequence[Row], word: str) -> str:
    return next(target.text for row in rows for target in row.targets if target.folded == word)


def of_class(name: str, text: str, kind: Kind, hits: Sequence[Hit], among: int, n: int) -> Finding:
    """A finding that is about ``among`` of the head's sources, with the hits as examples."""
    item = finding(
        name,
        text,
        [hit.at for hit in hits],
        n,
        needed=0.0,
        kind=kind,
        examples=(((hit.source.text,), (hit.target.text,)) for hit in hits),
    )
    return replace(item, among=among, explains=frozenset((hit.at, hit.target.folded) for hit in hits))


def beyond_chance(hits: int, asked: int, others: int, n: int) -> bool:
    """Whether so many of a class's sources follow a pattern that no chance explains it.

    Args:
        hits: sources of the class that follow it.
        asked: sources of the class.
        others: pairs of such a source and another row, of all ``asked * (n - 1)``, that follow it.
        n: rows of the head.
    """
    if hits < 2 or hits < HALF * asked:
        return False
    p = min(1.0, (others + 1) / (asked * max(1, n - 1) + 1))
    return sum(comb(asked, k) * p**k * (1 - p) ** (asked - k) for k in range(hits, asked + 1)) < CHANCE
