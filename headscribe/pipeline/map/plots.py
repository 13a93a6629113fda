"""Plots of a map's scores: a heat map per operation, and relation heads over layers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from headscribe.core.analyses import ModelProfile
from headscribe.core.end_scores import Scores
from headscribe.core.progress import Progress
from headscribe.pipeline.map.score_table import read_table
from headscribe.pipeline.plots import Plots, write_plots
from headscribe.store.map.map_dir import MapDir

if TYPE_CHECKING:
    from headscribe.eval.compare import ScoreTable


def write_map_plots(
    map_dir: MapDir, folder: Path, progress: Progress | None = None, scores: Scores = "auto"
) -> list[Path]:
    """Write the plots of one map as PNG and SVG.

    Raises:
        BadStore: the map has no scores, or the folder cannot be written.
        BadOption: shuffled scores are wanted, and the map has none.
        MissingExtra: matplotlib is not installed.
    """
    from headscribe.eval.compare import model_profile

    table = read_table(map_dir, wanted=scores)
    return write_plots(map_plots(table, model_profile(table)), folder, progress)


def map_plots(table: ScoreTable, profile: ModelProfile) -> Plots:
    """The plots of one map: its relation heads over layers, and every operation's heat map."""
    import numpy as np

    from headscribe.report.plots.scores import head_heat_map, layer_distribution

    plots = [(f"{table.label}-layers", partial(layer_distribution, profile, table.label))]
    stronger = table.stronger()
    for column, operation in enumerate(table.operations):
        scores = np.full((table.n_layers, table.n_heads), np.nan)
        for row, head in enumerate(table.heads):
            scores[head] = stronger[row, column]
        title = f"{table.label}: {operation}"
        plots.append((f"{table.label}-heads-{operation}", partial(head_heat_map, scores, title, table.kind)))
    return plots
