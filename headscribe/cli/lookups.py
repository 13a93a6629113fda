"""``headscribe lookups``: which heads feed next-token neurons in which contexts, explained and scored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headscribe.cli import options as o
from headscribe.cli.progress import progress
from headscribe.cli.settings import Without, takes_settings
from headscribe.cli.show import err, money, print_json, print_table
from headscribe.core.settings import AskSettings, LookupSettings, Stage, TextSettings

if TYPE_CHECKING:
    from headscribe.pipeline.lookups.plan import LookupsPlan
    from headscribe.pipeline.lookups.results import LookupsSummary

SHOWN, LONGEST_SHOWN = 10, 300
ARMS = {"next-token": "next-token neurons", "random": "random neurons"}


@takes_settings
def lookups(
    *,
    model: o.Model,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="RUN",
            help="Run folder, also that of a describe of the same model; gone on with if it exists. "
            "Default: runs/MODEL.",
            show_default=False,
        ),
    ] = None,
    texts: TextSettings,
    settings: LookupSettings,
    revision: o.Revision = None,
    stop_after: Annotated[
        Stage | None, typer.Option("--stop-after", help="The last stage to make.", show_default=False)
    ] = None,
    describe_run: Annotated[
        Path | None,
        typer.Option(
            "--describe-run",
            metavar="RUN",
            help="A describe of the same model, whose descriptions stand beside the explanations.",
            show_default=False,
        ),
    ] = None,
    llm: o.Llm = None,
    asking: Annotated[AskSettings, Without("prompt_folders")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say which stages and how many calls it would take.")
    ] = False,
    force: o.Force = False,
    plots: o.Plots = None,
    json: o.Json = False,
) -> None:
    """Find which heads recognise the contexts that make next-token neurons fire; explain and score that."""
    from headscribe.cli.typed import typed_command
    from headscribe.pipeline import default_run, look_up, plan_lookups
    from headscribe.pipeline.lookups.options import LookupOptions
    from headscribe.pipeline.lookups.tables import lookups_plots
    from headscribe.pipeline.plots import write_plots

    run = out or default_run(model)
    with progress(quiet=json) as bars:
        options = LookupOptions(
            texts=texts,
            settings=settings,
            llm=llm,
            ask_settings=asking,
            stop_after=stop_after,
            describe_run=describe_run,
            revision=revision,
            force=force,
            command=typed_command(),
            progress=bars,
        )
        if dry_run:
            plan = plan_lookups(model, run, **options)
        else:
            summary = look_up(model, run, **options)
            if plots is not None:
                write_plots(lookups_plots(summary.found), plots, bars)
    if dry_run:
        _show_plan(plan, json)
    else:
        raise typer.Exit(_show(summary, json))


def _show_plan(plan: LookupsPlan, json: bool) -> None:
    if json:
        print_json(plan.as_json())
        return
    layers = ", ".join(f"L{layer}" for layer in plan.layers)
    typer.echo(f"{plan.neurons} neurons at most, of {layers}; {plan.texts:,} texts at most.")
    typer.echo(f"Stages there: {', '.join(plan.done) or 'none'}. To make: {', '.join(plan.make) or 'none'}.")
    estimate = plan.estimate
    if estimate is None:
        do = "give --stop-after heads first, which asks nobody"
        typer.echo(f"How many calls {plan.llm} would get is known once the heads are: {do}.")
    elif not estimate.calls:
        typer.echo(f"{plan.llm} needs no calls.")
    else:
        typer.echo(
            f"{plan.llm} would get {estimate.calls} calls at most for {plan.pairs} pairs, about "
            f"{estimate.prompt_tokens:,} tokens of prompts, and answer with {estimate.max_reply_tokens:,} "
            f"tokens at most. Cost: {money(estimate.max_cost_usd)} at most."
        )


def _show(summary: LookupsSummary, json: bool) -> int:
    if json:
        print_json(summary.as_json())
        return summary.exit_code
    rows = [
        (
            stage,
            _counted(done["counts"]) or "none",
            _counted(done["left_out"]) or None,
            f"{done['seconds']:.1f} s",
        )
        for stage, done in summary.stages.items()
    ]
    columns = (("Stage", "left"), ("Made", "left"), ("Left out", "left"), ("Time", "right"))
    if rows:
        print_table("", columns, rows)
    _show_contexts(summary)
    for line in _results(summary):
        typer.echo(line)
    if summary.calls or summary.replayed:
        typer.echo(
            f"{summary.calls} calls to {summary.llm} ({summary.prompt_tokens:,} tokens sent, "
            f"{summary.completion_tokens:,} received), {summary.replayed} answers from the journal. "
            f"Cost: {money(summary.cost_usd)}."
        )
    typer.echo(f"Run: {summary.run}")
    for name, path in (("Look-ups", summary.page), ("Report", summary.report)):
        if path:
            typer.echo(f"{name}: {path}")
    if summary.stopped:
        err().print(f"stopped: {summary.stopped}", soft_wrap=True)
    if summary.exit_code:
        larger = f", with a larger {summary.budget}" if summary.budget else ""
        err().print(f"to go on{larger}: {summary.resume}", soft_wrap=True)
    return summary.exit_code


def _show_contexts(summary: LookupsSummary) -> None:
    """The explained pairs that score best; the tables on disk have all."""
    from headscribe.core.tokens import plain_line, show_token

    rows = [
        (
            row["head"],
            f"{row['neuron']} {show_token(row['token'])}",
            f"{row['share']:.0%}",
            plain_line(row["explanation"], LONGEST_SHOWN),
            None if row["score"] is None else f"{row['score']:.2f}",
        )
        for row in summary.contexts[:SHOWN]
    ]
    columns = (
        ("Head", "left"),
        ("Feeds", "left"),
        ("Active on", "right"),
        ("When", "left"),
        ("Score", "right"),
    )
    if rows:
        title = f"Heads that feed next-token neurons: {len(rows)} of {len(summary.contexts)} explained pairs"
        print_table(title, columns, rows)


def _results(summary: LookupsSummary) -> Iterator[str]:
    for arm in summary.found.arms:
        if arm.mean is None:
            why = _counted(arm.left_out) or "there is none"
            yield f"No pair of the {ARMS[arm.arm]} could be scored ({why})."
            continue
        interval = "" if arm.low is None or arm.high is None else f" [{arm.low:.3f}, {arm.high:.3f}]"
        yield (
            f"Head explanation score of the {ARMS[arm.arm]}: {arm.mean:.3f}{interval}, "
            f"{len(arm.scores)} pairs of {arm.n_neurons} neurons; {arm.unanswered or 0:.0%} unanswered."
        )
    if difference := summary.found.difference:
        ends = (difference.low, difference.high)
        interval = "" if None in ends else f" [{ends[0]:+.3f}, {ends[1]:+.3f}]"
        yield f"Difference: {difference.difference:+.3f}{interval}."
    if summary.found.arms and summary.llm == "rules":
        yield "The built-in rules explained and judged: they count words and understand none."


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in counts.items())
