"""Findings on the source itself among its targets: as it stands, or in another spelling."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from headscribe.agent.rules.finding import Finding
from headscribe.agent.rules.looks import TokenShape
from headscribe.agent.rules.pairwise import NEEDED
from headscribe.agent.rules.view import Row, finding, pair

_TEXTS = {
    "identity": "Copies the source: promotes the token itself",
    "title case": "Maps a word to the same in title case",
    "lower case": "Maps a word to the same in lower case",
    "upper case": "Maps a word to the same in upper case",
    "variant": "Promotes the source with other capitals",
}

_NEEDED_COPIES = 0.25
"""Share from which copying is stated. In a head's sharpest rows a source is among its own targets sooner than
elsewhere: heads with less than this copy hardly any word of a list.
"""

_COPIES_SOME = "Copies some sources: promotes the token itself"
"""Where fewer than half of the rows do: the rows are those on which the head acts most."""


def own_spellings(rows: Sequence[Row]) -> list[Finding]:
    """How the source itself is spelled where it is promoted, the most frequent first.

    A space in front makes no difference. Of a spelling family only the strongest is among the targets.
    """
    hits: dict[str, list[tuple[int, TokenShape]]] = defaultdict(list)
    for at, row in enumerate(rows):
        folded = row.source.folded
        if own := next((t for t in row.targets if folded and t.folded == folded), None):
            hits[_change(row.source.word, own.word)].append((at, own))
    found = [
        finding(
            name,
            _COPIES_SOME if name == "identity" and len(pairs) < len(rows) / 2 else _TEXTS[name],
            [at for at, _ in pairs],
            len(rows),
            needed=_NEEDED_COPIES if name == "identity" else NEEDED,
            examples=(pair(rows[at].source, target) for at, target in pairs),
            explains=((at, target.folded) for at, target in pairs),
        )
        for name, pairs in hits.items()
    ]
    return sorted(found, key=lambda item: -len(item.hits))


def _change(source: str, target: str) -> str:
    if source == target:
        return "identity"
    if target.islower():
        return "lower case"
    if target.istitle():
        return "title case"
    return "upper case" if target.isupper() else "variant"
