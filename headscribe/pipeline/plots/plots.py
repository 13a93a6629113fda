"""Plots of maps, comparisons and checks as PNG and SVG files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from headscribe.core.errors import BadStore
from headscribe.core.model_comparison import Comparison
from headscribe.core.progress import Progress
from headscribe.pipeline.plots.figures import write_figures
from headscribe.store.map.map_dir import MapDir

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from headscribe.eval.compare import ScoreTable


def write_map_plots(map_dir: MapDir, folder: Path, progress: Progress | None = None) -> list[Path]:
    """Plots of one map's scores: a heat map per operation and the distribution over layers.

    Raises:
        BadStore: the map has no scores, or the folder cannot be written.
        MissingExtra: matplotlib is not installed.
    """
    from headscribe.eval.compare import model_profile
    from headscribe.pipeline.plots.score_table import read_table
    from headscribe.report.plots.plots import layer_distribution

    table = read_table(map_dir)
    layers = layer_distribution(model_profile(table), table.label)
    figures = chain(_heat_maps(table), [(f"{table.label}-layers", layers)])
    return write_figures(figures, len(table.operations) + 1, folder, progress)


def write_comparison_plots(
    tables: Sequence[ScoreTable], found: Comparison, folder: Path, progress: Progress | None = None
) -> list[Path]:
    """Plots of a comparison: those of every model, and the universality matrix of several.

    Raises:
        BadStore: the folder cannot be written.
        MissingExtra: matplotlib is not installed.
    """
    from headscribe.report.plots.plots import layer_distribution, universality_matrix

    def figures() -> Iterator[tuple[str, Figure]]:
        if found.universality is not None:
            yield "universality", universality_matrix(found.universality)
        for table, model in zip(tables, found.models, strict=True):
            yield f"{table.label}-layers", layer_distribution(model.profile, table.label)
            yield from _heat_maps(table)

    total = sum(len(table.operations) + 1 for table in tables) + (found.universality is not None)
    return write_figures(figures(), total, folder, progress)


def write_check_plots(map_dir: MapDir, folder: Path, progress: Progress | None = None) -> list[Path]:
    """Plots of what ``check`` found: static against dynamic scores, and ablation curves, per operation.

    Multi-token sources have plots of their own.

    Raises:
        BadStore: nothing was checked on this map, a table is damaged, or the folder cannot be written.
        MissingExtra: matplotlib is not installed.
    """
    from headscribe.report.plots.plots import ablation_curves, correlation_scatter
    from headscribe.store.check.check_tables import TABLES

    correlation, ablation = map(_by_operation, check_rows(map_dir))
    multi_token = _by_operation(_rows(TABLES["multi-token"].path(map_dir.path)))
    if not correlation and not ablation and not multi_token:
        raise BadStore(
            "nothing was checked on this map",
            where=map_dir.path,
            do=f"Run headscribe check {map_dir.header.model.name} --by correlation -o {map_dir.path}",
        )

    def figures() -> Iterator[tuple[str, Figure]]:
        for operation, rows in correlation:
            yield f"correlation-{operation}", correlation_scatter(rows, operation, _correlations(rows))
        for operation, rows in multi_token:
            title = f"{operation}, multi-token sources"
            yield f"multi-token-{operation}", correlation_scatter(rows, title, _correlations(rows))
        for operation, rows in ablation:
            yield f"ablation-{operation}", ablation_curves(rows, operation)

    return write_figures(figures(), len(correlation) + len(multi_token) + len(ablation), folder, progress)


def _heat_maps(table: ScoreTable) -> Iterator[tuple[str, Figure]]:
    from headscribe.report.plots.plots import head_heat_map

    for column, operation in enumerate(table.operations):
        scores = np.full((table.n_layers, table.n_heads), np.nan)
        for row, head in enumerate(table.heads):
            scores[head] = table.scores[row, column]
        yield f"{table.label}-heads-{operation}", head_heat_map(scores, f"{table.label}: {operation}")


def check_rows(map_dir: MapDir) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows that ``check`` added to a map, by correlation and by ablation; empty where it did not.

    Operations that ablation knows by their base accuracy alone, as possible control tasks, are left out.
    """
    from headscribe.store.check.check_tables import TABLES

    correlation, ablation = (_rows(TABLES[kind].path(map_dir.path)) for kind in ("correlation", "ablation"))
    ablated = {row["operation"] for row in ablation if row["n_removed"]}
    return correlation, [row for row in ablation if row["operation"] in ablated]


def _rows(path: Path) -> list[dict[str, Any]]:
    """A table's rows, none where there is no table."""
    from headscribe.store import tables

    return list(tables.read_rows(path)) if path.is_file() else []


def _by_operation(rows: Iterable[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["operation"], []).append(row)
    return sorted(found.items())


def _correlations(rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Pearson's r of each kind of dynamic score with its interval, over heads and templates."""
    from headscribe.eval.check.correlation import correlate

    templates = sorted({row["template"] for row in rows})
    by_template = [sorted((r for r in rows if r["template"] == name), key=_head) for name in templates]
    static = [row["static"] for row in by_template[0]]
    said = {}
    for column in ("dynamic", "dynamic_forced"):
        found = correlate(static, [[row[column] for row in own] for own in by_template])
        if found.r is not None:
            interval = (
                "" if found.low is None or found.high is None else f" [{found.low:.2f}, {found.high:.2f}]"
            )
            said[column] = f"r = {found.r:.2f}{interval}, {len(static)} heads × {len(templates)} templates"
    return said


def _head(row: dict[str, Any]) -> tuple[int, int]:
    return row["layer"], row["head"]
