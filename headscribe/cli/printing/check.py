"""How ``headscribe check`` prints what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from headscribe.cli.show import err, left, print_table, right
from headscribe.core.settings import MIN_PAIRS

if TYPE_CHECKING:
    from headscribe.core.checks import Correlation
    from headscribe.pipeline.check.results import (
        AblationResult,
        CheckReport,
        CorrelationResult,
        ViewCorrelation,
    )

CORRELATION = (*left("Operation"), *right("Best", "r with context", "r without", "suppr.", "w/o"))
VIEWS = (*left("Template", "Final norm", "View"), *right("Operations"), *CORRELATION[2:])
ABLATION = (*left("Operation"), *right("Prompts", "Base", "Out", "Top", "Random", "Controls"))


def print_check(report: CheckReport) -> None:
    """The results, and what was left out and why."""
    if report.by == "ablation":
        print_table("", ABLATION, [_ablation_cells(row) for row in report.ablations])
    elif len({(row.view, row.part) for row in report.views}) > 1:
        columns = (("View", "left"), *CORRELATION)
        print_table("", columns, [(_view(row), *_correlation_cells(row)) for row in report.correlations])
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
    return (row.operation, f"{row.best_static:.2f}", *_correlations(row))


def _view(row: CorrelationResult | ViewCorrelation) -> str:
    return row.view if row.part == "whole" else f"{row.view}, specific"


def _view_cells(row: ViewCorrelation) -> tuple[object, ...]:
    norm = {"leave": "left out", "fold": "in W_O"}[row.norms]
    return (row.template or "all", norm, _view(row), row.n_operations, *_correlations(row))


def _correlations(row: CorrelationResult | ViewCorrelation) -> tuple[str | None, ...]:
    return (
        _r(row.context),
        _r(row.forced),
        _r(row.suppression, interval=False),
        _r(row.forced_suppression, interval=False),
    )


def _r(correlation: Correlation, *, interval: bool = True) -> str | None:
    if correlation.r is None:
        return None
    ends = [f"{end:.2f}".replace("0.", ".") for end in (correlation.low, correlation.high) if end is not None]
    return f"{correlation.r:.2f} [{', '.join(ends)}]" if interval and ends else f"{correlation.r:.2f}"


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
