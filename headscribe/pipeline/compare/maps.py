"""What one map says of its model as a whole, and several maps of their models together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from headscribe.core.analyses import ModelAnalysis
from headscribe.core.errors import BadOption
from headscribe.core.model_comparison import Comparison
from headscribe.core.progress import Progress
from headscribe.core.records import OperationScore
from headscribe.core.settings import RELATION_HEAD
from headscribe.pipeline.plots.score_table import read_table, short_name
from headscribe.store.atomic import write_text
from headscribe.store.map.map_dir import MapDir

if TYPE_CHECKING:
    from headscribe.eval.compare import ScoreTable


def compare_maps(
    folders: Sequence[Path],
    *,
    threshold: float = RELATION_HEAD,
    seed: int = 0,
    plots: Path | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Analyse one map, or compare several.

    Args:
        folders: map folders with operation scores; one is allowed.
        threshold: score from which a head implements an operation.
        seed: of the permutation tests and the chance levels.
        plots: a folder to write plots to, made if missing.
        progress: told how far the plots are.

    Raises:
        BadStore: a folder is no map, or its map has no scores.
        BadOption: the same map is given twice, or no map at all.
        MissingExtra: plots are wanted and matplotlib is not installed.
    """
    from headscribe.eval.compare import similarity, universality

    if not folders:
        raise BadOption("no map was given", where="compare", do="Name at least one map folder")
    maps = [MapDir.open(folder) for folder in folders]
    _distinct(maps)
    tables = [read_table(found, label) for found, label in zip(maps, _labels(maps), strict=True)]
    comparison = Comparison(
        models=tuple(
            _analysis(found, table, threshold, seed) for found, table in zip(maps, tables, strict=True)
        ),
        universality=universality(tables, threshold) if len(tables) > 1 else None,
        similarities=tuple(similarity(one, other, seed=seed) for one, other in combinations(tables, 2)),
        notes=tuple(_notes(maps, tables)),
    )
    if plots is not None:
        from headscribe.pipeline.plots.plots import write_comparison_plots

        write_comparison_plots(tables, comparison, plots, progress)
    return comparison


def write_comparison(found: Comparison, page: Path) -> None:
    """Write a comparison as one HTML page that works offline.

    Raises:
        BadStore: the page cannot be written.
    """
    from headscribe.report.compare.maps import render_comparison

    write_text(page, render_comparison(found))


def analyse_map(
    found: MapDir,
    *,
    threshold: float = RELATION_HEAD,
    seed: int = 0,
    scores: Sequence[OperationScore] | None = None,
) -> ModelAnalysis:
    """Everything that one map says of its model as a whole.

    Args:
        found: the map.
        threshold: score from which a head counts as having an operation.
        seed: of the permutation test.
        scores: those of the map, where they have been read already.

    Raises:
        BadStore: the map has no scores.
    """
    return _analysis(found, read_table(found, short_name(found), scores), threshold, seed)


def _analysis(found: MapDir, table: ScoreTable, threshold: float, seed: int) -> ModelAnalysis:
    from headscribe.eval.compare import group_sharing, model_profile, recognise, recovery

    model = found.header.model
    # Only a model from the hub has a revision; a folder may be called anything.
    known = recognise(model.model_dump(), model.name if model.revision else None)
    return ModelAnalysis(
        label=table.label,
        n_layers=table.n_layers,
        n_heads=table.n_heads,
        n_kv_heads=table.n_kv_heads,
        profile=model_profile(table, threshold),
        sharing=group_sharing(table, threshold, seed=seed),
        known=recovery(table, known[0], certain=known[1], threshold=threshold) if known else None,
    )


def _distinct(maps: Sequence[MapDir]) -> None:
    seen: dict[str, MapDir] = {}
    for found in maps:
        if (same := seen.setdefault(found.content_hash, found)) is not found:
            raise BadOption(
                "two of the maps say the same of the same model",
                where=f"{same.path} and {found.path}",
                do="Give every map once",
            )


def _labels(maps: Sequence[MapDir]) -> list[str]:
    """The models' names; with the map's folder where several maps are of models of one name."""
    names = [short_name(found) for found in maps]
    often = Counter(names)
    return [
        f"{name} ({found.path})" if often[name] > 1 else name for name, found in zip(names, maps, strict=True)
    ]


def _notes(maps: Sequence[MapDir], tables: Sequence[ScoreTable]) -> list[str]:
    notes = []
    for table in tables:
        there = table.n_layers * table.n_heads
        if len(table.heads) < there:
            notes.append(f"{table.label}: {len(table.heads)} of {there} heads were scored.")
    if len(tables) > 1:
        notes += _differing_operations(tables) + _differing_settings(maps, tables)
    return notes


def _differing_operations(tables: Sequence[ScoreTable]) -> list[str]:
    every = sorted({name for table in tables for name in table.operations})
    common = [name for name in every if all(name in table.operations for table in tables)]
    notes = [f"Operations scored in every map: {len(common)}; in some only: {len(every) - len(common)}."]
    for table in tables:
        lacking = [name for name in every if name not in table.operations]
        notes += [f"{table.label}: not scored there: {', '.join(lacking)}."] if lacking else []
    ks = {name: [table.k[table.operations.index(name)] for table in tables] for name in common}
    differing = [f"{name} {', '.join(map(str, k))}" for name, k in ks.items() if len(set(k)) > 1]
    if differing:
        order = ", ".join(table.label for table in tables)
        notes.append(f"k differs between the maps ({order}): {'; '.join(differing)}.")
    return notes


def _differing_settings(maps: Sequence[MapDir], tables: Sequence[ScoreTable]) -> list[str]:
    """Pair lists and settings under which scores of one operation do not mean the same."""
    notes = []
    digests: dict[str, set[str]] = {}
    for found in maps:
        for operation in found.header.operations:
            digests.setdefault(operation.name, set()).add(operation.digest)
    if changed := sorted(name for name, own in digests.items() if len(own) > 1):
        notes.append(f"The pair lists differ between the maps: {', '.join(changed)}.")
    for setting in ("view", "source_view", "norms", "padded_rows"):
        values = [str(getattr(found.header.settings, setting)) for found in maps]
        if len(set(values)) > 1:
            said = ", ".join(f"{t.label} {v}" for t, v in zip(tables, values, strict=True))
            notes.append(f"The maps differ in {setting}: {said}.")
    return notes
