"""Pairs of a head and an operation with a score and a verdict, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headscribe.core.evaluation import Judge, Judgment


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """What one judge said, beside the scores.

    Attributes:
        operations: names, by category and name.
        categories: the category of each operation.
        n_heads: heads with an item.
        head: [n_items] int, place of the head among these.
        operation: [n_items] int, place of the operation.
        score: [n_items] float64.
        scored: [n_items] bool, whether the score reaches the threshold.
        expressed: [n_items] bool, the verdict.
    """

    operations: tuple[str, ...]
    categories: tuple[str, ...]
    n_heads: int
    head: NDArray[np.intp]
    operation: NDArray[np.intp]
    score: NDArray[np.float64]
    scored: NDArray[np.bool_]
    expressed: NDArray[np.bool_]


def items_of(judgments: Sequence[Judgment], judge: Judge) -> Items:
    """The items that a judge has a verdict on; for the rules on the LLM's items, those that the LLM has."""
    rows = [row for row in judgments if judge == "rules" or row.llm is not None]
    columns = sorted({(row.category, row.operation) for row in rows})
    heads = {head: place for place, head in enumerate(sorted({row.head for row in rows}))}
    operations = {name: place for place, (_, name) in enumerate(columns)}
    return Items(
        operations=tuple(name for _, name in columns),
        categories=tuple(category for category, _ in columns),
        n_heads=len(heads),
        head=np.array([heads[row.head] for row in rows], dtype=np.intp),
        operation=np.array([operations[row.operation] for row in rows], dtype=np.intp),
        score=np.array([row.score for row in rows], dtype=np.float64),
        scored=np.array([row.scored for row in rows], dtype=np.bool_),
        expressed=np.array([bool(row.verdict(judge)) for row in rows], dtype=np.bool_),
    )
