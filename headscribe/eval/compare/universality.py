"""In which models an operation has heads, and at which relative depth (definitions section 5)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headscribe.core.model_comparison import OperationInModel, OperationSpread, Universality
from headscribe.core.settings import RELATION_HEAD
from headscribe.eval.compare.score_table import ScoreTable


def universality(tables: Sequence[ScoreTable], threshold: float = RELATION_HEAD) -> Universality:
    """Look every operation up in every model.

    Args:
        tables: the scores of one map per model.
        threshold: score from which a head implements an operation.
    """
    categories = {
        name: category
        for table in tables
        for name, category in zip(table.operations, table.categories, strict=True)
    }
    order = sorted(categories, key=lambda name: (categories[name], name))
    return Universality(
        models=tuple(table.label for table in tables),
        operations=tuple(
            OperationSpread(
                operation=name,
                category=categories[name],
                models=tuple(_in_model(table, name, threshold) for table in tables),
            )
            for name in order
        ),
    )


def _in_model(table: ScoreTable, operation: str, threshold: float) -> OperationInModel | None:
    if operation not in table.operations:
        return None
    scores = table.scores[:, table.operations.index(operation)]
    rows = np.flatnonzero(scores >= threshold)
    # Of equal scores the later head is named, as everywhere (core/summaries.py).
    best = int(np.flatnonzero(scores == np.nanmax(scores))[-1])
    return OperationInModel(
        n_heads=len(rows),
        depths=tuple(sorted(table.depth(table.heads[row]) for row in rows)),
        best_head=table.heads[best],
        best_score=float(scores[best]),
    )
