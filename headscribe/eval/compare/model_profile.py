"""Relation heads by category and layer, and heads with several operations (definitions section 5)."""

from __future__ import annotations

import numpy as np

from headscribe.core.analyses import HeadOperations, ModelProfile
from headscribe.core.settings import RELATION_HEAD
from headscribe.eval.compare.score_table import ScoreTable


def model_profile(table: ScoreTable, threshold: float = RELATION_HEAD) -> ModelProfile:
    """Count a model's relation heads.

    Args:
        table: the scores of one map.
        threshold: score from which a head implements an operation.
    """
    has = table.has(threshold)
    categories = tuple(sorted(set(table.categories)))
    by_category = np.stack(
        [has[:, [own == category for own in table.categories]].any(axis=1) for category in categories], axis=1
    )
    layers = np.array([head.layer for head in table.heads])
    in_layer = [layers == layer for layer in range(table.n_layers)]
    n_operations, n_categories = has.sum(axis=1), by_category.sum(axis=1)
    return ModelProfile(
        threshold=threshold,
        operations=table.operations,
        operation_categories=table.categories,
        categories=categories,
        layer_heads=tuple(int(rows.sum()) for rows in in_layer),
        layer_relation_heads=tuple(int(has[rows].any(axis=1).sum()) for rows in in_layer),
        counts=tuple(tuple(by_category[rows].sum(axis=0).tolist()) for rows in in_layer),
        operation_counts=tuple(tuple(has[rows].sum(axis=0).tolist()) for rows in in_layer),
        one_operation=int((n_operations == 1).sum()),
        several_in_one_category=int(((n_operations > 1) & (n_categories == 1)).sum()),
        several_categories=int((n_categories > 1).sum()),
        heads=relation_heads(table, threshold),
    )


def relation_heads(table: ScoreTable, threshold: float) -> tuple[HeadOperations, ...]:
    """Every head with an operation of at least the threshold, strongest first, equals in model order."""
    found = []
    for row, head in enumerate(table.heads):
        scores = table.scores[row]
        columns = [int(i) for i in np.flatnonzero(scores >= threshold)]
        columns.sort(key=lambda i: (-scores[i], table.operations[i]))
        if columns:
            found.append(
                HeadOperations(
                    head=head,
                    operations=tuple(table.operations[i] for i in columns),
                    scores=tuple(float(scores[i]) for i in columns),
                    categories=tuple(table.categories[i] for i in columns),
                )
            )
    return tuple(sorted(found, key=lambda row: (-row.scores[0], row.head)))
