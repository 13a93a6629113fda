"""A map's operation scores as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headscribe.core.errors import BadStore
from headscribe.core.records import OperationScore
from headscribe.store.map.map_dir import MapDir

if TYPE_CHECKING:
    from headscribe.eval.compare import ScoreTable


def read_table(
    found: MapDir, label: str | None = None, scores: Sequence[OperationScore] | None = None
) -> ScoreTable:
    """A map's operation scores as arrays; ``scores`` are those of the map where they have been read already.

    Raises:
        BadStore: the map has no scores.
    """
    from headscribe.eval.compare import score_table

    scores, model = found.scores() if scores is None else scores, found.header.model
    if not scores:
        raise BadStore(
            "this map has no operation scores",
            where=found.path,
            do=f"Add them: headscribe score {model.name} -o {found.path}",
        )
    return score_table(
        label or short_name(found),
        scores,
        n_layers=model.n_layers,
        n_heads=model.n_heads,
        n_kv_heads=model.n_kv_heads,
    )


def short_name(found: MapDir) -> str:
    """A model's name without its owner or its folders."""
    return found.header.model.name.rstrip("/").rsplit("/", 1)[-1] or found.header.model.name
