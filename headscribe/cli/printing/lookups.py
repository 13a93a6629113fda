"""How ``headscribe lookups`` prints a plan, and what was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import typer

from headscribe.cli.printing.asking import print_calls, print_cost, print_estimate, print_going_on, print_stop
from headscribe.cli.show import left, print_table, right
from headscribe.core.tokens import plain_line, show_token
from headscribe.pipeline.lookups.tables import ARMS

if TYPE_CHECKING:
    from headscribe.core.lookup_scores import ArmScores
    from headscribe.pipeline.lookups.plan import LookupsPlan
    from headscribe.pipeline.lookups.results import LookupsSummary

SHOWN, LONGEST_SHOWN = 10, 300
"""Contexts that are printed, and characters of each; the tables on disk have all."""
STAGE_COLUMNS = (*left("Stage", "Made", "Left out"), *right("Time"))
CONTEXT_COLUMNS = (
    ("Head", "left"),
    ("Feeds", "left"),
    ("Active on", "right"),
    ("When", "left"),
    ("Score", "right"),
)


def print_plan(plan: LookupsPlan) -> None:
    """What look-ups would take."""
    layers = ", ".join(f"L{layer}" for layer in plan.layers)
    typer.echo(f"{plan.neurons} neurons at most, of {layers}; {plan.texts:,} texts at most.")
    typer.echo(f"Stages there: {', '.join(plan.done) or 'none'}. To make: {', '.join(plan.make) or 'none'}.")
    if plan.estimate is None:
        do = "give --stop-after heads first, which asks nobody"
        typer.echo(f"How many calls {plan.llm} would get is known once the heads are: {do}.")
        return
    print_estimate(plan.llm, plan.estimate, about=f" for {plan.pairs} pairs")
    if plan.estimate.calls:
        print_cost(plan.estimate)


def print_lookups(summary: LookupsSummary) -> None:
    """The stages, the best contexts, the scores of both arms, and how to go on."""
    stages = [
        (
            stage,
            _counted(done["counts"]) or "none",
            _counted(done["left_out"]) or None,
            f"{done['seconds']:.1f} s",
        )
        for stage, done in summary.stages.items()
    ]
    if stages:
        print_table("", STAGE_COLUMNS, stages)
    _print_contexts(summary)
    for line in _scores(summary):
        typer.echo(line)
    print_calls(summary.llm, summary)
    typer.echo(f"Run: {summary.run}")
    for name, path in (("Look-ups", summary.page), ("Report", summary.report)):
        if path:
            typer.echo(f"{name}: {path}")
    print_stop(summary)
    if summary.exit_code:
        print_going_on(summary, summary.resume)


def _print_contexts(summary: LookupsSummary) -> None:
    """The explained pairs that score best."""
    rows = [
        (
            context["head"],
            f"{context['neuron']} {show_token(context['token'])}",
            f"{context['share']:.0%}",
            plain_line(context["explanation"], LONGEST_SHOWN),
            None if context["score"] is None else f"{context['score']:.2f}",
        )
        for context in summary.contexts[:SHOWN]
    ]
    if rows:
        title = f"Heads that feed next-token neurons: {len(rows)} of {len(summary.contexts)} explained pairs"
        print_table(title, CONTEXT_COLUMNS, rows)


def _scores(summary: LookupsSummary) -> Iterator[str]:
    yield from map(_arm, summary.found.arms)
    if difference := summary.found.difference:
        interval = ""
        if difference.low is not None and difference.high is not None:
            interval = f" [{difference.low:+.3f}, {difference.high:+.3f}]"
        yield f"Difference: {difference.difference:+.3f}{interval}."
    if summary.found.arms and summary.llm == "rules":
        yield "The built-in rules explained and judged: they count words and understand none."


def _arm(arm: ArmScores) -> str:
    if arm.mean is None:
        why = _counted(arm.left_out) or "there is none"
        return f"No pair of the {ARMS[arm.arm]} could be scored ({why})."
    interval = "" if arm.low is None or arm.high is None else f" [{arm.low:.3f}, {arm.high:.3f}]"
    return (
        f"Head explanation score of the {ARMS[arm.arm]}: {arm.mean:.3f}{interval}, "
        f"{len(arm.scores)} pairs of {arm.n_neurons} neurons; {arm.unanswered or 0:.0%} unanswered."
    )


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in counts.items())
