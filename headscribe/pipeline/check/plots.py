"""Plots of what ``check`` found: static against dynamic scores, and ablation curves, per operation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from headscribe.core.checks import AblationPoint, DynamicScore, ablated
from headscribe.core.errors import BadStore
from headscribe.core.progress import Progress
from headscribe.core.settings import MapView
from headscribe.pipeline.plots import Plots, write_plots
from headscribe.store.check.check_tables import CheckTables
from headscribe.store.map.map_dir import MapDir

Row = TypeVar("Row", DynamicScore, AblationPoint)


def write_check_plots(map_dir: MapDir, folder: Path, progress: Progress | None = None) -> list[Path]:
    """Write the plots of all that was checked on a map, as PNG and SVG.

    Raises:
        BadStore: nothing was checked on this map, a table is damaged, or the folder cannot be written.
        MissingExtra: matplotlib is not installed.
    """
    plots = check_plots(CheckTables(map_dir.path), map_dir.header.settings.view)
    if not plots:
        raise BadStore(
            "nothing was checked on this map",
            where=map_dir.path,
            do=f"Run headscribe check {map_dir.header.model.name} --by correlation -o {map_dir.path}",
        )
    return write_plots(plots, folder, progress)


def check_plots(tables: CheckTables, view: MapView) -> Plots:
    """A plot per operation and check, of the view of a map; sources of several tokens have their own."""
    from headscribe.report.plots.check import ablation_curves, correlation_scatter

    correlation = [
        (f"correlation-{name}", partial(correlation_scatter, scores, name, _correlations(scores)))
        for name, scores in _by_operation(tables.scores("correlation", view))
    ]
    multi_token = [
        (
            f"multi-token-{name}",
            partial(correlation_scatter, scores, f"{name}, multi-token sources", _correlations(scores)),
        )
        for name, scores in _by_operation(tables.scores("multi-token", view))
    ]
    ablation = [
        (f"ablation-{name}", partial(ablation_curves, points, name))
        for name, points in _by_operation(ablated(tables.points()))
    ]
    return [*correlation, *multi_token, *ablation]


def _by_operation(rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    by_operation: dict[str, list[Row]] = {}
    for row in rows:
        by_operation.setdefault(row.operation, []).append(row)
    return sorted(by_operation.items())


def _correlations(scores: Sequence[DynamicScore]) -> dict[str, str]:
    """Pearson's r of each kind of dynamic score with its interval, over heads and templates."""
    from headscribe.eval.check.correlation import correlate

    by_template: dict[str, list[DynamicScore]] = {}
    for score in sorted(scores, key=lambda score: (score.template, score.head)):
        by_template.setdefault(score.template, []).append(score)
    static = [score.static for score in next(iter(by_template.values()))]
    said = {}
    for kind in ("dynamic", "dynamic_forced"):
        found = correlate(static, [[getattr(score, kind) for score in own] for own in by_template.values()])
        if found.r is not None:
            interval = (
                "" if found.low is None or found.high is None else f" [{found.low:.2f}, {found.high:.2f}]"
            )
            said[kind] = f"r = {found.r:.2f}{interval}, {len(static)} heads × {len(by_template)} templates"
    return said
