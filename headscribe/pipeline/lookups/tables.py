"""The numbers of look-ups as tables and plots, for ``lookups.html`` and for the report of the run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from headscribe.core.lookup_scores import ArmScores
from headscribe.core.lookups import AblationEffect
from headscribe.core.sections import Table, interval_text
from headscribe.pipeline.lookups.results import LookupsFound
from headscribe.pipeline.plots import Plots

ARMS = {"next-token": "next-token neurons", "random": "random neurons"}


def scores_table(found: LookupsFound) -> Table:
    """Head explanation scores of each arm, and their difference."""
    caption = "Head explanation scores by arm, with the interval of the mean"
    if difference := found.difference:
        caption += f"; next-token less random neurons {difference.difference:+.3f}"
        interval = interval_text(difference.low, difference.high)
        caption += f" {interval}" if interval else ""
    columns = (
        "Neurons", "Mean", "95% interval", "Pairs scored", "Pairs", "Of neurons", "Skewness", "Unanswered",
        "Left out",
    )  # fmt: skip
    return Table(caption, columns, tuple(map(_arm, found.arms)))


def _arm(arm: ArmScores) -> tuple[str | float | int | None, ...]:
    return (
        ARMS[arm.arm],
        arm.mean,
        interval_text(arm.low, arm.high),
        len(arm.scores),
        arm.n_pairs,
        arm.n_neurons,
        arm.skewness,
        arm.unanswered,
        ", ".join(f"{number} {reason}" for reason, number in arm.left_out.items()) or None,
    )


def ablation_table(effects: Sequence[AblationEffect]) -> Table:
    """What removing head, neuron or both does to the next token, by whether the head is active."""
    columns = (
        "Removed", "Head active", "Head inactive", "Difference", "Low", "High", "Prompts, active",
        "Prompts, inactive", "Pairs",
    )  # fmt: skip
    rows = tuple(
        (
            effect.removed,
            effect.active,
            effect.inactive,
            effect.difference,
            effect.low,
            effect.high,
            effect.n_active,
            effect.n_inactive,
            effect.n_pairs,
        )
        for effect in effects
    )
    return Table("Change of the probability of the neuron's token, with the 95% interval", columns, rows)


def lookups_plots(found: LookupsFound) -> Plots:
    """The scores of the arms that have any."""
    from headscribe.report.plots.lookups import explanation_scores

    arms = [arm for arm in found.arms if arm.scores]
    return [("explanation-scores", partial(explanation_scores, arms))] if arms else []
