"""Figures of an evaluation: are confident descriptions righter, and what kinds of operations lie where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from headscribe.core.evaluation import Categories, ConfidenceReliability
from headscribe.report.plots.canvas import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def reliability_diagram(found: ConfidenceReliability, title: str) -> Figure:
    """Share of right descriptions against mean confidence, with intervals; the line is perfect calibration.

    Args:
        found: with at least one bin.
    """
    figure = new_figure(5.0, 4.2)
    axes = figure.add_subplot()
    axes.plot(
        (0, 1), (0, 1), color="#999999", linewidth=1, linestyle="--", label="right as often as confident"
    )
    x = np.array([one.confidence for one in found.bins])
    y = np.array([one.right for one in found.bins])
    ends = np.array([(one.right - one.right_low, one.right_high - one.right) for one in found.bins]).T
    axes.errorbar(
        x, y, yerr=np.maximum(ends, 0.0), fmt="o-", color=COLOURS[0], capsize=3, label="descriptions"
    )
    for one in found.bins:
        axes.annotate(
            f"{one.n}", (one.confidence, one.right), (7, -13), textcoords="offset points", fontsize="small"
        )
    axes.set(
        xlabel="mean confidence",
        ylabel="share that expresses a scored operation",
        xlim=(-0.03, 1.03),
        ylim=(-0.03, 1.03),
        title=title,
    )
    axes.legend(frameon=False, fontsize="small")
    return figure


def category_layers(found: Categories, title: str) -> Figure:
    """Category × layer: the colour is the share of the layer's described heads, the number counts them.

    Args:
        found: categories that hold a head, by the rules.
    """
    rows = [row for row in found.rows if row.rules]
    counts = np.array([row.layers for row in rows], dtype=np.float64)
    heads = np.array(found.layer_heads, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(heads > 0, counts / heads, np.nan)
    figure = new_figure(min(16.0, 3.4 + 0.42 * len(heads)), 1.6 + 0.27 * len(rows))
    axes = figure.add_subplot()
    axes.set_facecolor("#dddddd")
    image = axes.imshow(shares, vmin=0.0, vmax=1.0, cmap="Blues", aspect="auto", interpolation="nearest")
    for y, row in enumerate(rows):
        for x, count in enumerate(row.layers):
            if count:
                colour = "white" if shares[y, x] > 0.6 else "black"
                axes.text(x, y, str(count), ha="center", va="center", fontsize="x-small", color=colour)
    axes.set_xticks(range(len(heads)))
    axes.set_yticks(range(len(rows)), [row.category for row in rows])
    axes.set(xlabel="layer", title=title)
    figure.colorbar(image, ax=axes, label="share of the layer's described heads")
    return figure
