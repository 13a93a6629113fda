"""``headscribe steer``: whether the running model does what a run's descriptions say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headscribe.cli import options as o
from headscribe.cli.progress import progress
from headscribe.cli.settings import takes_settings
from headscribe.cli.show import print_json
from headscribe.core.settings import SteerSettings


@takes_settings
def steer(
    *,
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run of headscribe describe.")],
    settings: SteerSettings,
    operations: Annotated[
        list[Path] | None,
        typer.Option(
            "--operations",
            metavar="PATH",
            help="Your operation files or folders, by which descriptions are read too. May be repeated.",
        ),
    ] = None,
    json: o.Json = False,
) -> None:
    """Try descriptions in the running model: give heads the sources that they name, and watch the targets."""
    from headscribe.cli.printing.steer import print_steering
    from headscribe.pipeline import report_run, steer_run

    with progress(quiet=json) as bars:
        summary = steer_run(run, settings, operations=operations or (), progress=bars)
        report_run(run)
    print_json(summary.as_json()) if json else print_steering(summary)
