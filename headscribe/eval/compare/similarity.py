"""How alike the heads of two models are, by what operations they implement (definitions section 5)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from headscribe.core.heads import Head
from headscribe.core.model_comparison import HeadMatch, Similarity
from headscribe.eval.compare.score_table import ScoreTable

SHUFFLES = 20
"""Draws behind the chance level."""


def similarity(first: ScoreTable, second: ScoreTable, *, seed: int = 0) -> Similarity:
    """Match the heads of two models by the cosine of their scores over the operations scored in both.

    Heads whose scores there are all zero, or not all known, have no direction and are left out and counted.
    The cosine to a best match is high by itself where profiles are sparse; the chance level says how high: it
    is the same mean with the scores of every head of the second model shuffled over the operations.

    Args:
        first: the scores of one map.
        second: the scores of another.
        seed: of the shuffles.
    """
    common = tuple(name for name in first.operations if name in second.operations)
    found = Similarity(first.label, second.label, operations=common)
    if len(common) < 2:
        return replace(found, why_not=f"operations scored in both: {len(common)}; at least 2 are needed")
    heads, ours, strength = _directions(first.select(common))
    others, theirs, other_strength = _directions(second.select(common))
    found = replace(
        found,
        n_heads=len(heads),
        n_other=len(others),
        left_out=len(first.heads) - len(heads),
        other_left_out=len(second.heads) - len(others),
    )
    if not heads or not others:
        return replace(found, why_not="one of them has no head with a score above zero for these operations")
    cosines = ours @ theirs.T
    return replace(
        found,
        mean_best=float(cosines.max(axis=1).mean()),
        other_mean_best=float(cosines.max(axis=0).mean()),
        chance=_chance(ours, theirs, seed),
        matches=tuple(
            HeadMatch(
                head=heads[row],
                other=others[column],
                cosine=min(1.0, float(cosines[row, column])),
                operation=common[int((ours[row] * theirs[column]).argmax())],
            )
            for row, column in _mutual(cosines, strength, other_strength)
        ),
    )


def _directions(table: ScoreTable) -> tuple[list[Head], NDArray[np.float64], NDArray[np.float64]]:
    """The heads with a direction, their scores [heads, operations] at length 1, and the lengths."""
    length = np.sqrt((table.scores**2).sum(axis=1))  # NaN where a score is absent, which compares as False
    rows = np.flatnonzero(length > 0)
    return [table.heads[row] for row in rows], table.scores[rows] / length[rows, None], length[rows]


def _chance(ours: NDArray[np.float64], theirs: NDArray[np.float64], seed: int) -> float:
    random = np.random.default_rng(seed)
    draws = [(ours @ random.permuted(theirs, axis=1).T).max(axis=1).mean() for _ in range(SHUFFLES)]
    return float(np.mean(draws))


def _mutual(
    cosines: NDArray[np.float64], strength: NDArray[np.float64], other_strength: NDArray[np.float64]
) -> list[tuple[int, int]]:
    """(row, column) of the heads that are each other's best match, most alike first, then strongest.

    Heads of one operation all have the cosine 1 to each other, whatever their scores: of equal matches the
    strongest is taken.
    """
    alike = np.round(cosines, 6)
    best = (alike + 1e-9 * other_strength[None, :]).argmax(axis=1)
    back = (alike + 1e-9 * strength[:, None]).argmax(axis=0)
    found = [(row, int(column)) for row, column in enumerate(best) if back[column] == row]
    return sorted(
        found, key=lambda pair: (-alike[pair], -min(strength[pair[0]], other_strength[pair[1]]), pair)
    )
