"""Signs that a map says little of its model, as where a view does not fit: what no single head shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from statistics import mean, median

from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.core.settings import RELATION_HEAD

FEWEST_HEADS = 20
"""A sample of heads says little of a model."""

FEWEST_OPERATIONS = 10
FIRST = 5
"""Targets of a row that are looked at."""

HUB_SHARE = 0.35
"""Mean share of a head's rows that list one and the same target; 0.05 to 0.2 in maps that could be read."""

CONSTANT_SHARE = 0.95
"""Median over heads; 0.2 on a real model, 0.8 on the bundled one, both with plain specific parts."""


def signs(
    lists: Mapping[Head, Sequence[Sequence[int]]],
    scores: Collection[OperationScore],
    constant_shares: Collection[float] = (),
) -> Iterator[str]:
    """What is odd about a map, a clause each; nothing for a map of few heads.

    Args:
        lists: per head, the ids of each row's promoted targets.
        scores: of its heads.
        constant_shares: of heads taken apart, the share of what they write whatever the source.
    """
    hubs = [_hub_share(rows) for rows in lists.values() if rows]
    if len(hubs) >= FEWEST_HEADS and mean(hubs) > HUB_SHARE:
        yield f"{mean(hubs):.0%} of a head's rows list the same target, on average"
    operations = {score.operation for score in scores}
    if len({score.head for score in scores}) >= FEWEST_HEADS and len(operations) >= FEWEST_OPERATIONS:
        best = max(max(score.effect, score.suppression_effect) for score in scores)
        if best < RELATION_HEAD:
            yield f"no head reaches {RELATION_HEAD:g} on any of {len(operations)} operations"
    if len(constant_shares) >= FEWEST_HEADS and median(constant_shares) > CONSTANT_SHARE:
        share = median(constant_shares)
        yield f"half of the heads write at least {share:.0%} whatever the source"


def _hub_share(rows: Sequence[Sequence[int]]) -> float:
    """The share of rows that have the commonest of their first targets."""
    counts = Counter(target for row in rows for target in set(row[:FIRST]))
    return max(counts.values(), default=0) / len(rows)
