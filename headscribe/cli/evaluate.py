"""``headscribe evaluate``: a run's descriptions against the operation scores of its map."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headscribe.cli import options as o
from headscribe.cli.progress import progress
from headscribe.cli.settings import Defaults, takes_settings
from headscribe.cli.show import print_json
from headscribe.core.settings import JUDGING, AskSettings, EvaluateSettings

Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run of headscribe describe.")]


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
    from headscribe.cli.printing.evaluate import print_evaluation, print_plan
    from headscribe.cli.typed import typed_command
    from headscribe.pipeline.evaluate.evaluate import evaluate_run
    from headscribe.pipeline.evaluate.plan import plan_evaluation

    paths = operations or ()
    if dry_run:
        plan = plan_evaluation(run, llm=llm or "rules", settings=settings, asking=asking, operations=paths)
        print_json(plan.as_json()) if json else print_plan(plan)
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
    print_json(summary.as_json()) if json else print_evaluation(summary)
    raise typer.Exit(summary.exit_code)
