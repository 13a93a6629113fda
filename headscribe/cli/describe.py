"""``headscribe describe``: the main job, from a checkpoint to a description of every head and a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headscribe.cli import options as o
from headscribe.cli.progress import progress
from headscribe.cli.settings import takes_settings
from headscribe.cli.show import print_json
from headscribe.core.settings import DescribeSettings, MapSettings


@takes_settings
def describe(
    *,
    model: o.Model,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="RUN", help="Run folder; resumed if it exists. Default: runs/MODEL."
        ),
    ] = None,
    llm: o.Llm = None,
    heads: o.Heads = "all",
    map_folder: Annotated[
        Path | None, typer.Option("--map", metavar="MAP", help="Use this map instead of making one in RUN.")
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
    steer: Annotated[
        bool,
        typer.Option("--steer", help="Then try the descriptions in the running model (headscribe steer)."),
    ] = False,
    batch: o.BatchFile = None,
    mapping: MapSettings,
    operations: o.OperationPaths = None,
    revision: o.Revision = None,
    force: o.Force = False,
    engine: o.EngineOption = "local",
    address: o.Address = None,
    json: o.Json = False,
) -> None:
    """Map, score and describe every head, and write a report. A run that was cut short goes on."""
    from headscribe.cli.printing.describe import print_plan, print_run, run_json
    from headscribe.cli.printing.steer import print_steering
    from headscribe.cli.typed import typed_command
    from headscribe.core.batch import read_batch
    from headscribe.pipeline import (
        default_run,
        describe_model,
        plan_run,
        read_statuses,
        report_run,
        steer_run,
    )
    from headscribe.pipeline.describe.options import DescribeOptions

    run, by_file, statuses = out or default_run(model), read_batch(batch), read_statuses(retry)
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
            steered = None
            if steer and not summary.interrupted and any(summary.counts.values()):
                steered = steer_run(run, operations=operations or (), progress=bars)
                report_run(run)
    if dry_run:
        print_json(plan.as_json()) if json else print_plan(plan)
        return
    if json:
        print_json(run_json(summary) | ({"steering": steered.as_json()} if steered else {}))
    else:
        print_run(summary)
        if steered:
            print_steering(steered)
    raise typer.Exit(summary.exit_code)
