"""Which questions are put about a head's held-out rows, and in which order."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle

from headscribe.agent.splits import name
from headscribe.agent.verification.distractors import Distractors, words
from headscribe.agent.verification.items import CHOICES, NO, ROWS, WITHIN, YES, ReaderItem, Targets
from headscribe.core.chat import content_hash
from headscribe.core.evidence import OtherHeads
from headscribe.core.records import Mapping, Token
from headscribe.core.rounds import Kind, Part

BATCH = 24
"""Items that are asked at once; their order is shuffled."""

_FALSE: tuple[Kind, ...] = (
    *("other-row", "other-row", "other-targets", "other-row"),
    *("other-row", "other-row", "random", "other-row"),
)
"""False rows, by turns."""

_USES = 2
"""How often a row may stand among those of an intruder."""


def make_items(
    rows: Sequence[Mapping],
    others: OtherHeads,
    *,
    own: Iterable[Mapping] = (),
    banned: Iterable[Mapping] = (),
    seen: Iterable[Mapping] = (),
    part: Part = "test",
    seed: int = 0,
) -> tuple[ReaderItem, ...]:
    """Questions about held-out rows; draw and order depend on the content and the seed alone.

    *Between heads*: is this row the head's (a true row with a false one beside it, by turns), which of four
    rows is the head's (``pick``), and, where another head has the very source, which of four target lists the
    head gives for it (``choice``). Each row is asked about once before any is asked about again; for
    validation once is all. *Within the head*, for the test: which of four of its own target lists belongs to
    a source. Any beginning of the items holds as many true rows as false ones; right answers stand in every
    place equally often.

    Args:
        rows: held-out mappings of the head.
        others: mappings of other heads; where there are too few, there are fewer items, or none.
        own: all mappings of the head: another head's row with the same source is no false row.
        banned: rows whose sources may not appear in false rows, because they are held out for another test.
        seen: rows of other heads that the describer saw, which no item may show.
        part: what the items are for.
        seed: of the draw.
    """
    rows = sorted(rows, key=_words)
    rng = random.Random(content_hash([seed, "items", [_words(row) for row in rows]]))
    distractors = Distractors(others, words(own), words(banned), seen, rng, part)
    if not distractors.enough:
        return ()
    rng.shuffle(rows)
    drawing = _Drawing(rows, distractors, rng)
    items = list(drawing.once() if part == "validation" else drawing.all())
    batches = [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
    for batch in batches:
        rng.shuffle(batch)
    return tuple(item for batch in batches for item in batch)


def make_intruders(
    rows: Sequence[Mapping], others: OtherHeads, *, own: Iterable[Mapping] = (), most: int = 8, seed: int = 0
) -> tuple[ReaderItem, ...]:
    """Five rows each, four of the head and one of another: which does not belong? There is no description.

    Args:
        rows: mappings of the head.
        others: mappings of other heads.
        own: all mappings of the head.
        most: items wanted; fewer where the rows are too few for each to be in at most two.
        seed: of the draw.
    """
    rows = sorted(rows, key=_words)
    rng = random.Random(content_hash([seed, "intruders", [_words(row) for row in rows]]))
    distractors = Distractors(others, words(own), set(), (), rng)
    places, inside, fours = _places(ROWS, rng), len(ROWS) - 1, list[list[Mapping]]()
    for _ in range(_USES):
        rng.shuffle(rows)
        fours += [rows[start : start + inside] for start in range(0, len(rows) - inside + 1, inside)]
    drawn = ((four, distractors.row(rng.choice(four))) for four in fours[:most])
    return tuple(
        _of_rows("intruder", row, four, next(places), ROWS) for four, row in drawn if row is not None
    )


class _Drawing:
    """The items of one head, in order."""

    def __init__(self, rows: Sequence[Mapping], distractors: Distractors, rng: random.Random) -> None:
        self._rows, self._distractors, self._rng = rows, distractors, rng
        self._false = cycle(_FALSE)
        self._places = {kind: _places(CHOICES, rng) for kind in ("pick", "choice", WITHIN)}

    def once(self) -> Iterator[ReaderItem]:
        """Each row in one way, by turns."""
        for number, row in enumerate(self._rows):
            yield from self._pair(row) if number % 2 == 0 else self._picked(row)

    def all(self) -> Iterator[ReaderItem]:
        """Each row in one way, then in the other, with items within the head; last with its very source."""
        for turn in (0, 1):
            for number, row in enumerate(self._rows):
                if number % 2 == turn:
                    yield from self._pair(row)
                    yield from self._inside(row)
                else:
                    yield from self._picked(row)
        for row in self._rows:
            yield from self._chosen(row)

    def _pair(self, row: Mapping) -> Iterator[ReaderItem]:
        """The row as a true item and a false one; none without a false one."""
        false = self._false_row(row, next(self._false))
        if false is not None:
            yield ReaderItem("true", row.source, (row.targets,), YES, unit=name(row.source))
            yield false

    def _false_row(self, row: Mapping, kind: Kind) -> ReaderItem | None:
        """A false row that looks like a true one; its source is a true one too, but for ``other-row``."""
        used = {name(token) for token in row.targets}
        if kind == "other-row":
            if (other := self._distractors.row(row)) is None:
                return None
            return ReaderItem(kind, other.source, (other.targets,), NO, unit=name(other.source))
        real = self._rng.choice(self._rows)
        used |= {name(token) for token in real.targets}
        drawn = self._distractors
        found = (
            drawn.random_targets(real, used)
            if kind == "random"
            else drawn.same_source(real, used) or drawn.targets(real, used)
        )
        return ReaderItem(kind, real.source, (found,), NO, unit=name(real.source)) if found else None

    def _picked(self, row: Mapping) -> Iterator[ReaderItem]:
        """Which of four rows is the head's."""
        others: list[Mapping] = []
        for _ in CHOICES[1:]:
            taken = {name(other.source) for other in others}
            if (other := self._distractors.row(row, taken)) is None:
                return
            others.append(other)
        yield _of_rows("pick", row, others, next(self._places["pick"]), CHOICES)

    def _chosen(self, row: Mapping) -> Iterator[ReaderItem]:
        """Which of four lists follows, where one of the others is another head's for the very source."""
        used = {name(token) for token in row.targets}
        if (same := self._distractors.same_source(row, used)) is None:
            return
        lists, drawn = [same], self._distractors
        for draw in (drawn.targets, drawn.random_targets):
            used |= {name(token) for token in lists[-1]}
            if (found := draw(row, used)) is None:
                return
            lists.append(found)
        yield self._list_of("choice", row, lists)

    def _inside(self, row: Mapping) -> Iterator[ReaderItem]:
        """Which of four of the head's own lists follows."""
        used = {name(token) for token in (row.source, *row.targets)}
        lists: list[Targets] = []
        for other in self._rng.sample(self._rows, len(self._rows)):
            if other is not row and other.targets and not any(name(token) in used for token in other.targets):
                lists.append(other.targets)
                used |= {name(token) for token in other.targets}
            if len(lists) == len(CHOICES) - 1:
                yield self._list_of(WITHIN, row, lists)
                return

    def _list_of(self, kind: Kind, row: Mapping, lists: list[Targets]) -> ReaderItem:
        place = next(self._places[kind])
        lists = [*lists[:place], row.targets, *lists[place:]]
        return ReaderItem(kind, row.source, tuple(lists), CHOICES[place], unit=name(row.source))


def _of_rows(kind: Kind, right: Mapping, others: Sequence[Mapping], place: int, letters: str) -> ReaderItem:
    rows = [*others[:place], right, *others[place:]]
    return ReaderItem(
        kind,
        right.source,
        tuple(row.targets for row in rows),
        letters[place],
        tuple(row.source for row in rows),
        unit=name(right.source),
    )


def _places(letters: str, rng: random.Random) -> Iterator[int]:
    return cycle(rng.sample(range(len(letters)), len(letters)))


def _words(row: Mapping) -> list[tuple[int, str]]:
    tokens: tuple[Token, ...] = (row.source, *row.targets)
    return [(token.id, token.text) for token in tokens]
