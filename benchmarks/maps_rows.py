"""Our values beside the published ones, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from benchmarks.maps_published import MEASURES, Values
from headscribe.cli.show import print_table
from headscribe.core.checks import Correlation
from headscribe.core.settings import MIN_PAIRS
from headscribe.pipeline.check.results import AblationResult, CheckReport, CorrelationResult

COUNTS = frozenset({"heads removed", "control tasks"})
"""Measures that are numbers of things; their differences go into no mean."""

COLUMNS = (
    ("Operation", "left"),
    ("Measure", "left"),
    ("Ours", "right"),
    ("95 %", "right"),
    ("Paper", "right"),
    ("Diff.", "right"),
)
TITLES = {
    "correlation": "Pearson r of static and dynamic scores",
    "multi-token": "Pearson r of static and dynamic scores, multi-token sources",
    "ablation": "Accuracy without heads",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One measure of one operation; None where there is no value. The interval is ours."""

    operation: str
    measure: str
    ours: float | None
    published: float | None
    low: float | None = None
    high: float | None = None

    @property
    def difference(self) -> float | None:
        """Ours less the published value."""
        return None if self.ours is None or self.published is None else self.ours - self.published


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far one table's values are from the published ones, counts left aside."""

    compared: int
    mean: float | None
    largest: Row | None


def compare(report: CheckReport, published: Values) -> list[Row]:
    """Every measure that has a value on either side, sorted by operation."""
    ours = {result.operation: _correlations(result) for result in report.correlations}
    ours |= {result.operation: _accuracies(result) for result in report.ablations}
    rows = [
        Row(name, measure, value, published.get(name, {}).get(measure), low, high)
        for name in sorted(ours.keys() | published.keys())
        for measure in MEASURES[report.by]
        for value, low, high in [ours.get(name, {}).get(measure, (None, None, None))]
    ]
    return [row for row in rows if row.ours is not None or row.published is not None]


Found = dict[str, tuple[float | None, float | None, float | None]]


def _correlations(result: CorrelationResult) -> Found:
    def values(found: Correlation) -> tuple[float | None, float | None, float | None]:
        return found.r, found.low, found.high

    kinds = (result.forced, result.context, result.forced_suppression, result.suppression)
    return dict(zip(MEASURES["correlation"], map(values, kinds), strict=True))


def _accuracies(result: AblationResult) -> Found:
    controls = result.controls
    values = (
        len(result.heads),
        result.base,
        result.after,
        result.after_random,
        len(controls),
        fmean(control.base for control in controls) if controls else None,
        fmean(control.after for control in controls) if controls else None,
    )
    found = zip(MEASURES["ablation"], values, strict=True)
    return {measure: (value, None, None) for measure, value in found}


def agreement(rows: Sequence[Row]) -> Agreement:
    """The mean absolute difference, and the row with the largest."""
    both = [row for row in rows if row.difference is not None and row.measure not in COUNTS]
    if not both:
        return Agreement(0, None, None)
    return Agreement(len(both), fmean(map(_distance, both)), max(both, key=_distance))


def _distance(row: Row) -> float:
    return abs(row.difference or 0.0)


def show(check: str, rows: Sequence[Row], report: CheckReport) -> None:
    """Print one table, what it leaves out, and how far it is from the published one."""
    names = [row.operation for row in rows]
    first = [place == 0 or name != names[place - 1] for place, name in enumerate(names)]
    print_table(TITLES[check], COLUMNS, [_cells(row, new) for row, new in zip(rows, first, strict=True)])
    few = [left for left in report.left_out if left.too_few]
    if few:
        counts = ", ".join(f"{left.operation} {left.n_pairs}" for left in few)
        print(f"fewer than {MIN_PAIRS} usable pairs: {counts}")
    for left in report.left_out:
        if left not in few:
            print(f"without {left.operation}: {left.reason}")
    print(f"{check}: {_said(agreement(rows))}", end="\n\n", flush=True)


def _cells(row: Row, new: bool) -> tuple[object, ...]:
    digits = 0 if row.measure in COUNTS else 2
    interval = None if row.low is None or row.high is None else f"{row.low:.2f}, {row.high:.2f}"
    difference = None if row.difference is None else f"{row.difference:+.{digits}f}"
    ours, published = (None if v is None else f"{v:.{digits}f}" for v in (row.ours, row.published))
    return (row.operation if new else "", row.measure, ours, interval, published, difference)


def _said(found: Agreement) -> str:
    if found.largest is None or found.mean is None:
        return "no value stands beside a published one"
    largest = found.largest
    return (
        f"{found.compared} values beside published ones, mean absolute difference {found.mean:.2f}, largest "
        f"{largest.difference:+.2f} ({largest.operation}, {largest.measure})"
    )


def as_json(rows: Sequence[Row], report: CheckReport) -> dict[str, Any]:
    """One table as plain data."""
    found = agreement(rows)
    return {
        "rows": [asdict(row) | {"difference": row.difference} for row in rows],
        "left_out": [asdict(left) for left in report.left_out],
        "compared": found.compared,
        "mean_absolute_difference": found.mean,
    }
