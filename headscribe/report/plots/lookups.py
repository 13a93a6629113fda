"""Figure of context look-ups: how well explanations tell contexts apart, beside random neurons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from headscribe.core.lookup_scores import ArmScores
from headscribe.report.plots.canvas import colour, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ARMS = {"next-token": "Next-token neurons", "random": "Random neurons"}
_STEPS = 50
"""Points with the same score, to a fiftieth, stand above each other."""
_LOWEST = 8
"""Points that a row has room for at least, so that a few do not float."""


def explanation_scores(arms: Sequence[ArmScores]) -> Figure:
    """Head explanation scores: a point per pair of a head and a neuron, a row per arm, its mean and interval.

    Args:
        arms: with at least one score each.
    """
    figure = new_figure(7.0, 0.9 + 1.1 * len(arms))
    rows = figure.subplots(len(arms), 1, sharex=True, squeeze=False)[:, 0]
    for number, (axes, arm) in enumerate(zip(rows, arms, strict=True)):
        stacked: Counter[int] = Counter()
        places = []
        for column in sorted(round(score * _STEPS) for score in arm.scores):
            places.append((column / _STEPS, stacked[column]))
            stacked[column] += 1
        x, y = zip(*places, strict=True)
        axes.scatter(x, y, s=9, color=colour(number), linewidths=0)
        top = max(_LOWEST, *stacked.values())
        if arm.mean is not None:
            low, high = (arm.mean if end is None else end for end in (arm.low, arm.high))
            axes.plot((low, high), (-top / 5,) * 2, color="black", linewidth=1)
            axes.plot(arm.mean, -top / 5, marker="D", color=colour(number), markersize=5)
        axes.set_title(f"{ARMS[arm.arm]}, pairs: {len(arm.scores)}", loc="left", fontsize="small")
        axes.set(xlim=(-0.02, 1.02), ylim=(-top / 2.5, top), yticks=[])
        axes.spines[["left", "right", "top"]].set_visible(False)
    rows[-1].set_xlabel("head explanation score; 0.5 is guessing")
    return figure
