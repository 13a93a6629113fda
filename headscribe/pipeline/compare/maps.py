"""What one map says of its model as a whole, and several maps of their models together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from headscribe.core.analyses import ModelAnalysis
from headscribe.core.end_scores import Scores
from headscribe.core.errors import BadOption
from headscribe.core.model_comparison import Comparison
from headscribe.core.progress import Progress
from headscribe.core.records import OperationScore
from headscribe.core.settings import RELATION_HEAD
from headscribe.pipeline.compare.differences import differences
from headscribe.pipeline.compare.plots import write_comparison_plots
from headscribe.pipeline.compare.sections import comparison_sections
from headscribe.pipeline.map.score_table import read_table, short_name
from headscribe.store.atomic import write_text
from headscribe.store.map.map_dir import MapDir

if TYPE_CHECKING:
    from headscribe.eval.compare import ScoreTable


def compare_maps(
    folders: Sequence[Path],
    *,
    threshold: float = RELATION_HEAD,
    scores: Scores = "auto",
    seed: int = 0,
    plots: Path | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Analyse one map, or compare several.

    Args:
        folders: map folders with operation scores; one is allowed.
        threshold: score from which a head implements an operation.
        scores: the kind of scores that heads are compared by.
        seed: of the permutation tests and the chance levels.
        plots: a folder to write plots to, made if missing.
        progress: told how far the plots are.

    Raises:
        BadStore: a folder is no map, or its map has no scores.
        BadOption: the same map is given twice, or no map at all, or a map has no scores of that kind.
        MissingExtra: plots are wanted and matplotlib is not installed.
    """
    from headscribe.eval.compare import similarity, universality

    if not folders:
        raise BadOption("no map was given", where="compare", do="Name at least one map folder")
    maps = [MapDir.open(folder) for folder in folders]
    _refuse_equal(maps)
    tables = [
        read_table(map_dir, label, wanted=scores) for map_dir, label in zip(maps, _labels(maps), strict=True)
    ]
    several = len(tables) > 1
    comparison = Comparison(
        models=tuple(
            _analysis(map_dir, table, threshold, seed) for map_dir, table in zip(maps, tables, strict=True)
        ),
        universality=universality(tables, threshold) if several else None,
        suppression=universality([table.suppressing() for table in tables], threshold) if several else None,
        similarities=tuple(similarity(one, other, seed=seed) for one, other in combinations(tables, 2)),
        notes=tuple(differences(maps, tables)),
    )
    if plots is not None:
        write_comparison_plots(tables, comparison, plots, progress)
    return comparison


def write_comparison(comparison: Comparison, page: Path) -> None:
    """Write a comparison as one HTML page that works offline.

    Raises:
        BadStore: the page cannot be written.
    """
    from headscribe.report.compare.maps import render_comparison

    title = " · ".join(model.label for model in comparison.models)
    write_text(page, render_comparison(title, comparison.notes, list(comparison_sections(comparison))))


def analyse_map(
    map_dir: MapDir,
    *,
    threshold: float = RELATION_HEAD,
    seed: int = 0,
    scores: Sequence[OperationScore] | None = None,
) -> ModelAnalysis:
    """Everything that one map says of its model as a whole.

    Args:
        threshold: score from which a head counts as having an operation.
        seed: of the permutation test.
        scores: those of the map, where they have been read already.

    Raises:
        BadStore: the map has no scores.
    """
    return _analysis(map_dir, read_table(map_dir, scores=scores), threshold, seed)


def _analysis(map_dir: MapDir, table: ScoreTable, threshold: float, seed: int) -> ModelAnalysis:
    from headscribe.eval.compare import group_sharing, model_profile, recognise, recovery

    model = map_dir.header.model
    # Only a model from the hub has a revision; a folder may be called anything.
    recognised = recognise(model.model_dump(), model.name if model.revision else None)
    known = None
    if recognised:
        studied, certain = recognised
        known = recovery(table, studied, certain=certain, threshold=threshold)
    return ModelAnalysis(
        label=table.label,
        n_layers=table.n_layers,
        n_heads=table.n_heads,
        n_kv_heads=table.n_kv_heads,
        kind=table.kind,
        profile=model_profile(table, threshold),
        suppression=model_profile(table.suppressing(), threshold),
        sharing=group_sharing(table, threshold, seed=seed),
        known=known,
    )


def _refuse_equal(maps: Sequence[MapDir]) -> None:
    """See that no two maps hold the same.

    Raises:
        BadOption: two do; nothing could be learned from comparing them.
    """
    by_hash: dict[str, MapDir] = {}
    for map_dir in maps:
        earlier = by_hash.setdefault(map_dir.content_hash, map_dir)
        if earlier is not map_dir:
            raise BadOption(
                "two of the maps say the same of the same model",
                where=f"{earlier.path} and {map_dir.path}",
                do="Give every map once",
            )


def _labels(maps: Sequence[MapDir]) -> list[str]:
    """The models' names; with the map's folder where several maps are of models of one name."""
    names = [short_name(map_dir) for map_dir in maps]
    often = Counter(names)
    return [
        f"{name} ({map_dir.path})" if often[name] > 1 else name
        for name, map_dir in zip(names, maps, strict=True)
    ]
