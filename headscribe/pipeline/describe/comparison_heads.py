"""Other heads of the layer: some templates show them beside a head, and tests draw false rows from them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from headscribe.core.evidence import Evidence
from headscribe.core.heads import Head
from headscribe.core.records import HeadMap
from headscribe.pipeline.describe.evidence import evidence_of, rows_of

SHOWN_HEADS, SHOWN_ROWS = 3, 8
"""Other heads that a template shows, and rows of each."""

TESTED_HEADS = 8
"""Other heads whose rows a description is tested against."""


@dataclass(frozen=True, slots=True)
class ComparisonHeads:
    """How many other heads of its layer a head is seen with; false for none.

    Attributes:
        shown: heads whose first rows the template shows.
        tested: heads that false rows are drawn from.
    """

    shown: int = 0
    tested: int = 0

    def __bool__(self) -> bool:
        return self.shown > 0 or self.tested > 0

    def neighbours(self, head: Head, n_heads: int) -> list[Head]:
        """The heads that a head is set against: the next ones of its layer, after the last its first.

        They follow from the head alone, so that what is asked about it does not depend on what else is
        selected.
        """
        count = min(max(self.shown, self.tested), n_heads - 1)
        return [Head(head.layer, (head.head + step) % n_heads) for step in range(1, count + 1)]

    def needed(self, heads: Collection[Head], n_heads: int) -> list[Head]:
        """Heads and all their neighbours, in model order: what the map must hold."""
        return sorted({*heads, *(other for head in heads for other in self.neighbours(head, n_heads))})

    def evidence(
        self, head_maps: Iterable[HeadMap], heads: Collection[Head], n_heads: int
    ) -> Iterator[tuple[Head, Evidence]]:
        """Each wanted head's evidence; a layer at a time is in memory.

        Args:
            head_maps: of the heads and their neighbours, in model order.
            heads: the heads wanted.
            n_heads: query heads per layer.
        """
        request = frozenset(heads)
        for _, layer in groupby(head_maps, key=lambda head_map: head_map.head.layer):
            here = {head_map.head: head_map for head_map in layer}
            for head in sorted(request & here.keys()):
                others = [rows_of(here[other]) for other in self.neighbours(head, n_heads) if other in here]
                shown = tuple(rows[:SHOWN_ROWS] for rows in others[: self.shown])
                yield (
                    head,
                    replace(evidence_of(here[head]), contrast=shown, others=tuple(others[: self.tested])),
                )


ALONE = ComparisonHeads()
"""No other heads."""
