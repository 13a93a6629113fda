"""What the LLM judge is asked: as many operations that heads score on as operations that they do not."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from headscribe.core.chat import content_hash
from headscribe.core.evaluation import Judgment
from headscribe.core.heads import Head

MOST_OPTIONS = 12
"""Operations in one question; a head with more is asked about in several."""


@dataclass(frozen=True, slots=True)
class JudgeQuestion:
    """One question to the judge: a head's description, and names in the order in which they are shown."""

    head: Head
    names: tuple[str, ...]


def choose_items(judgments: Sequence[Judgment], seed: int) -> dict[Head, tuple[str, ...]]:
    """The operations that each head is judged on, in a shuffled order that gives nothing away.

    All pairs of a head and an operation with a score of at least the threshold are chosen, and equally many
    of the others (or, where these are fewer, as many of the first as there are others). Of the others, heads
    that score on nothing get the share that they have among the heads, at most half; the rest lie with the
    heads that score, in proportion to their scores.

    Args:
        judgments: every head and operation.
        seed: of the draw.
    """
    rng = random.Random(content_hash([seed, "items"]))
    scored: dict[Head, list[str]] = {}
    others: dict[Head, list[str]] = {}
    for row in judgments:
        scored.setdefault(row.head, [])
        others.setdefault(row.head, [])
        (scored if row.scored else others)[row.head].append(row.operation)
    pairs = [(head, name) for head, names in scored.items() for name in names]
    count = min(len(pairs), sum(map(len, others.values())))
    chosen = _by_head(rng.sample(pairs, count))
    silent = [head for head in others if not scored[head]]
    aside = min(round(count * len(silent) / max(1, len(others))), count // 2)
    drawn = _draw({head: others[head] for head in silent}, dict.fromkeys(silent, 1), aside, rng)
    weights = {head: len(names) for head, names in chosen.items()}
    drawn |= _draw({head: others[head] for head in weights}, weights, count - len(drawn), rng)
    # Where heads that score are too few or score on nearly everything, any other pair fills the gap.
    left = [(head, name) for head, names in others.items() for name in names if (head, name) not in drawn]
    drawn |= set(rng.sample(left, count - len(drawn)))
    beside = _by_head(sorted(drawn))
    items: dict[Head, tuple[str, ...]] = {}
    for head in sorted({*chosen, *beside}):
        names = [*chosen.get(head, ()), *beside.get(head, ())]
        rng.shuffle(names)
        items[head] = tuple(names)
    return items


def questions(items: Mapping[Head, Sequence[str]], described: Iterable[Head]) -> list[JudgeQuestion]:
    """The items of described heads as questions of at most ``MOST_OPTIONS``, of about equal length."""
    found = []
    for head in sorted(set(described) & set(items)):
        names = items[head]
        parts = -(-len(names) // MOST_OPTIONS)
        found += [JudgeQuestion(head, tuple(names[part::parts])) for part in range(parts)]
    return found


def shuffled(names: Sequence[str], description: str, seed: int) -> tuple[str, ...]:
    """The same names in an order of the description's own, so that equal descriptions make one question."""
    order = list(names)
    random.Random(content_hash([seed, "order", description])).shuffle(order)
    return tuple(order)


def _by_head(pairs: Iterable[tuple[Head, str]]) -> dict[Head, list[str]]:
    found: dict[Head, list[str]] = {}
    for head, name in pairs:
        found.setdefault(head, []).append(name)
    return found


def _draw(
    pools: Mapping[Head, Sequence[str]], weights: Mapping[Head, int], count: int, rng: random.Random
) -> set[tuple[Head, str]]:
    """Up to ``count`` pairs, from the heads in turn; in a round a head has as many turns as its weight."""
    waiting = {head: rng.sample(list(pool), len(pool)) for head, pool in sorted(pools.items())}
    drawn: set[tuple[Head, str]] = set()
    while len(drawn) < count and any(waiting.values()):
        turns = [head for head, left in waiting.items() if left for _ in range(weights[head])]
        rng.shuffle(turns)
        for head in turns[: count - len(drawn)]:
            if waiting[head]:
                drawn.add((head, waiting[head].pop()))
    return drawn
