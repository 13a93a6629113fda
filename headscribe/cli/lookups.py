"""``headscribe lookups``: which heads feed next-token neurons in which contexts, explained and scored."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headscribe.cli import options as o
from headscribe.cli.progress import progress
from headscribe.cli.settings import Without, takes_settings
from headscribe.cli.show import print_json
from headscribe.core.settings import AskSettings, LookupSettings, Stage, TextSettings


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
        ),
    ] = None,
    texts: TextSettings,
    settings: LookupSettings,
    revision: o.Revision = None,
    stop_after: Annotated[Stage | None, typer.Option("--stop-after", help="The last stage to make.")] = None,
    describe_run: Annotated[
        Path | None,
        typer.Option(
            "--describe-run",
            metavar="RUN",
            help="A describe of the same model, whose descriptions stand beside the explanations.",
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
    from headscribe.cli.printing.lookups import print_lookups, print_plan
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
        print_json(plan.as_json()) if json else print_plan(plan)
        return
    print_json(summary.as_json()) if json else print_lookups(summary)
    raise typer.Exit(summary.exit_code)
