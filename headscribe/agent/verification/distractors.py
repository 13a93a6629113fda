"""Rows and target lists of other heads that look like the head's own, so that looks do not give them away."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from headscribe.agent.splits import name
from headscribe.agent.verification.looks import Look, SeenRow, look_of, seen_rows, spelling, strength_of
from headscribe.core.evidence import OtherHeads
from headscribe.core.records import Mapping, Token
from headscribe.core.rounds import Part

COMPARED = 6
"""Rows that look alike, of which the one nearest in strength is taken."""

_SAMPLED = 24
"""Rows that random tokens are taken from."""

Share = Callable[[Look], object]


def _nothing(_look: Look) -> object:
    return None


_LOOKS: tuple[Share, ...] = (
    lambda look: look,
    lambda look: (look.copies, look.source),
    lambda look: (look.copies, look.targets),
    lambda look: look.copies,
    _nothing,
)
"""What rows have to share to look alike, the strictest first."""
_LISTS: tuple[Share, ...] = (lambda look: look.targets, _nothing)
"""The same for lists of targets."""


class Distractors:
    """Draws rows and target lists of other heads, no row twice.

    Args:
        others: mappings of other heads.
        own: words of sources that the head acts on: a row with one of them is no false row.
        secret: words that may not appear, because they are held out for another test.
        seen: rows that the describer saw, which may not appear either.
        rng: of the draw.
        part: validation draws from other rows than the test, because describers are told of its mistakes.
    """

    def __init__(
        self,
        others: OtherHeads,
        own: set[str],
        secret: set[str],
        seen: Iterable[Mapping],
        rng: random.Random,
        part: Part = "test",
    ) -> None:
        shown = {_ids(row) for row in seen}
        rows = [one for head in others for one in _share_of(part, seen_rows(head))]
        rows = [one for one in rows if _ids(one.row) not in shown] if shown else rows
        self._rows = rows = [one for one in rows if secret.isdisjoint(one.words)] if secret else rows
        self._own, self._secret, self._rng = own, secret, rng
        self._taken: set[int] = set()
        self._same: dict[str, list[SeenRow]] = defaultdict(list)
        for one in rows:
            self._same[one.word].append(one)
        self._keys = dict[Share, dict[object, list[SeenRow]]]()
        self.enough = bool(rows)

    def row(self, like: Mapping, taken: Iterable[str] = ()) -> Mapping | None:
        """A row that looks like this one, with a source that the head does not act on; None if none is left.

        Args:
            like: a row of the head.
            taken: words that it may not hold.
        """
        used = {name(like.source), *taken}
        found = self._nearest(
            like, _LOOKS, lambda one: one.word not in self._own and used.isdisjoint(one.words)
        )
        return found.row if found else None

    def same_source(self, row: Mapping, used: set[str]) -> tuple[Token, ...] | None:
        """Another head's targets for the very source, without the words ``used``; None if none is left."""
        for one in self._same.get(name(row.source), ()):
            if id(one) not in self._taken and _without(one, used):
                self._taken.add(id(one))
                return one.row.targets
        return None

    def targets(self, row: Mapping, used: set[str]) -> tuple[Token, ...] | None:
        """Another head's targets that look like the row's, without the words ``used``; None if none is."""
        found = self._nearest(row, _LISTS, lambda one: _without(one, used))
        return found.row.targets if found else None

    def random_targets(self, row: Mapping, used: set[str]) -> tuple[Token, ...] | None:
        """Tokens of many heads at random, each spelled like the target in its place; None if none is left."""
        rows = self._rng.sample(self._rows, min(len(self._rows), _SAMPLED))
        tokens = {name(token): token for one in rows for token in one.row.targets}
        for word in (used | self._secret) & tokens.keys():
            del tokens[word]
        found: list[Token] = []
        for target in row.targets:
            wanted = spelling(target.text)
            fit = (word for word, token in tokens.items() if spelling(token.text) == wanted)
            if (taken := next(fit, next(iter(tokens), None))) is None:
                return None
            found.append(tokens.pop(taken))
        return tuple(found)

    def _nearest(
        self, row: Mapping, looks: Sequence[Share], accept: Callable[[SeenRow], bool]
    ) -> SeenRow | None:
        """Of the acceptable rows that look most like this one, one of about its strength."""
        look, strength = look_of(row), strength_of(row)
        for share in looks:
            offered = (one for one in self._offered(share, share(look)) if accept(one))
            if few := list(islice(offered, COMPARED)):
                found = min(few, key=lambda one: abs(one.strength - strength))
                self._taken.add(id(found))
                return found
        return None

    def _offered(self, share: Share, key: object) -> Iterator[SeenRow]:
        """The rows with this in common that are left, from a random place on."""
        if share not in self._keys:
            alike: dict[object, list[SeenRow]] = defaultdict(list)
            for one in self._rows:
                alike[share(one.look)].append(one)
            self._keys[share] = alike
        rows = self._keys[share].get(key, [])
        start = self._rng.randrange(len(rows)) if rows else 0
        for place in range(len(rows)):
            one = rows[(start + place) % len(rows)]
            if id(one) not in self._taken:
                yield one


def _share_of(part: Part, rows: Sequence[SeenRow]) -> list[SeenRow]:
    """Every fourth row of a head for validation, the others for the test."""
    return [row for place, row in enumerate(rows) if (place % 4 == 3) is (part == "validation")]


def words(rows: Iterable[Mapping]) -> set[str]:
    """The words of the rows' sources."""
    return {name(row.source) for row in rows}


def _without(one: SeenRow, used: set[str]) -> bool:
    return not any(name(token) in used for token in one.row.targets)


def _ids(row: Mapping) -> tuple[int, ...]:
    return (row.source.id, *(token.id for token in row.targets))
