"""The questions that test a description: which row is the head's, and which targets follow from a source."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

from headscribe.agent.splits import mentions, name
from headscribe.core.chat import content_hash
from headscribe.core.evidence import OtherHeads
from headscribe.core.records import Mapping, Token
from headscribe.core.rounds import Kind

CHOICES = "ABCD"
"""Letters of the target lists to choose from."""

YES, NO = "yes", "no"

_CHOICE_SHARE = 0.4
"""Share of the held-out rows that becomes choices; each of the others gets a false row beside it."""

Targets = tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class ReaderItem:
    """One question and its right answer.

    Attributes:
        kind: see ``core.rounds.AskedItem``.
        source: the source token shown.
        choices: one target list for the yes-or-no kinds, one per letter of ``CHOICES`` for ``choice``.
        right: ``yes``, ``no`` or a letter.
    """

    kind: Kind
    source: Token
    choices: tuple[Targets, ...]
    right: str

    @property
    def chance(self) -> float:
        """How often guessing is right."""
        return 1 / len(CHOICES) if self.kind == "choice" else 1 / 2


def make_items(
    rows: Sequence[Mapping],
    others: OtherHeads,
    *,
    own: Iterable[Mapping] = (),
    banned: Iterable[Mapping] = (),
    seed: int = 0,
) -> tuple[ReaderItem, ...]:
    """Questions about held-out rows, in a shuffled order that depends on the content alone.

    Each true row is asked about once, either whether it belongs to the head or which of four target lists
    follows from its source, so that no two answers hang on the same row. Every yes-or-no row has a false one
    beside it: by turns another head's row, and a true source with another head's targets (for the same
    source, if the other head has it). The right lists of choices stand in every place equally often.

    Args:
        rows: held-out mappings of the head.
        others: mappings of other heads; where there are too few, there are fewer items, or none.
        own: all mappings of the head: another head's row with the same source is no false row.
        banned: rows whose sources may not appear in false rows, because they are held out for another test.
        seed: of the draw.
    """
    rows = sorted(rows, key=_words)
    rng = random.Random(content_hash([seed, "items", [_words(row) for row in rows]]))
    secret = {name(row.source) for row in banned}
    draw = _Draw(others, {name(row.source) for row in own}, secret, rng)
    if not draw.enough:
        return ()
    rng.shuffle(rows)
    n_choices = round(_CHOICE_SHARE * len(rows))
    chosen, judged = rows[:n_choices], rows[n_choices:]
    items = [*_choices(chosen, draw, rng), *_pairs(judged, chosen or judged, draw)]
    rng.shuffle(items)
    return tuple(items)


def _words(row: Mapping) -> list[tuple[int, str]]:
    return [(token.id, token.text) for token in (row.source, *row.targets)]


def _choices(rows: Sequence[Mapping], draw: _Draw, rng: random.Random) -> Iterator[ReaderItem]:
    places = cycle(rng.sample(range(len(CHOICES)), len(CHOICES)))
    for row in rows:
        lists = draw.lists(row, len(CHOICES) - 1)
        if len(lists) == len(CHOICES) - 1:
            place = next(places)
            lists.insert(place, row.targets)
            yield ReaderItem("choice", row.source, tuple(lists), CHOICES[place])


def _pairs(rows: Sequence[Mapping], sources: Sequence[Mapping], draw: _Draw) -> Iterator[ReaderItem]:
    """Each row as a true item and a false one; a row without a false one is left out."""
    sources_in_turn = cycle(sources)
    for number, row in enumerate(rows):
        false = None
        if number % 2:
            real = next(sources_in_turn)
            if lists := draw.lists(real, 1):
                false = ReaderItem("other-targets", real.source, (lists[0],), NO)
        elif (other := draw.row()) is not None:
            false = ReaderItem("other-row", other.source, (other.targets,), NO)
        if false is not None:
            yield ReaderItem("true", row.source, (row.targets,), YES)
            yield false


class _Draw:
    """Draws rows and target lists of other heads, from each head in turn and no row twice."""

    def __init__(self, others: OtherHeads, own: set[str], secret: set[str], rng: random.Random) -> None:
        usable = [
            [row for row in rows if row.targets and not (secret and mentions(row, secret))] for rows in others
        ]
        self._own = own
        self._heads = [rng.sample(rows, len(rows)) for rows in usable if rows]
        self._turns = rng.sample(range(len(self._heads)), len(self._heads))
        self._sources = {name(row.source) for rows in self._heads for row in rows}
        self.enough = bool(self._heads)

    def row(self) -> Mapping | None:
        """A row with a source that the head does not act on, None if none is left."""
        return self._take(lambda row: name(row.source) not in self._own)

    def lists(self, row: Mapping, count: int) -> list[Targets]:
        """Up to ``count`` target lists that share no token with the row's, nor with each other's.

        Lists that other heads give for the very same source come first: they are the hardest to tell apart.
        """
        found: list[Targets] = []
        used, same = {name(token) for token in row.targets}, name(row.source)

        def fits(other: Mapping) -> bool:
            return not any(name(token) in used for token in other.targets)

        while len(found) < count:
            other = None
            if same in self._sources:
                other = self._take(lambda one: name(one.source) == same and fits(one))
            other = other or self._take(fits)
            if other is None:
                break
            found.append(other.targets)
            used |= {name(token) for token in other.targets}
        return found

    def _take(self, accept: Callable[[Mapping], bool]) -> Mapping | None:
        """The next acceptable row; its head then waits until all others have had their turn."""
        for turn in self._turns:
            rows = self._heads[turn]
            place = next((place for place, row in enumerate(rows) if accept(row)), None)
            if place is not None:
                self._turns.remove(turn)
                self._turns.append(turn)
                return rows.pop(place)
        return None
