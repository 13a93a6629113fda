"""Plots as matplotlib figures; nothing is shown or written here, and no global state is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headscribe.core.analyses import ModelProfile
from headscribe.core.errors import MissingExtra
from headscribe.core.model_comparison import Universality

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0b5fa5", "#d1701f", "#3b8f3e", "#b3372f", "#7a57a8", "#8a5a44", "#c2569c", "#6d7278", "#a8a32a")
"""For categories and arms; told apart also by people who see few colours, in this order."""

Row = Mapping[str, Any]


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra(
            "plots need matplotlib, which is not installed",
            do="Install it: pip install 'headscribe[plots]', or leave out --plots",
        ) from error
    return Figure(figsize=(width, height), layout="constrained")


def head_heat_map(scores: NDArray[np.float64], title: str, label: str = "score") -> Figure:
    """Layer × head heat map of one operation.

    Args:
        scores: [n_layers, n_heads]; NaN where a head was not scored, which stays grey.
        title: stands above.
        label: what the colour says.
    """
    n_layers, n_heads = scores.shape
    figure = new_figure(min(16.0, 2.2 + 0.32 * n_heads), min(16.0, 1.6 + 0.28 * n_layers))
    axes = figure.add_subplot()
    axes.set_facecolor("#dddddd")
    image = axes.imshow(scores, vmin=0.0, vmax=1.0, cmap="Blues", aspect="auto", interpolation="nearest")
    axes.set(xlabel="head", ylabel="layer", title=_text(title))
    _whole_ticks(axes)
    figure.colorbar(image, ax=axes, label=label)
    return figure


def layer_distribution(profile: ModelProfile, title: str) -> Figure:
    """Relation heads per layer and category as stacked bars; a head counts once in each of its categories."""
    figure = new_figure(min(16.0, 3.0 + 0.3 * len(profile.counts)), 3.8)
    axes = figure.add_subplot()
    counts = np.array(profile.counts)
    below = np.zeros(len(counts))
    for i, category in enumerate(profile.categories):
        axes.bar(range(len(counts)), counts[:, i], bottom=below, label=_text(category), color=_colour(i))
        below += counts[:, i]
    axes.set(xlabel="layer", ylabel=f"heads with a score ≥ {profile.threshold:g}", title=_text(title))
    _whole_ticks(axes)
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
    axes.set_xticks(range(len(found.models)), [_text(name) for name in found.models], rotation=30, ha="right")
    axes.set_yticks(range(len(found.operations)), [_text(row.operation) for row in found.operations])
    axes.set_title("Relation heads per operation and model")
    figure.colorbar(image, ax=axes, label="score of the best head")
    return figure


def correlation_scatter(rows: Sequence[Row], title: str, said: Mapping[str, str] | None = None) -> Figure:
    """Static against dynamic score of every head and template, with and without context.

    Args:
        rows: rows of ``correlation.parquet`` of one operation.
        title: stands above.
        said: a line for each panel (``dynamic``, ``dynamic_forced``), such as the correlation.
    """
    figure = new_figure(8.4, 4.0)
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    columns = (("dynamic", "with context"), ("dynamic_forced", "without context"))
    for axes, (column, name) in zip(panels, columns, strict=True):
        for i, template in enumerate(sorted({row["template"] for row in rows})):
            points = [(row["static"], row[column]) for row in rows if row["template"] == template]
            axes.scatter(
                *zip(*points, strict=True), s=14, alpha=0.6, color=_colour(i), label=_text(template, 32)
            )
        axes.set(
            xlabel="static score", ylabel=f"dynamic score, {name}", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03)
        )
        axes.set_title((said or {}).get(column, ""), fontsize="small")
    panels[0].legend(frameon=False, fontsize="x-small", title="template", title_fontsize="x-small")
    figure.suptitle(_text(title))
    return figure


def ablation_curves(rows: Sequence[Row], title: str) -> Figure:
    """Accuracy against the number of heads removed: top heads, random heads, control tasks.

    Random draws and control tasks are drawn thin one by one, and thick as their mean.

    Args:
        rows: rows of ``ablation.parquet`` of one operation.
        title: stands above.
    """
    figure = new_figure(6.4, 4.0)
    axes = figure.add_subplot()
    names = {"top": "top heads", "random": "random heads", "control": "control tasks"}
    for i, (arm, name) in enumerate(names.items()):
        curves = ablation_arm(rows, arm)
        if len(curves) > 1:
            for curve in curves:
                axes.plot(
                    *zip(*sorted(curve.items()), strict=True), color=_colour(i), alpha=0.25, linewidth=0.8
                )
        if curves:
            mean = mean_curve(curves)
            axes.plot(
                *zip(*mean, strict=True), color=_colour(i), linewidth=2, label=f"{name} ({len(curves)})"
            )
    axes.set(xlabel="heads removed", ylabel="accuracy", ylim=(-0.03, 1.03), title=_text(title))
    axes.legend(frameon=False, fontsize="small")
    return figure


def ablation_arm(rows: Sequence[Row], arm: str) -> list[dict[int, float]]:
    """The curves of one arm, accuracy by number of heads removed: one for each template and draw."""
    curves: dict[tuple[str, int], dict[int, float]] = {}
    for row in rows:
        if row["arm"] == arm:
            curves.setdefault((row["template"], row["draw"]), {})[row["n_removed"]] = row["accuracy"]
    return [curves[key] for key in sorted(curves)]


def mean_curve(curves: Sequence[Mapping[int, float]]) -> list[tuple[int, float]]:
    """(heads removed, mean accuracy) wherever every curve has a value."""
    common = sorted(set.intersection(*(set(curve) for curve in curves)))
    return [(at, sum(curve[at] for curve in curves) / len(curves)) for at in common]


def _whole_ticks(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _text(text: str, width: int = 200) -> str:
    """A name or template as it is: without this, matplotlib reads what stands between two $ as a formula."""
    return (text if len(text) <= width else text[: width - 1] + "…").replace("$", r"\$")
