"""``headscribe report``: the run as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headscribe.cli import options as o
from headscribe.cli.show import print_json


def report(
    run: o.Run,
    compare: Annotated[
        Path | None,
        typer.Option(
            "--compare",
            metavar="RUN",
            help="Another run of the same model: the page also shows what differs.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write. Default: report.html in the run; with --compare, compare.html there.",
        ),
    ] = None,
    json: o.Json = False,
) -> None:
    """Write the report of a run again, as one HTML file, from what the run holds."""
    from headscribe.pipeline import report_run

    page = report_run(run, compare=compare, page=output)
    if json:
        print_json({"report": str(page)})
    else:
        typer.echo(f"Report: {page}")
