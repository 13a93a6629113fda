"""A map's operation scores as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headscribe.core.end_scores import Scores
from headscribe.core.errors import BadStore
from headscribe.core.records import OperationScore
from headscribe.store.map.map_dir import MapDir

if TYPE_CHECKING:
    from headscribe.eval.compare import ScoreTable


def read_table(
    map_dir: MapDir,
    label: str | None = None,
    scores: Sequence[OperationScore] | None = None,
    wanted: Scores = "auto",
) -> ScoreTable:
    """A map's operation scores as arrays.

    Args:
        label: how its model is called, by default by its short name.
        scores: those of the map, where they have been read already.
        wanted: which kind of scores.

    Raises:
        BadStore: the map has no scores.
        BadOption: shuffled scores are wanted, and the map has none.
    """
    from headscribe.eval.compare import score_table

    scores, model = map_dir.scores() if scores is None else scores, map_dir.header.model
    if not scores:
        raise BadStore(
            "this map has no operation scores",
            where=map_dir.path,
            do=f"Add them: headscribe score {model.name} -o {map_dir.path}",
        )
    return score_table(
        label or short_name(map_dir),
        scores,
        n_layers=model.n_layers,
        n_heads=model.n_heads,
        n_kv_heads=model.n_kv_heads,
        wanted=wanted,
    )


def short_name(map_dir: MapDir) -> str:
    """A model's name without its owner or its folders."""
    return map_dir.header.model.name.rstrip("/").rsplit("/", 1)[-1] or map_dir.header.model.name
