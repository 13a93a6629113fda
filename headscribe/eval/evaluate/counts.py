"""Items counted by operation, by category and together: once, per draw of heads, or per permutation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headscribe.core.evaluation import METRICS, Average, Scope
from headscribe.eval.evaluate.items import Items
from headscribe.eval.evaluate.metrics import Array, macro, metrics

Group = tuple[Scope, str, Average | None]
"""One operation, the operations of a category, or all; and how these are averaged."""


@dataclass(frozen=True, slots=True, eq=False)
class Partition:
    """Items in groups, counted by distinct score inside each.

    Attributes:
        cell: [n_items] the item's place in the flattened table [groups, scores].
        above: [groups, scores] whether the score reaches the threshold; scores fall along a row.
        head: [n_items] place of the item's head.
        n_heads: number of heads.
    """

    cell: NDArray[np.intp]
    above: NDArray[np.bool_]
    head: NDArray[np.intp]
    n_heads: int

    @classmethod
    def by(cls, group: NDArray[np.intp], items: Items, threshold: float) -> Partition:
        """The items in groups: [n_items] the place of each item's group."""
        rank = np.zeros(len(group), dtype=np.intp)
        distinct = []
        for place in range(int(group.max()) + 1):
            mine = group == place
            found, rank[mine] = np.unique(-items.score[mine], return_inverse=True)
            distinct.append(-found)
        above = np.zeros((len(distinct), max(map(len, distinct))), dtype=np.bool_)
        for place, scores in enumerate(distinct):
            above[place, : len(scores)] = scores >= threshold
        return cls(group * above.shape[1] + rank, above, items.head, items.n_heads)

    def once(self, chosen: NDArray[np.bool_] | None = None) -> Array:
        """[groups, scores, 1] every item, or every chosen one, counted once."""
        cells = self.cell if chosen is None else self.cell[chosen]
        return np.bincount(cells, minlength=self.above.size).reshape(*self.above.shape, 1).astype(np.float64)

    def by_heads(self, drawn: Array, chosen: NDArray[np.bool_] | None = None) -> Array:
        """[groups, scores, draws] items counted as often as their heads were drawn ([heads, draws])."""
        from scipy.sparse import csr_array

        places = np.arange(len(self.cell)) if chosen is None else np.flatnonzero(chosen)
        at = (self.cell[places], self.head[places])
        table = csr_array((np.ones(len(places)), at), shape=(self.above.size, self.n_heads)) @ drawn
        return np.asarray(table, dtype=np.float64).reshape(*self.above.shape, -1)

    def permuted(self, chosen: NDArray[np.bool_]) -> Array:
        """[groups, scores, draws] the items chosen in each draw ([draws, n_items])."""
        draws, items = np.nonzero(chosen)
        flat = np.bincount(self.cell[items] * len(chosen) + draws, minlength=self.above.size * len(chosen))
        return flat.reshape(*self.above.shape, -1).astype(np.float64)


Count = Callable[[Partition], Array]


class Counts:
    """The three partitions of one judge's items.

    Args:
        items: at least one.
        threshold: score from which a head implements an operation.
    """

    def __init__(self, items: Items, threshold: float) -> None:
        self._items = items
        self._names = sorted(set(items.categories))
        self._category_of = np.array([self._names.index(name) for name in items.categories], dtype=np.intp)
        self._operations = Partition.by(items.operation, items, threshold)
        self._categories = Partition.by(self._category_of[items.operation], items, threshold)
        self._all = Partition.by(np.zeros(len(items.head), dtype=np.intp), items, threshold)
        self.groups: tuple[Group, ...] = (
            *(("operation", name, None) for name in items.operations),
            *(("category", name, "micro") for name in self._names),
            *(("category", name, "macro") for name in self._names),
            ("overall", "all", "micro"),
            ("overall", "all", "macro"),
        )

    def metrics(self, expressed: Count, every: Count) -> dict[str, Array]:
        """Metric → [groups, draws], in the order of ``groups``.

        Args:
            expressed: counts the items with the verdict yes of a partition.
            every: counts all its items.
        """
        single, pooled, overall = (
            metrics(expressed(one), every(one), one.above)
            for one in (self._operations, self._categories, self._all)
        )
        found = {}
        for name in METRICS:
            mine = [single[name][self._category_of == place] for place in range(len(self._names))]
            means = [macro(values)[None] for values in (*mine, single[name])]
            found[name] = np.concatenate([single[name], pooled[name], *means[:-1], overall[name], means[-1]])
        return found

    def members(self, group: Group) -> NDArray[np.bool_]:
        """[operations] which operations belong to a group."""
        scope, name, _ = group
        names = self._items.operations if scope == "operation" else self._items.categories
        return np.array([scope == "overall" or name == own for own in names], dtype=np.bool_)
