"""``headscribe evaluate``: a run's descriptions against the operation scores of its map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headscribe.cli import options as o
from headscribe.cli.progress import progress
from headscribe.cli.settings import Defaults, takes_settings
from headscribe.cli.show import err, money, print_json
from headscribe.core.settings import JUDGING, AskSettings, EvaluateSettings

if TYPE_CHECKING:
    from headscribe.pipeline.evaluate.evaluate import EvaluationPlan, EvaluationSummary

Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run of headscribe describe.", show_default=False)]


@takes_settings
def evaluate(
    *,
    run: Run,
    llm: Annotated[
        str | None,
        typer.Option(
            "--llm",
            metavar="LLM",
            help="An LLM that judges beside the rules: openai:NAME, http://HOST:PORT/v1#NAME, …",
            rich_help_panel=JUDGING,
            show_default=False,
        ),
    ] = None,
    settings: EvaluateSettings,
    operations: Annotated[
        list[Path] | None,
        typer.Option(
            "--operations",
            metavar="PATH",
            help="Your operation files or folders, for their lexicons. May be repeated.",
            rich_help_panel=JUDGING,
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how many calls and tokens the LLM would take.")
    ] = False,
    asking: Annotated[AskSettings, Defaults(max_reply_tokens=512)],
    plots: o.Plots = None,
    json: o.Json = False,
) -> None:
    """Compare what descriptions say with what heads score: agreement, chance, disagreements, categories."""
    from headscribe.cli.typed import typed_command
    from headscribe.pipeline.evaluate.evaluate import evaluate_run, plan_evaluation

    paths = operations or ()
    if dry_run:
        plan = plan_evaluation(run, llm=llm or "rules", settings=settings, asking=asking, operations=paths)
        _show_plan(plan, json)
        return
    with progress(quiet=json) as bars:
        summary = evaluate_run(
            run,
            llm=llm,
            settings=settings,
            asking=asking,
            operations=paths,
            command=typed_command(),
            progress=bars,
        )
        if plots is not None and summary.evaluation:
            from headscribe.pipeline.evaluate.plots import evaluation_plots
            from headscribe.pipeline.plots import write_plots

            write_plots(evaluation_plots(summary.evaluation), plots, bars)
    _show(summary, json)
    raise typer.Exit(summary.exit_code)


def _show_plan(plan: EvaluationPlan, json: bool) -> None:
    if json:
        print_json(plan.as_json())
        return
    left, estimate = plan.questions - plan.answered, plan.estimate
    typer.echo(
        f"{plan.questions} questions to {plan.llm} on {plan.items} pairs of a head and an operation and on "
        f"the heads' categories, {plan.answered} answered already, {left} left."
    )
    typer.echo(
        f"About {estimate.prompt_tokens:,} tokens of prompts, and {estimate.max_reply_tokens:,} of replies "
        f"at most. Cost, at most: {money(estimate.max_cost_usd)}."
    )


def _show(summary: EvaluationSummary, json: bool) -> None:
    from headscribe.cli.evaluation_tables import as_json, print_evaluation

    if json:
        print_json(as_json(summary))
    elif summary.evaluation:
        print_evaluation(summary.run, summary.evaluation)
        if summary.calls or summary.replayed:
            typer.echo(
                f"{summary.calls} calls, {summary.replayed} answers from the journal. "
                f"Cost: {money(summary.cost_usd)}."
            )
    if summary.evaluation is None:
        err().print(f"stopped: {summary.stopped}" if summary.stopped else "interrupted", soft_wrap=True)
        larger = f", with a larger {summary.budget}" if summary.budget else ""
        err().print(
            f"{summary.asked.done} of {summary.questions} questions are answered, and kept; no table was "
            f"written. To go on{larger}: {summary.resume}",
            soft_wrap=True,
        )
