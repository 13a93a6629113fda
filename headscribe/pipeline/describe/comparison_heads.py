"""Other heads: templates may show those of the layer beside a head, and tests draw false rows from some."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Protocol

from headscribe.core.evidence import Evidence
from headscribe.core.heads import Head
from headscribe.core.records import HeadMap, Mapping
from headscribe.pipeline.describe.evidence import evidence_of, rows_of

SHOWN_HEADS, SHOWN_ROWS = 3, 8
"""Other heads of the layer that a template shows, and rows of each."""

TESTED_HEADS, TESTED_LAYERS = 24, 3
"""Other heads whose rows a description is tested against, and the layers that these are taken from."""


Rows = tuple[Mapping, ...]


class Shape(Protocol):
    """How many heads a model has."""

    @property
    def n_layers(self) -> int:
        """Its layers."""

    @property
    def n_heads(self) -> int:
        """Query heads per layer."""

    @property
    def n_kv_heads(self) -> int:
        """Value heads per layer."""


@dataclass(frozen=True, slots=True)
class ComparisonHeads:
    """How many other heads a head is seen with; false for none.

    Attributes:
        shown: heads of its layer whose first rows the template shows.
        tested: heads of the layers around that false rows are drawn from.
    """

    shown: int = 0
    tested: int = 0

    def __bool__(self) -> bool:
        return self.shown > 0 or self.tested > 0

    def neighbours(self, head: Head, shape: Shape) -> list[Head]:
        """The heads shown beside a head: the next ones of its layer, after the last its first."""
        count = min(self.shown, shape.n_heads - 1)
        return [Head(head.layer, (head.head + step) % shape.n_heads) for step in range(1, count + 1)]

    def pool(self, head: Head, shape: Shape) -> list[Head]:
        """The heads that a head's false rows are drawn from, in model order.

        They are of its layer and of those around it, where heads do most alike, and follow from the head
        alone, so that what is asked about it does not depend on what else is selected or mapped. None of them
        reads the same value head: those may do the same.
        """
        layers = _around(head.layer, shape.n_layers) if self.tested else range(0)
        group = shape.n_heads // shape.n_kv_heads
        found = []
        for layer in layers:
            free = [
                Head(layer, other)
                for other in range(shape.n_heads)
                if layer != head.layer or other // group != head.head // group
            ]
            found += [free[place] for place in _spread(-(-self.tested // len(layers)), len(free))]
        return found

    def needed(self, heads: Collection[Head], shape: Shape) -> list[Head]:
        """Heads and all those they are seen with, in model order: what the map must hold."""
        return sorted({*heads, *(other for head in heads for other in self._seen_with(head, shape))})

    def evidence(
        self, head_maps: Iterable[HeadMap], heads: Collection[Head], shape: Shape
    ) -> Iterator[tuple[Head, Evidence]]:
        """Each wanted head's evidence; the layers around it are in memory.

        Args:
            head_maps: of all heads that are needed, in model order.
            heads: the heads wanted.
            shape: of the model.
        """
        waiting = sorted(heads)
        here: dict[Head, tuple[HeadMap, Rows]] = {}
        for layer, found in groupby(head_maps, key=lambda head_map: head_map.head.layer):
            here |= {head_map.head: (head_map, rows_of(head_map)) for head_map in found}
            while waiting and self._last_layer(waiting[0], shape) <= layer:
                yield from self._of(waiting.pop(0), here, shape)
            first = min((self._first_layer(head, shape) for head in waiting), default=shape.n_layers)
            here = {head: held for head, held in here.items() if head.layer >= first}
        for head in waiting:
            yield from self._of(head, here, shape)

    def _of(
        self, head: Head, here: dict[Head, tuple[HeadMap, Rows]], shape: Shape
    ) -> Iterator[tuple[Head, Evidence]]:
        if head not in here:
            return
        shown = tuple(here[one][1][:SHOWN_ROWS] for one in self.neighbours(head, shape) if one in here)
        others = tuple(here[one][1] for one in self.pool(head, shape) if one in here)
        yield head, replace(evidence_of(here[head][0]), contrast=shown, others=others)

    def _seen_with(self, head: Head, shape: Shape) -> list[Head]:
        return [*self.neighbours(head, shape), *self.pool(head, shape)]

    def _first_layer(self, head: Head, shape: Shape) -> int:
        return min((other.layer for other in self._seen_with(head, shape)), default=head.layer)

    def _last_layer(self, head: Head, shape: Shape) -> int:
        return max(other.layer for other in (head, *self._seen_with(head, shape)))


ALONE = ComparisonHeads()
"""No other heads."""


def _around(layer: int, n_layers: int) -> range:
    """The layers nearest to one, itself among them."""
    count = min(TESTED_LAYERS, n_layers)
    first = min(max(0, layer - count // 2), n_layers - count)
    return range(first, first + count)


def _spread(count: int, size: int) -> list[int]:
    """Up to ``count`` of the numbers below ``size``, evenly spread."""
    count = min(count, size)
    return [(2 * place + 1) * size // (2 * count) for place in range(count)]
