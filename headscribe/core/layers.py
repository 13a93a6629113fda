"""What the work on one layer gives: the piece that is computed, kept and taken up again as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from headscribe.core.heads import Head
from headscribe.core.records import HeadMap, OperationScore

ViewName = TypeVar("ViewName", bound=str)


@dataclass(frozen=True, slots=True)
class LayerMaps:
    """Mapped heads of one layer.

    Attributes:
        layer: counted from 0.
        maps: of the heads asked for, in model order.
        dropped: vocabulary rows that were left out, by reason, as ``map.json`` names them.
    """

    layer: int
    maps: tuple[HeadMap, ...]
    dropped: dict[str, int]

    @property
    def heads(self) -> tuple[Head, ...]:
        """The heads that were mapped."""
        return tuple(one.head for one in self.maps)


@dataclass(frozen=True, slots=True)
class LayerScores:
    """Scored heads of one layer.

    Attributes:
        layer: counted from 0.
        heads: those asked for, in model order.
        scores: by head, and within a head in the order of the operations.
    """

    layer: int
    heads: tuple[Head, ...]
    scores: tuple[OperationScore, ...]


def by_layer(heads: Iterable[Head]) -> dict[int, tuple[Head, ...]]:
    """Heads grouped by layer, both in model order; repeats are dropped."""
    found: dict[int, list[Head]] = {}
    for head in sorted(set(heads)):
        found.setdefault(head.layer, []).append(head)
    return {layer: tuple(own) for layer, own in found.items()}


def dropped_rows(padded: int, zero: Mapping[ViewName, int]) -> dict[str, int]:
    """Vocabulary rows that were left out, by reason: padding, and zero vectors by source view."""
    return {"padded": padded} | {f"zero_{view}": number for view, number in zero.items()}
