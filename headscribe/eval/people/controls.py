"""Control items: a head beside another head's description, and items that come twice.

The other head must do something clearly different, or its description might fit as well. Two heads are taken
to be alike when they share an operation, when both copy their sources, when their mappings have tokens in
common, or when their descriptions have words in common.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headscribe.core.heads import Head
from headscribe.core.records import HeadMap

MOST_ALIKE = 0.2
"""Jaccard overlap of tokens, and of words, up to which heads count as clearly different."""

_COPIES = 0.3
"""A head copies when so large a share of its rows has the source among the targets."""

_WORD = re.compile(r"[^\W\d_]{4,}")


@dataclass(frozen=True, slots=True)
class ShownHead:
    """What a head's likeness to another one is read from.

    Attributes:
        head: the head.
        description: as annotators see it.
        tokens: lower-case sources and targets of its mappings.
        words: of the description, lower case, four letters or more.
        operations: those it implements.
        copies: whether it maps many sources to themselves.
    """

    head: Head
    description: str
    tokens: frozenset[str]
    words: frozenset[str]
    operations: frozenset[str]
    copies: bool


def look(head_map: HeadMap, description: str, operations: frozenset[str]) -> ShownHead:
    """Read a head's mappings and description."""
    rows = [
        (row.source.text.strip().lower(), {token.text.strip().lower() for token in row.targets})
        for row in head_map.mappings
    ]
    same = sum(source in targets for source, targets in rows)
    return ShownHead(
        head=head_map.head,
        description=description,
        tokens=frozenset(source for source, _ in rows).union(*(targets for _, targets in rows)),
        words=frozenset(_WORD.findall(description.lower())),
        operations=operations,
        copies=bool(rows) and same >= _COPIES * len(rows),
    )


def different(one: ShownHead, other: ShownHead) -> bool:
    """Whether two heads clearly do different things."""
    return not (
        one.operations & other.operations
        or (one.copies and other.copies)
        or _overlap(one.tokens, other.tokens) > MOST_ALIKE
        or _overlap(one.words, other.words) > MOST_ALIKE
    )


def wrong_descriptions(
    heads: Sequence[Head], looks: Mapping[Head, ShownHead], n: int, rng: random.Random
) -> list[tuple[Head, Head]]:
    """Pairs (head shown, head described), no head shown twice; fewer than ``n`` where too few differ.

    Args:
        heads: those that may be shown, preferred ones first.
        looks: every head that has a description.
        n: how many pairs.
        rng: of the draw among the heads that differ.
    """
    found: list[tuple[Head, Head]] = []
    for head in heads:
        if len(found) == n:
            break
        others = [other for other in sorted(looks) if different(looks[head], looks[other])]
        if others:
            found.append((head, rng.choice(others)))
    return found


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    either = len(one | other)
    return len(one & other) / either if either else 0.0
