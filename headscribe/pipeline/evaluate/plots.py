"""Plots of an evaluation: confidence against agreement, and categories over layers."""

from __future__ import annotations

from functools import partial

from headscribe.core.evaluation import JUDGES
from headscribe.pipeline.plots import Plots
from headscribe.store.evaluate.evaluation_tables import Evaluation


def evaluation_plots(evaluation: Evaluation) -> Plots:
    """Every plot that the evaluation has numbers for."""
    from headscribe.report.plots.evaluate import category_layers, reliability_diagram

    plots = []
    for row in evaluation.header.reliability:
        if row.bins:
            title = f"Confidence and agreement, {JUDGES[row.judge]}, {row.n} heads"
            plots.append((f"reliability-{row.judge}", partial(reliability_diagram, row, title)))
    categories = evaluation.header.categories
    if any(row.rules for row in categories.rows):
        title = "Described heads per category and layer"
        plots.append(("categories", partial(category_layers, categories, title)))
    return plots
