"""A blinded study: the items that annotators judge, what they really are, and an order for each annotator."""

from __future__ import annotations

import hashlib
import hmac
import math
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from headscribe.core.descriptions import Description, Status
from headscribe.core.heads import Head
from headscribe.core.people import Item, Kind, Truth, description_hash, item_rows, shown_description
from headscribe.core.records import HeadMap, OperationScore
from headscribe.core.settings import RELATION_HEAD
from headscribe.eval.people.controls import look, wrong_descriptions

CONTROL_SHARE = 0.1
"""Controls of each kind, as a share of the heads judged, unless a number is asked for."""

_APART = 10
"""Items that lie between an item and its repetition, where there are as many."""

_COUNTS = re.compile(r" ?\(\d+ of \d+ mappings\)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Study:
    """Items by id, and the truth about each."""

    items: dict[str, Item]
    truths: tuple[Truth, ...]

    def count(self, kind: Kind) -> int:
        """How many items are of one kind."""
        return sum(truth.kind == kind for truth in self.truths)


class BlindNames:
    """Names that only who holds the secret can trace back.

    Args:
        secret: random, hexadecimal.
    """

    def __init__(self, secret: str) -> None:
        self._secret = bytes.fromhex(secret)

    def of(self, *parts: object) -> str:
        """Twelve hexadecimal digits for what the parts name."""
        text = "|".join(map(str, parts))
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()[:12]


def shown(row: Description) -> str | None:
    """A head's description as annotators see it; None for an unclear one.

    The built-in rules write behind each sentence how many mappings it explains. That is their confidence,
    which annotators must not see.
    """
    if row.outcome.status is not Status.OK:
        return None
    text = row.outcome.description or ""
    return shown_description(_COUNTS.sub("", text) if row.method == "rules" else text)


def n_controls(heads: int, wanted: int | None) -> int:
    """Controls of each kind: as many as asked for, or a tenth of the heads, at least one."""
    return math.ceil(heads * CONTROL_SHARE) if wanted is None else wanted


def build_study(
    drawn: Sequence[Description],
    answered: Sequence[Description],
    head_maps: Mapping[Head, HeadMap],
    scores: Sequence[OperationScore],
    *,
    names: BlindNames,
    controls: int | None,
    seed: int,
) -> Study:
    """Items for the heads drawn, with controls.

    Args:
        drawn: heads to be judged.
        answered: all heads with an answer, from which wrong descriptions are taken. Their mappings are shown
            for heads that are not judged themselves as long as there are such.
        head_maps: the mappings of ``answered``.
        scores: operation scores, which tell heads that do the same thing.
        names: makes the items' ids.
        controls: controls of each kind, None for a tenth of the heads.
        seed: of the draws.
    """
    rng = random.Random(seed)
    described = {row.head: text for row in answered if (text := shown(row)) is not None}
    study = Study({}, ())
    truths: list[Truth] = []

    def add(kind: Kind, head: Head, of: Head, original: str | None = None) -> None:
        rows = item_rows(head_maps[head].mappings)
        item = Item(names.of(kind, head.name, of.name), described.get(of), rows)
        study.items[item.id] = item
        truths.append(Truth(item.id, head, kind, of, original, description_hash(item.description)))

    for row in drawn:
        add("head", row.head, row.head)
    wanted = n_controls(len(drawn), controls)
    for row in rng.sample(list(drawn), min(wanted, len(drawn))):
        add("repeat", row.head, row.head, names.of("head", row.head.name, row.head.name))
    looks = {
        head: look(head_maps[head], text, operations)
        for (head, text), operations in zip(
            described.items(), map(_operations(scores), described), strict=True
        )
    }
    judged = {row.head for row in drawn}
    spare = [head for head in described if head not in judged]
    taken = [head for head in described if head in judged]
    shuffled = rng.sample(spare, len(spare)) + rng.sample(taken, len(taken))
    for head, other in wrong_descriptions(shuffled, looks, wanted, rng):
        add("wrong", head, other)
    return Study(study.items, tuple(truths))


def order_for(annotator: str, export: str, truths: Sequence[Truth]) -> list[str]:
    """The ids in the order in which one annotator sees them: random, repetitions far from their originals.

    Args:
        annotator: the order is another one for each.
        export: the export's id.
        truths: the items.
    """
    rng = random.Random(f"{export}|{annotator}")
    order = sorted(truth.id for truth in truths if truth.kind != "repeat")
    rng.shuffle(order)
    for truth in sorted((truth for truth in truths if truth.kind == "repeat"), key=lambda truth: truth.id):
        at = order.index(truth.of or "")
        places = range(len(order) + 1)
        far = [place for place in places if place <= at - _APART or place > at + _APART]
        order.insert(rng.choice(far) if far else (0 if at > len(order) // 2 else len(order)), truth.id)
    return order


def _operations(scores: Sequence[OperationScore]) -> Callable[[Head], frozenset[str]]:
    found: dict[Head, set[str]] = {}
    for score in scores:
        if score.effect >= RELATION_HEAD:
            found.setdefault(score.head, set()).add(score.operation)
    return lambda head: frozenset(found.get(head, ()))
