"""``headscribe check``: does the map predict the running model?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from headscribe.cli import options as o
from headscribe.cli.progress import progress
from headscribe.cli.settings import Without, takes_settings
from headscribe.cli.show import err, print_json, print_table
from headscribe.core.settings import MIN_PAIRS, CheckSettings, MapSettings

if TYPE_CHECKING:
    from headscribe.core.checks import Correlation
    from headscribe.core.progress import Progress
    from headscribe.pipeline.check.results import (
        AblationResult,
        CheckReport,
        CorrelationResult,
        ViewCorrelation,
    )

CORRELATION = (
    ("Operation", "left"),
    ("Best", "right"),
    ("r with context", "right"),
    ("r without", "right"),
    ("suppr.", "right"),
    ("w/o", "right"),
)
VIEWS = (
    ("Template", "left"),
    ("Final norm", "left"),
    ("View", "left"),
    ("Operations", "right"),
    *CORRELATION[2:],
)
ABLATION = (
    ("Operation", "left"),
    ("Prompts", "right"),
    ("Base", "right"),
    ("Out", "right"),
    ("Top", "right"),
    ("Random", "right"),
    ("Controls", "right"),
)


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
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="MAP",
            help="Map folder; its scores are made if missing.",
            show_default=False,
        ),
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
    if json:
        print_json(_document(report))
        return
    _show(report)


def _write_plots(report: CheckReport, folder: Path, bars: Progress) -> None:
    """Plots of all that was checked on the map so far; none if this check has no result to show."""
    from headscribe.pipeline.check.plots import write_check_plots
    from headscribe.store.map.map_dir import MapDir

    if report.correlations or report.ablations:
        write_check_plots(MapDir.open(report.map), folder, bars)
    else:
        bars.say("No plots: no operation could be checked")


def _show(report: CheckReport) -> None:
    if report.by == "ablation":
        print_table("", ABLATION, [_ablation_cells(row) for row in report.ablations])
    elif len({row.view for row in report.views}) > 1:
        columns = (("View", "left"), *CORRELATION)
        print_table("", columns, [(row.view, *_correlation_cells(row)) for row in report.correlations])
        last = report.views[-1].norms  # templates one by one as the model reads heads, where a view does
        shown = [row for row in report.views if row.template is None or row.norms == last]
        print_table("All operations together", VIEWS, [_view_cells(row) for row in shown])
    else:
        print_table("", CORRELATION, [_correlation_cells(row) for row in report.correlations])
    _show_left_out(report)
    for row in report.correlations:
        reasons = ", ".join(f"{count} {reason}" for reason, count in row.skipped.items())
        if reasons:
            err().print(f"{row.operation}: pairs without a usable prompt: {reasons}", soft_wrap=True)
    rows = {row.operation for row in report.ablations} | {row.operation for row in report.correlations}
    skipped = {item.operation for item in report.left_out} - rows
    typer.echo(f"{len(rows)} operations checked, {len(skipped)} skipped. All in {report.table}")


def _show_left_out(report: CheckReport) -> None:
    """One line for all operations with too few pairs, and one for everything else that has no result."""
    few = [item for item in report.left_out if item.too_few and not item.template]
    if few:
        counts = ", ".join(f"{item.operation} {item.n_pairs}" for item in few)
        err().print(f"skipped for fewer than {MIN_PAIRS} single-token pairs: {counts}", soft_wrap=True)
    for item in report.left_out:
        if item not in few:
            where = f" in '{item.template}'" if item.template else ""
            err().print(f"skipped {item.operation}{where}: {item.reason}", soft_wrap=True)


def _correlation_cells(row: CorrelationResult) -> tuple[object, ...]:
    return (row.operation, f"{row.best_static:.2f}", *_four(row))


def _view_cells(row: ViewCorrelation) -> tuple[object, ...]:
    norm = {"leave": "left out", "fold": "in W_O"}[row.norms]
    return (row.template or "all", norm, row.view, row.n_operations, *_four(row))


def _four(row: CorrelationResult | ViewCorrelation) -> tuple[str | None, ...]:
    return (
        _r(row.context),
        _r(row.forced),
        _r(row.suppression, interval=False),
        _r(row.forced_suppression, interval=False),
    )


def _r(found: Correlation, *, interval: bool = True) -> str | None:
    if found.r is None:
        return None
    ends = [f"{end:.2f}".replace("0.", ".") for end in (found.low, found.high) if end is not None]
    return f"{found.r:.2f} [{', '.join(ends)}]" if interval and ends else f"{found.r:.2f}"


def _ablation_cells(row: AblationResult) -> tuple[object, ...]:
    random = None
    if row.after_random is not None:
        random = f"{row.after_random:.2f} ± {row.sd_random or 0:.2f}"
    controls = None
    if n := len(row.controls):
        base, after = (sum(values) / n for values in _controls(row))
        controls = f"{base:.2f} → {after:.2f} ({n})"
    return (
        row.operation,
        row.n_pairs,
        f"{row.base:.2f}",
        row.n_random or len(row.heads),
        f"{row.after if row.after_same is None else row.after_same:.2f}",
        random,
        controls,
    )


def _controls(row: AblationResult) -> tuple[list[float], list[float]]:
    return [item.base for item in row.controls], [item.after for item in row.controls]


def _document(report: CheckReport) -> dict[str, Any]:
    rows = report.ablations if report.by == "ablation" else report.correlations
    return {
        "map": report.map,
        "by": report.by,
        "table": report.table,
        "operations": rows,
        "views": report.views,
        "left_out": report.left_out,
    }
