"""The operation scores of one map as arrays, the form in which every analysis takes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headscribe.core.heads import Head
from headscribe.core.records import OperationScore


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTable:
    """The scores of one model.

    Attributes:
        label: how the model is called in tables and plots.
        n_layers: layers of the model.
        n_heads: query heads per layer.
        n_kv_heads: key/value heads per layer.
        heads: the scored heads, in model order.
        operations: the operations, by category and name.
        categories: the category of each operation.
        k: the k of each operation.
        scores: [heads, operations] float64; NaN where a head was not scored for an operation.
        suppression: suppression scores, likewise.
    """

    label: str
    n_layers: int
    n_heads: int
    n_kv_heads: int
    heads: tuple[Head, ...]
    operations: tuple[str, ...]
    categories: tuple[str, ...]
    k: tuple[int, ...]
    scores: NDArray[np.float64]
    suppression: NDArray[np.float64]

    def has(self, threshold: float) -> NDArray[np.bool_]:
        """[heads, operations] whether the score reaches the threshold; an absent score does not."""
        return self.scores >= threshold

    def depth(self, head: Head) -> float:
        """The head's relative depth, layer / (n_layers - 1); 0 in a model of one layer."""
        return head.layer / (self.n_layers - 1) if self.n_layers > 1 else 0.0

    def select(self, operations: Sequence[str]) -> ScoreTable:
        """The same heads with some of the operations, in the order given."""
        columns = [self.operations.index(name) for name in operations]
        return ScoreTable(
            label=self.label,
            n_layers=self.n_layers,
            n_heads=self.n_heads,
            n_kv_heads=self.n_kv_heads,
            heads=self.heads,
            operations=tuple(operations),
            categories=tuple(self.categories[i] for i in columns),
            k=tuple(self.k[i] for i in columns),
            scores=self.scores[:, columns],
            suppression=self.suppression[:, columns],
        )


def score_table(
    label: str, scores: Iterable[OperationScore], *, n_layers: int, n_heads: int, n_kv_heads: int
) -> ScoreTable:
    """Arrange a map's score records as arrays."""
    records = list(scores)
    heads = sorted({record.head for record in records})
    names = {(record.category, record.operation): record.k for record in records}
    columns = sorted(names)
    row_of = {head: row for row, head in enumerate(heads)}
    column_of = {operation: column for column, (_, operation) in enumerate(columns)}
    values = np.full((2, len(heads), len(columns)), np.nan)
    for record in records:
        at = row_of[record.head], column_of[record.operation]
        values[(0, *at)] = record.score
        values[(1, *at)] = record.suppression_score
    return ScoreTable(
        label=label,
        n_layers=n_layers,
        n_heads=n_heads,
        n_kv_heads=n_kv_heads,
        heads=tuple(heads),
        operations=tuple(operation for _, operation in columns),
        categories=tuple(category for category, _ in columns),
        k=tuple(names[column] for column in columns),
        scores=values[0],
        suppression=values[1],
    )
