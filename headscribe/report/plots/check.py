"""Figures of a check: static against dynamic scores, and accuracy by the number of heads removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from headscribe.core.checks import AblationPoint, DynamicScore
from headscribe.report.plots.canvas import colour, new_figure, plain_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def correlation_scatter(
    scores: Sequence[DynamicScore], title: str, said: Mapping[str, str] | None = None
) -> Figure:
    """Static against dynamic score of every head and template, with and without context.

    Args:
        scores: of one operation.
        said: a line for each panel (``dynamic``, ``dynamic_forced``), such as the correlation.
    """
    figure = new_figure(8.4, 4.0)
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    panel_names = {"dynamic": "with context", "dynamic_forced": "without context"}
    for axes, (kind, name) in zip(panels, panel_names.items(), strict=True):
        for i, template in enumerate(sorted({score.template for score in scores})):
            shown = [score for score in scores if score.template == template]
            axes.scatter(
                [score.static for score in shown],
                [getattr(score, kind) for score in shown],
                s=14,
                alpha=0.6,
                color=colour(i),
                label=plain_text(template, 32),
            )
        axes.set(
            xlabel="static score", ylabel=f"dynamic score, {name}", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03)
        )
        axes.set_title((said or {}).get(kind, ""), fontsize="small")
    panels[0].legend(frameon=False, fontsize="x-small", title="template", title_fontsize="x-small")
    figure.suptitle(plain_text(title))
    return figure


def ablation_curves(points: Sequence[AblationPoint], title: str) -> Figure:
    """Accuracy against the number of heads removed: top heads, random heads, control tasks.

    Random draws and control tasks are drawn thin one by one, and thick as their mean.

    Args:
        points: of one operation.
    """
    figure = new_figure(6.4, 4.0)
    axes = figure.add_subplot()
    arm_names = {"top": "top heads", "random": "random heads", "control": "control tasks"}
    for i, (arm, name) in enumerate(arm_names.items()):
        curves = curves_of(points, arm)
        if len(curves) > 1:
            for curve in curves:
                removed, accuracies = zip(*sorted(curve.items()), strict=True)
                axes.plot(removed, accuracies, color=colour(i), alpha=0.25, linewidth=0.8)
        if curves:
            removed, accuracies = zip(*mean_curve(curves), strict=True)
            axes.plot(removed, accuracies, color=colour(i), linewidth=2, label=f"{name} ({len(curves)})")
    axes.set(xlabel="heads removed", ylabel="accuracy", ylim=(-0.03, 1.03), title=plain_text(title))
    axes.legend(frameon=False, fontsize="small")
    return figure


def curves_of(points: Sequence[AblationPoint], arm: str) -> list[dict[int, float]]:
    """The curves of one arm, accuracy by number of heads removed: one for each template and draw."""
    curves: dict[tuple[str, int], dict[int, float]] = {}
    for point in points:
        if point.arm == arm:
            curves.setdefault((point.template, point.draw), {})[point.n_removed] = point.accuracy
    return [curves[key] for key in sorted(curves)]


def mean_curve(curves: Sequence[Mapping[int, float]]) -> list[tuple[int, float]]:
    """(heads removed, mean accuracy) wherever every curve has a value."""
    common = sorted(set.intersection(*(set(curve) for curve in curves)))
    return [(at, sum(curve[at] for curve in curves) / len(curves)) for at in common]
