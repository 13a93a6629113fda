"""Plots of an evaluation: reliability of confidences, and categories over layers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from headscribe.core.evaluation import JUDGES
from headscribe.core.progress import Progress
from headscribe.pipeline.plots.figures import svg_text, write_figures
from headscribe.store.evaluate.evaluation_tables import Evaluation

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def evaluation_figures(found: Evaluation) -> Iterator[tuple[str, Figure]]:
    """(name, figure) of every plot that the evaluation has numbers for.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    from headscribe.report.plots.evaluation import category_layers, reliability_diagram

    for row in found.header.reliability:
        if row.bins:
            title = f"Confidence and agreement, {JUDGES[row.judge]}, {row.n} heads"
            yield f"reliability-{row.judge}", reliability_diagram(row, title)
    if any(row.rules for row in found.header.categories.rows):
        yield "categories", category_layers(found.header.categories, "Described heads per category and layer")


def evaluation_svgs(found: Evaluation) -> dict[str, str]:
    """The plots as SVG text, by name; none where matplotlib is not installed."""
    from headscribe.core.errors import MissingExtra

    try:
        return {name: svg_text(figure) for name, figure in evaluation_figures(found)}
    except MissingExtra:
        return {}


def write_evaluation_plots(found: Evaluation, folder: Path, progress: Progress | None = None) -> list[Path]:
    """Write the plots as PNG and SVG.

    Raises:
        BadStore: the folder cannot be written.
        MissingExtra: matplotlib is not installed.
    """
    return write_figures(evaluation_figures(found), len(found.header.reliability) + 1, folder, progress)
