"""Which operation scores are above what mismatched pairs give, over all heads and operations of a map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from headscribe.core.records import OperationScore

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
    p = p_values(
        [ends[place].hits for place in tested],
        [ends[place].n_pairs for place in tested],
        [max(ends[place].shuffled or 0, records[place // 2].k / n_targets) for place in tested],
    )
    marks: list[bool | None] = [None] * len(ends)
    for place, mark in zip(tested, discoveries(p), strict=True):
        marks[place] = bool(mark)
    return [
        replace(record, above_chance=promotion, suppression_above_chance=suppression)
        for record, promotion, suppression in zip(records, marks[::2], marks[1::2], strict=True)
    ]


def p_values(hits: Sequence[int], n: Sequence[int], rate: Sequence[float]) -> NDArray[np.float64]:
    """The chance of so many hits or more among n pairs that are hits at a rate: [tests]."""
    from scipy.stats import binom

    values: NDArray[np.float64] = binom.sf(np.array(hits) - 1, np.array(n), np.array(rate))
    return values


def discoveries(p: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which tests reject at a false discovery rate of 5% (Benjamini & Hochberg 1995): [tests] of bool."""
    from scipy.stats import false_discovery_control

    return np.asarray(false_discovery_control(p) <= FALSE_DISCOVERIES) if len(p) else np.zeros(0, dtype=bool)
