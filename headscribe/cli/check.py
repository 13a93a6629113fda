"""``headscribe check``: does the map predict the running model?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from headscribe.cli import options as o
from headscribe.cli.progress import progress
from headscribe.cli.settings import Without, takes_settings
from headscribe.cli.show import print_json
from headscribe.core.settings import CheckSettings, MapSettings

if TYPE_CHECKING:
    from headscribe.core.progress import Progress
    from headscribe.pipeline.check.results import CheckReport


@takes_settings
def check(
    *,
    model: o.Model,
    by: Annotated[
        Literal["correlation", "ablation", "multi-token"],
        typer.Option(
            "--by",
            help="correlation: static against dynamic scores. ablation: task accuracy without the top heads. "
            "multi-token: dynamic scores of sources of several tokens.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="MAP", help="Map folder; its scores are made if missing.")
    ],
    checks: CheckSettings,
    operations: o.OperationPaths = None,
    settings: Annotated[MapSettings, Without("view", "salient", "targets", "rank_by")],
    revision: o.Revision = None,
    force: Annotated[bool, typer.Option("--force", help="Check again what was checked before.")] = False,
    plots: o.Plots = None,
    json: o.Json = False,
) -> None:
    """Compare a map with the running model: correlate scores, or silence heads and watch the accuracy."""
    from headscribe.cli.printing.check import print_check
    from headscribe.cli.typed import typed_command
    from headscribe.pipeline import check_model

    with progress(quiet=json) as bars:
        try:
            report = check_model(
                model,
                out,
                by,
                settings,
                checks,
                operations=operations,
                revision=revision,
                force=force,
                command=typed_command(),
                progress=bars,
            )
        except KeyboardInterrupt:
            bars.say("What is checked so far is kept: run the same command again to go on")
            raise
        if plots is not None:
            _write_plots(report, plots, bars)
    print_json(report.as_json()) if json else print_check(report)


def _write_plots(report: CheckReport, folder: Path, bars: Progress) -> None:
    """Plots of all that was checked on the map so far; none if this check has no result to show."""
    from headscribe.pipeline.check.plots import write_check_plots
    from headscribe.store.map.map_dir import MapDir

    if report.correlations or report.ablations:
        write_check_plots(MapDir.open(report.map), folder, bars)
    else:
        bars.say("No plots: no operation could be checked")
