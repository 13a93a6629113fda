"""What a map shall hold: the work that an engine is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headscribe.core.heads import Head
from headscribe.core.settings import MapSettings
from headscribe.operations import Operation

if TYPE_CHECKING:
    from headscribe.mapping.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class MapJob:
    """What a map shall hold.

    Attributes:
        checkpoint: the model.
        settings: how it is mapped.
        heads: which of its heads.
        comparison_heads: heads that are mapped and not scored, because the others are set against them.
        mappings: whether to find salient mappings.
        operations: the operations to score, none of them if empty.
    """

    checkpoint: Checkpoint
    settings: MapSettings
    heads: Sequence[Head]
    mappings: bool = True
    operations: Sequence[Operation] = field(default_factory=list)
    comparison_heads: Sequence[Head] = ()
