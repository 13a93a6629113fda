"""Figures of operation scores: one operation's heads, a model's layers, operations of several models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from headscribe.core.analyses import ModelProfile
from headscribe.core.end_scores import KIND_NAMES, ScoreKind
from headscribe.core.model_comparison import Universality
from headscribe.report.plots.canvas import colour, new_figure, plain_text, whole_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def head_heat_map(scores: NDArray[np.float64], title: str, kind: ScoreKind = "raw") -> Figure:
    """Layer × head heat map of one operation.

    Args:
        scores: [n_layers, n_heads]; negative where a head suppresses, NaN where it was not scored, which
            stays grey.
        kind: of the scores.
    """
    n_layers, n_heads = scores.shape
    figure = new_figure(min(16.0, 2.2 + 0.32 * n_heads), min(16.0, 1.6 + 0.28 * n_layers))
    axes = figure.add_subplot()
    axes.set_facecolor("#dddddd")
    image = axes.imshow(scores, vmin=-1.0, vmax=1.0, cmap="RdBu", aspect="auto", interpolation="nearest")
    axes.set(xlabel="head", ylabel="layer", title=plain_text(title))
    whole_ticks(axes)
    figure.colorbar(image, ax=axes, label=f"{KIND_NAMES[kind]} (below 0: suppression)")
    return figure


def layer_distribution(profile: ModelProfile, title: str) -> Figure:
    """Relation heads per layer and category as stacked bars; a head counts once in each of its categories."""
    figure = new_figure(min(16.0, 3.0 + 0.3 * len(profile.counts)), 3.8)
    axes = figure.add_subplot()
    counts = np.array(profile.counts)
    below = np.zeros(len(counts))
    for i, category in enumerate(profile.categories):
        axes.bar(range(len(counts)), counts[:, i], bottom=below, label=plain_text(category), color=colour(i))
        below += counts[:, i]
    axes.set(xlabel="layer", ylabel=f"heads with a score ≥ {profile.threshold:g}", title=plain_text(title))
    whole_ticks(axes)
    axes.legend(frameon=False, fontsize="small")
    return figure


def universality_matrix(found: Universality) -> Figure:
    """Operations × models: the colour is the best head's score, the number counts the relation heads."""
    scores = np.array(
        [[np.nan if model is None else model.best_score for model in row.models] for row in found.operations]
    )
    figure = new_figure(3.5 + 1.1 * len(found.models), 1.8 + 0.26 * len(found.operations))
    axes = figure.add_subplot()
    axes.set_facecolor("#dddddd")
    image = axes.imshow(scores, vmin=0.0, vmax=1.0, cmap="Blues", aspect="auto", interpolation="nearest")
    for y, row in enumerate(found.operations):
        for x, model in enumerate(row.models):
            shown = "–" if model is None else str(model.n_heads)
            dark = model is not None and model.best_score > 0.6
            axes.text(
                x, y, shown, ha="center", va="center", fontsize="small", color="white" if dark else "black"
            )
    axes.set_xticks(
        range(len(found.models)), [plain_text(name) for name in found.models], rotation=30, ha="right"
    )
    axes.set_yticks(range(len(found.operations)), [plain_text(row.operation) for row in found.operations])
    axes.set_title("Relation heads per operation and model")
    figure.colorbar(image, ax=axes, label="score of the best head")
    return figure
