"""Findings on closed sets of words, such as number words and pronouns, among sources and targets."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from headscribe.agent.rules.classes import Hit, beyond_chance, of_class
from headscribe.agent.rules.finding import Finding, Kind
from headscribe.agent.rules.looks import TokenShape
from headscribe.agent.rules.view import Row, finding
from headscribe.agent.rules.word_sets import WORD_SETS
from headscribe.core.tokens import show_token

_ALONE = 3
"""Words of a set among a row's targets that show it by themselves, and sources of the only row that does."""

_LEAST_ROWS = 4
"""Rows that must lead to words of one set, whatever their sources are, for a sentence on these targets."""

_OFTEN = 0.1
"""Share of a head's rows beyond which a target comes whatever the source, as far as rows can tell."""


def word_sets(rows: Sequence[Row], kind: Kind, common: frozenset[str] = frozenset()) -> list[Finding]:
    """Sets of words, such as number words, whose members lead to others of the set; the surest first.

    A row shows it with three others among its targets, or two of which one is not common to many heads.
    Sources of one set often point the same way and share a row, so each of them counts.

    Args:
        rows: sources with their promoted, or suppressed, targets.
        kind: ``promotes`` or ``suppresses``.
        common: texts of tokens that fill the lists of many heads.
    """
    found = []
    for name in sorted({one for row in rows for one in row.source.kinds if one in WORD_SETS}):
        hits: list[Hit] = []
        asked = n_hits = others = most = 0
        for at, row in enumerate(rows):
            members = _members(row, name)
            shown = len(members) >= _ALONE or (len(members) > 1 and not _common(members, common))
            if name not in row.source.kinds:
                others += shown
                continue
            sources = 1 + sum(name in member.kinds for member in row.members)
            asked += sources
            if shown:
                n_hits += sources
                most = max(most, len(members))
                hits.append(Hit(at, row.source, members[0]))
        # Sources of one row are no independent cases: one row alone needs more of them, and more targets.
        enough = len(hits) > 1 or min(most, n_hits) >= _ALONE
        # Rows of other sources stand for chance, as often as a source of the set would meet them.
        if enough and beyond_chance(n_hits, asked, others * asked, len(rows)):
            text, mark = f"Maps {name} to other {name}", ""
            if kind == "suppresses":
                text, mark = f"Suppresses, for {name}, other {name}", "suppressed "
            item = of_class(f"{mark}set: {name}", text, kind, hits, asked, len(rows))
            found.append(replace(item, counted=n_hits))
    return sorted(found, key=lambda item: (-(item.counted or 0), item.name))


def set_targets(rows: Sequence[Row], common: frozenset[str] = frozenset()) -> list[Finding]:
    """Sets of words to which sources of any kind lead, each row to two or more.

    Tokens that many heads promote, or a tenth of this head's own rows, say nothing of the sources.

    Args:
        rows: sources with their promoted targets.
        common: texts of tokens that fill the lists of many heads.
    """
    listed = Counter(target.text for row in rows for target in row.targets)
    often = max(_LEAST_ROWS, _OFTEN * len(rows))
    common = common | {text for text, count in listed.items() if count > often}
    hits: dict[str, list[Hit]] = defaultdict(list)
    for at, row in enumerate(rows):
        for name in sorted({kind for target in row.targets for kind in target.kinds if kind in WORD_SETS}):
            members = [member for member in _members(row, name) if member.text not in common]
            if len(members) > 1:
                hits[name].append(Hit(at, row.source, members[0]))
    found = [_of_targets(name, here, len(rows)) for name, here in hits.items() if len(here) >= _LEAST_ROWS]
    return sorted(found, key=lambda item: (-len(item.hits), item.name))


def _of_targets(name: str, hits: Sequence[Hit], n: int) -> Finding:
    sources = ", ".join(show_token(hit.source.text) for hit in hits[:4])
    return finding(
        f"set targets: {name}",
        f"Promotes {name} for some sources, such as {sources}",
        [hit.at for hit in hits],
        n,
        needed=0.0,
        explains=((hit.at, hit.target.folded) for hit in hits),
    )


def _members(row: Row, name: str) -> list[TokenShape]:
    """The row's targets that are of a set, but for the source itself."""
    return [t for t in row.targets if name in t.kinds and t.folded != row.source.folded]


def _common(members: Sequence[TokenShape], common: frozenset[str]) -> bool:
    return all(member.text in common for member in members)
