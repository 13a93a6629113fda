"""One benchmark's result: its time beside a plain baseline and the floor, and whether its target is met."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal


@dataclass(frozen=True)
class Comparison:
    """What a time is set beside: the same work done plainly, or the time that no way of doing it undercuts.

    Attributes:
        what: how it was found, for readers.
        seconds: None where there is none that means anything; ``what`` then says why.
    """

    what: str
    seconds: float | None = None


@dataclass(frozen=True)
class Target:
    """A limit for one of an entry's figures, ``at least`` or ``at most``."""

    figure: str
    bound: Literal["at least", "at most"]
    limit: float

    def __str__(self) -> str:
        return f"{self.figure} {self.bound} {self.limit:g}"

    def met(self, value: float) -> bool:
        """Whether the value keeps to the limit."""
        return value >= self.limit if self.bound == "at least" else value <= self.limit


@dataclass(frozen=True)
class Entry:
    """A benchmark of one kind of work.

    Attributes:
        name: what was done.
        runs: wall-clock seconds of each run; their median counts.
        baseline: the plain way.
        floor: the operation count over the matrix rate, or bytes over bandwidth, measured in the same run.
        target: what is promised, None where nothing is.
        figures: further measured numbers, by name; a target may be about one of them.
        note: what a reader should know.
    """

    name: str
    runs: Sequence[float]
    baseline: Comparison
    floor: Comparison
    target: Target | None = None
    figures: dict[str, float] = field(default_factory=dict)
    note: str = ""

    @property
    def seconds(self) -> float:
        """Median of the runs."""
        return float(median(self.runs))

    def as_json(self) -> dict[str, Any]:
        """Everything, with the ratios."""
        ratios = {
            "ratio_to_baseline": _digits(self.baseline.seconds and self.baseline.seconds / self.seconds),
            "ratio_to_floor": _digits(self.floor.seconds and self.seconds / self.floor.seconds),
        }
        known = {"seconds": self.seconds, **ratios, **self.figures}
        target = self.target
        return {
            "name": self.name,
            "seconds": _digits(self.seconds),
            "spread": [_digits(min(self.runs)), _digits(max(self.runs))],
            "repeats": len(self.runs),
            "baseline_seconds": _digits(self.baseline.seconds),
            "floor_seconds": _digits(self.floor.seconds),
            **ratios,
            "target": str(target) if target else None,
            "met": target.met(float(known[target.figure])) if target else None,
            "figures": {name: _digits(value) for name, value in self.figures.items()},
            "baseline": self.baseline.what,
            "floor": self.floor.what,
            "note": self.note,
        }


def in_turn(repeats: int, **works: Callable[[], object]) -> dict[str, list[float]]:
    """Wall-clock seconds of each work, run by turns, so that another program on the machine slows all."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            started = time.perf_counter()
            work()
            found[name].append(time.perf_counter() - started)
    return found


def on_processors(work: Callable[[], object], seconds: list[float]) -> Callable[[], None]:
    """The work, which also notes the seconds of processors it took: other programs change these less."""

    def noted() -> None:
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)

    return noted


def _digits(value: float | None) -> float | None:
    """Four significant digits."""
    return None if value is None else float(f"{value:.4g}")
