"""``headscribe describe``: the main job, from a checkpoint to a description of every head and a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headscribe.cli import batch as batches
from headscribe.cli import options as o
from headscribe.cli.progress import progress
from headscribe.cli.settings import takes_settings
from headscribe.cli.show import err, money, print_json, print_table
from headscribe.core.settings import DescribeSettings, MapSettings

if TYPE_CHECKING:
    from headscribe.core.records import Description
    from headscribe.pipeline import Plan, RunSummary

SHOWN = 40
METHOD_COLUMNS = (
    ("Method", "left"),
    ("Calls", "right"),
    ("Prompt tokens", "right"),
    ("Reply tokens, at most", "right"),
    ("Cost, at most", "right"),
)
COLUMNS = (("Head", "left"), ("Status", "left"), ("Confidence", "right"), ("Description", "left"))


@takes_settings
def describe(
    *,
    model: o.Model,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="RUN",
            help="Run folder; resumed if it exists. Default: runs/MODEL.",
            show_default=False,
        ),
    ] = None,
    llm: o.Llm = None,
    heads: o.Heads = "all",
    map_folder: Annotated[
        Path | None,
        typer.Option(
            "--map", metavar="MAP", help="Use this map instead of making one in RUN.", show_default=False
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how many calls and tokens it would take.")
    ] = False,
    retry: Annotated[
        str,
        typer.Option(
            "--retry",
            metavar="STATUS,…",
            help="Ask again for heads that ended so: unclear, unparseable, refused, truncated. "
            "Failed ones always are.",
        ),
    ] = "",
    asking: DescribeSettings,
    batch: batches.Option = None,
    mapping: MapSettings,
    operations: o.OperationPaths = None,
    revision: o.Revision = None,
    force: o.Force = False,
    engine: o.EngineOption = "local",
    address: o.Address = None,
    json: o.Json = False,
) -> None:
    """Map, score and describe every head, and write a report. A run that was cut short goes on."""
    from headscribe.cli.typed import typed_command
    from headscribe.pipeline import default_run, describe_model, plan_run, read_statuses
    from headscribe.pipeline.describe.options import DescribeOptions

    run, by_file, statuses = out or default_run(model), batches.read_batch(batch), read_statuses(retry)
    with progress(quiet=json) as bars:
        options = DescribeOptions(
            llm=llm,
            heads=heads,
            map_path=map_folder,
            map_settings=mapping,
            describe_settings=asking.model_copy(update={"split_seed": mapping.seed}),
            operations=operations,
            retry=statuses,
            revision=revision,
            force=force,
            command=typed_command(),
            progress=bars,
        )
        if dry_run:
            plan = plan_run(model, run, **options)
        else:
            summary = describe_model(model, run, batch=by_file, engine=engine, address=address, **options)
    raise typer.Exit(_show_plan(plan, json) if dry_run else _show_run(summary, json))


def _show_plan(plan: Plan, json: bool) -> int:
    if json:
        print_json(plan.as_json())
        return 0
    estimate = plan.estimate
    typer.echo(f"{plan.heads} heads selected, {plan.done} already described, {plan.to_ask} left.")
    if not estimate.calls:
        typer.echo(f"{plan.llm} needs no calls.")
        return 0
    typer.echo(
        f"{plan.llm} would get {estimate.calls} calls, about {estimate.prompt_tokens:,} tokens of prompts, "
        f"and answer with {estimate.max_reply_tokens:,} tokens at most."
    )
    typer.echo(_price_line(plan))
    if len(plan.methods) > 1:
        rows = [
            (
                row.method,
                f"{row.estimate.calls:,}",
                f"{row.estimate.prompt_tokens:,}",
                f"{row.estimate.max_reply_tokens:,}",
                money(row.estimate.max_cost_usd),
            )
            for row in plan.methods
        ]
        print_table("By method, estimated", METHOD_COLUMNS, rows)
    if plan.sampled < plan.to_ask:
        typer.echo(f"The estimate rests on {plan.sampled} heads; no other was mapped, nothing was asked.")
    return 0


def _price_line(plan: Plan) -> str:
    if plan.estimate.max_cost_usd is None:
        return "The cost is not known: no price is known for this LLM (docs/how-to/costs.md)."
    of = f" at the price of {plan.price_as_of}" if plan.price_as_of else ""
    return f"That costs {money(plan.estimate.max_cost_usd)} at most{of}."


def _show_run(summary: RunSummary, json: bool) -> int:
    rows = summary.descriptions() if any(summary.counts.values()) else []
    if json:
        print_json(summary.as_json() | {"descriptions": [_as_json(row) for row in rows]})
        return summary.exit_code
    if rows:
        print_table("", COLUMNS, [_cells(row) for row in rows[:SHOWN]])
    if len(rows) > SHOWN:
        typer.echo(f"… and {len(rows) - SHOWN} more heads.")
    counts = ", ".join(f"{number} {status}" for status, number in summary.counts.items())
    typer.echo(
        f"{sum(summary.counts.values())} of {summary.heads} heads in {summary.seconds:.1f} s: {counts}."
    )
    for line in _what_confidence_means(rows):
        typer.echo(line)
    if summary.calls or summary.replayed:
        typer.echo(
            f"{summary.calls} calls to {summary.llm} ({summary.prompt_tokens:,} tokens sent, "
            f"{summary.completion_tokens:,} received), {summary.replayed} answers from the journal."
        )
        if summary.retried:
            kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(summary.retried.items()))
            typer.echo(f"Attempts that failed and were made again: {kinds}.")
        if summary.cached_tokens:
            share = summary.cached_tokens / max(1, summary.prompt_tokens)
            typer.echo(f"The server found {share:.0%} of the tokens sent in its prefix cache.")
        typer.echo(f"Cost: {money(summary.cost_usd)}.")
    typer.echo(f"Run: {summary.run}")
    if summary.report:
        typer.echo(f"Report: {summary.report}")
    if summary.stopped:
        err().print(f"stopped: {summary.stopped}", soft_wrap=True)
    if summary.batch:
        batches.show_batch(summary.batch, summary.resume)
    if summary.budget:
        err().print(f"to go on, with a larger {summary.budget}: {summary.resume}", soft_wrap=True)
    elif not summary.batch and (summary.left or summary.exit_code == 1):
        err().print(f"to go on: {summary.resume}", soft_wrap=True)
    return summary.exit_code


def _what_confidence_means(rows: Sequence[Description]) -> Iterator[str]:
    if any(row.method == "rules" for row in rows):
        yield "Confidence: share of the mappings that the rules explain; not a test on other tokens."
    if tested := [row.outcome for row in rows if row.outcome.unanswered is not None]:
        silent = sum(one.unanswered or 0.0 for one in tested) / len(tested)
        yield f"Confidence: on held-out rows of {len(tested)} heads; {silent:.0%} of the items unanswered."


def _cells(row: Description) -> tuple[object, ...]:
    outcome = row.outcome
    confidence = None if outcome.confidence is None else f"{outcome.confidence:.0%}"
    if confidence and outcome.confidence_low is not None and outcome.confidence_high is not None:
        confidence += f" [{outcome.confidence_low:.0%}, {outcome.confidence_high:.0%}]"
    said = outcome.description or outcome.error
    return (row.head.name, outcome.status.value, confidence, said)


def _as_json(row: Description) -> dict[str, Any]:
    outcome = asdict(row.outcome)
    del outcome["transcript"]  # lies in tables of its own
    return {"head": row.head.name, **outcome}
