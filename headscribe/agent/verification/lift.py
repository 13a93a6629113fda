"""From a reader's answers with and without the description to what the description adds: the lift."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from headscribe.agent.verification.items import ONE_ROW, WITHIN, YES, ReaderItem
from headscribe.core.rounds import Confidence, Intruders, Tested
from headscribe.core.statistics import paired_ratio, wilson


@dataclass(frozen=True, slots=True)
class Answer:
    """An item with what the reader said; ``said`` is None where no answer could be read.

    Attributes:
        item: the question.
        said: one of ``item.answers``.
        reason: the reader's words, if it gave some.
        chances: the probability of each of ``item.answers``; empty where the server gives none.
    """

    item: ReaderItem
    said: str | None
    reason: str = ""
    chances: tuple[float, ...] = ()

    @property
    def right(self) -> bool:
        """Whether the reader was right; an item without an answer is not."""
        return self.said == self.item.right

    @property
    def right_chance(self) -> float | None:
        """The probability that the reader gave to the right answer; None where the server gives none."""
        return self.chances[self.item.answers.index(self.item.right)] if self.chances else None


@dataclass(frozen=True, slots=True)
class Pair:
    """One item, answered with the description and without it."""

    told: Answer
    null: Answer

    @property
    def answered(self) -> bool:
        """Whether both readers gave an answer."""
        return self.told.said is not None and self.null.said is not None


@dataclass(frozen=True, slots=True)
class Lift:
    """(accuracy − null accuracy) / (1 − null accuracy), over items answered with and without the description.

    Attributes:
        value: the lift; None where the reader makes no mistake without the description, so that the items
            cannot tell what it adds, or where a class of items brought no answer.
        low: lower end of its 95% interval; None where the interval has none, or there is no value.
        high: upper end.
        n: items answered by both.
        accuracy: share of right answers with the description, true and false rows weighing the same.
        null_accuracy: share without.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    accuracy: float | None = None
    null_accuracy: float | None = None


def measure(pairs: Sequence[Pair]) -> Confidence:
    """What answered items say of a description: its lift between heads, and its lift within the head."""
    between = [pair for pair in pairs if pair.told.item.kind != WITHIN]
    inside = [pair for pair in pairs if pair.told.item.kind == WITHIN]
    lift, within = lift_of(between), lift_of(inside)
    unanswered = 1 - sum(pair.answered for pair in pairs) / len(pairs) if pairs else None
    tested = Tested(
        lift.accuracy,
        lift.null_accuracy,
        within.value,
        within.low,
        within.high,
        within.accuracy,
        within.null_accuracy,
        within.n,
        auroc([pair.told for pair in between]),
    )
    return Confidence(lift.value, lift.low, lift.high, lift.n, unanswered, tested)


def lift_of(pairs: Sequence[Pair]) -> Lift:
    """The lift over items that both readers answered; true rows, false rows and choices keep their weights.

    With e and e0 the shares of mistakes with and without the description it is 1 − e / e0. Its interval is
    that of the ratio of two shares over the same items (``core.statistics.paired_ratio``), where items that
    hang on one row count as fewer: as many as would give the variance found between rows.
    """
    classes: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        classes[_class(pair.told.item)].append(pair)
    answered = {key: [pair for pair in group if pair.answered] for key, group in classes.items()}
    n = sum(map(len, answered.values()))
    if not n or not all(answered.values()):
        return Lift(n=n)
    errors = [
        _Error(
            len(classes[key]) / len(pairs) / len(group),
            float(not pair.told.right),
            float(not pair.null.right),
            pair.told.item.unit,
        )
        for key, group in answered.items()
        for pair in group
    ]
    told = sum(one.weight * one.told for one in errors)
    null = sum(one.weight * one.null for one in errors)
    if null <= 0:
        return Lift(n=n, accuracy=1 - told, null_accuracy=1.0)
    joint = sum(one.weight * one.told * one.null for one in errors)
    spread = sqrt(max(0.0, told * (1 - told) * null * (1 - null)))
    correlation = (joint - told * null) / spread if spread else 0.0
    low, high = paired_ratio(told, null, n / _clustering(errors, told, null), correlation)
    return Lift(1 - told / null, None if high is None else 1 - high, 1 - low, n, 1 - told, 1 - null)


def intruders_of(answers: Sequence[Answer]) -> Intruders:
    """How often the row of another head was found, from guessing (0) to always (1); Wilson's interval."""
    said = [answer for answer in answers if answer.said is not None]
    if not said:
        return Intruders()
    hits, chance = sum(answer.right for answer in said), sum(one.item.chance for one in said) / len(said)
    share, (low, high) = hits / len(said), wilson(hits, len(said))
    value, low, high = ((one - chance) / (1 - chance) for one in (share, low, high))
    return Intruders(value, low, high, len(said))


def auroc(answers: Sequence[Answer]) -> float | None:
    """How often a true row gets a higher probability of "yes" than a false one; None where none is known."""
    sides: dict[bool, list[float]] = {True: [], False: []}
    for answer in answers:
        if answer.item.kind in ONE_ROW and answer.chances:
            sides[answer.item.right == YES].append(answer.chances[answer.item.answers.index(YES)])
    true, false = sides[True], sides[False]
    if not true or not false:
        return None
    won = sum((a > b) + (a == b) / 2 for a in true for b in false)
    return won / (len(true) * len(false))


@dataclass(frozen=True, slots=True)
class _Error:
    """An item's weight, whether each reader was wrong (1 or 0), and what the item hangs on."""

    weight: float
    told: float
    null: float
    unit: str


def _clustering(errors: Sequence[_Error], told: float, null: float) -> float:
    """The design effect: variance of the ratio between units over that of independent items; at least 1."""
    units: dict[str, float] = defaultdict(float)
    alone = 0.0
    for place, one in enumerate(errors):
        # How much the item moves told / null, to first order.
        moves = one.weight * (one.told * null - one.null * told)
        units[one.unit or str(place)] += moves
        alone += moves * moves
    return max(1.0, sum(moved * moved for moved in units.values()) / alone) if alone else 1.0


def _class(item: ReaderItem) -> str:
    if item.kind in ONE_ROW:
        return "true" if item.right == YES else "false"
    return item.kind
