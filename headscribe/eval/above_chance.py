"""Which operation scores are above what mismatched pairs give, over all heads and operations of a map."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from headscribe.core.records import OperationScore
from headscribe.core.statistics import binomial_p, discoveries

FALSE_DISCOVERIES = 0.05
"""Expected share, of the scores that are called above chance, of those that are not."""


def mark_above_chance(scores: Iterable[OperationScore], n_targets: int) -> list[OperationScore]:
    """The scores with ``above_chance`` and ``suppression_above_chance`` set (docs/definitions.md, section 2).

    Each leading score is tested against its shuffled score, of k / n_targets at least: the binomial chance of
    as many hits or more. Promotion and suppression of all heads and operations are one family of tests, whose
    false discovery rate is held at 5%. Heads and operations that are added to a map make the family larger,
    so that all scores of the map are given at once.

    Args:
        scores: of one map; those without a shuffled score are left unmarked.
        n_targets: targets that take part in a row of the map.
    """
    records = list(scores)
    ends = [end for record in records for end in (record.promotion, record.suppression)]
    tested = [place for place, end in enumerate(ends) if end.shuffled is not None]
    p = binomial_p(
        [ends[place].hits for place in tested],
        [ends[place].n_pairs for place in tested],
        [max(ends[place].shuffled or 0, records[place // 2].k / n_targets) for place in tested],
    )
    marks: list[bool | None] = [None] * len(ends)
    for place, mark in zip(tested, discoveries(p, FALSE_DISCOVERIES), strict=True):
        marks[place] = bool(mark)
    return [
        replace(record, above_chance=promotion, suppression_above_chance=suppression)
        for record, promotion, suppression in zip(records, marks[::2], marks[1::2], strict=True)
    ]
