"""The operation scores of one map as arrays, the form in which every analysis takes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from headscribe.core.end_scores import ScoreKind, Scores
from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.core.summaries import score_kind


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
        kind: whether scores stand here as they were counted, or less the shuffled ones.
        scores: leading scores, [heads, operations] float64; NaN where a head was not scored for an operation.
        suppression: leading suppression scores, likewise.
    """

    label: str
    n_layers: int
    n_heads: int
    n_kv_heads: int
    heads: tuple[Head, ...]
    operations: tuple[str, ...]
    categories: tuple[str, ...]
    k: tuple[int, ...]
    kind: ScoreKind
    scores: NDArray[np.float64]
    suppression: NDArray[np.float64]

    def has(self, threshold: float) -> NDArray[np.bool_]:
        """[heads, operations] whether the score reaches the threshold; an absent score does not."""
        return self.scores >= threshold

    def suppressing(self) -> ScoreTable:
        """The same table with suppression scores in place of scores: what is said of these holds of those."""
        return replace(self, scores=self.suppression, suppression=self.scores)

    def stronger(self) -> NDArray[np.float64]:
        """[heads, operations] the larger of both scores, a suppression score as a negative number."""
        return np.where(self.suppression > self.scores, -self.suppression, self.scores)

    def depth(self, head: Head) -> float:
        """The head's relative depth, layer / (n_layers - 1); 0 in a model of one layer."""
        return head.layer / (self.n_layers - 1) if self.n_layers > 1 else 0.0

    def select(self, operations: Sequence[str]) -> ScoreTable:
        """The same heads with some of the operations, in the order given."""
        columns = [self.operations.index(name) for name in operations]
        return replace(
            self,
            operations=tuple(operations),
            categories=tuple(self.categories[i] for i in columns),
            k=tuple(self.k[i] for i in columns),
            scores=self.scores[:, columns],
            suppression=self.suppression[:, columns],
        )


def score_table(
    label: str,
    scores: Iterable[OperationScore],
    *,
    n_layers: int,
    n_heads: int,
    n_kv_heads: int,
    wanted: Scores = "auto",
) -> ScoreTable:
    """Arrange a map's score records as arrays.

    Raises:
        BadOption: shuffled scores are wanted, and the map has none.
    """
    records = list(scores)
    kind = score_kind(records, wanted)
    heads = sorted({record.head for record in records})
    names = {(record.category, record.operation): record.k for record in records}
    columns = sorted(names)
    row_of = {head: row for row, head in enumerate(heads)}
    column_of = {operation: column for column, (_, operation) in enumerate(columns)}
    values = np.full((2, len(heads), len(columns)), np.nan)
    for record in records:
        at = row_of[record.head], column_of[record.operation]
        values[(0, *at)] = record.promotion.by(kind)
        values[(1, *at)] = record.suppression.by(kind)
    return ScoreTable(
        label=label,
        n_layers=n_layers,
        n_heads=n_heads,
        n_kv_heads=n_kv_heads,
        heads=tuple(heads),
        operations=tuple(operation for _, operation in columns),
        categories=tuple(category for category, _ in columns),
        k=tuple(names[column] for column in columns),
        kind=kind,
        scores=values[0],
        suppression=values[1],
    )
