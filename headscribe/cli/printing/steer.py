"""What ``headscribe steer`` prints."""

from __future__ import annotations

import typer

from headscribe.cli.show import counted, print_tables
from headscribe.pipeline.steer.section import steering_table
from headscribe.pipeline.steer.steer import SteeringSummary
from headscribe.store.steer.steering_table import STEERING

SHOWN = 30


def print_steering(summary: SteeringSummary) -> None:
    """The heads whose targets are raised most because of the source; and how many said nothing to try."""
    print_tables([steering_table(summary.heads)], rows=SHOWN)
    if summary.silent:
        typer.echo(f"{counted(len(summary.silent), 'description')} without a pair of tokens to try.")
    typer.echo(f"All in {STEERING.path(summary.run)}. In the report: {summary.run}/report.html")
