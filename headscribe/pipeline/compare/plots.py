"""Plots of a comparison: those of every map, and the operations of all models in one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from headscribe.core.model_comparison import Comparison
from headscribe.core.progress import Progress
from headscribe.pipeline.map.plots import map_plots
from headscribe.pipeline.plots import Plots, write_plots

if TYPE_CHECKING:
    from headscribe.eval.compare import ScoreTable


def write_comparison_plots(
    tables: Sequence[ScoreTable], comparison: Comparison, folder: Path, progress: Progress | None = None
) -> list[Path]:
    """Write the plots of a comparison as PNG and SVG.

    Raises:
        BadStore: the folder cannot be written.
        MissingExtra: matplotlib is not installed.
    """
    from headscribe.report.plots.scores import universality_matrix

    plots: Plots = [
        plot
        for table, model in zip(tables, comparison.models, strict=True)
        for plot in map_plots(table, model.profile)
    ]
    if comparison.universality is not None:
        plots = [("universality", partial(universality_matrix, comparison.universality)), *plots]
    return write_plots(plots, folder, progress)
