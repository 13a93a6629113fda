"""What describing takes beside the LLM: processor time, memory, and how well the LLM is kept busy.

Maps are made up, so that nothing is mapped here. The fake LLM answers at once, which leaves our own work
alone; a server in a process of its own answers after 300 ms whatever the load, and counts what is in flight.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from itertools import accumulate, pairwise
from pathlib import Path
from statistics import median

from benchmarks.chat_server import ServerProcess, flights
from benchmarks.entry import Comparison, Entry, Target
from benchmarks.memory import resident
from headscribe.core.progress import Silent

FEW, MANY = (20, 50), (80, 64)
"""Layers and heads: 1,000 and 5,120 heads."""

LATENCY, IN_FLIGHT, TAIL = 0.3, 32, 32
"""Seconds until the server answers; calls in flight asked for; heads at the end that are left out."""


def measure(_folder: Path, repeats: int) -> dict[str, object]:
    """Processor time per head, MiB, and requests in flight; the median of the runs."""
    with tempfile.TemporaryDirectory() as scratch:
        few, many = (_made(Path(scratch), shape) for shape in (FEW, MANY))
        small = [_run(few, "fake", 64) for _ in range(repeats)]
        large = _run(many, "fake", 64)
        busy = [_busy(few) for _ in range(repeats)]
    own = [run["describing_ms"] for run in small]
    heads, more = (layers * per_layer for layers, per_layer in (FEW, MANY))
    return {
        "entries": [
            Entry(
                f"describing {heads:,} heads, 64 calls at once: own processor time",
                [one * heads / 1000 for one in own],
                Comparison("there is no plain way to compare with"),
                Comparison("an LLM that answers at once leaves our own work alone; its floor is 0"),
                Target("ms_per_head", "at most", 5.0),
                {
                    "ms_per_head": median(own),
                    f"ms_per_head_of_{more}": large["describing_ms"],
                    "whole_run_seconds": median(run["seconds"] for run in small),
                    "report_seconds": median(run["report"] for run in small),
                    f"report_seconds_of_{more}": large["report"],
                    "memory_growth_mib": small[0]["growth"],
                    f"memory_growth_mib_of_{more}": large["growth"],
                },
                "processor seconds, made-up maps, method single; memory as it grows while describing",
            ),
            Entry(
                f"describing {heads:,} heads, a server that answers after 300 ms",
                [one["seconds"] for one in busy],
                Comparison("one call after the other, computed", heads * LATENCY),
                Comparison(
                    f"{IN_FLIGHT} calls in flight at any moment, computed", heads * LATENCY / IN_FLIGHT
                ),
                figures={name: median(one[name] for one in busy) for name in busy[0] if name != "seconds"},
                note="from the first request to the last reply, as the server saw it",
            ),
        ]
    }


def _made(scratch: Path, shape: tuple[int, int]) -> Path:
    """A folder with a made-up map, in a process of its own."""
    folder = scratch / str(shape[0])
    code = "import sys; from pathlib import Path; from benchmarks.made_map import write_made_map as w; "
    code += "w(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))"
    command = [sys.executable, "-c", code, str(folder), *map(str, shape)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def _run(folder: Path, llm: str, concurrency: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.describe_overhead", str(folder), llm, str(concurrency)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


def _busy(folder: Path) -> dict[str, float]:
    """Requests in flight at the server while work remains, and what a call takes of the processor."""
    with ServerProcess(LATENCY) as base_url:
        cost = _run(folder, f"{base_url}#m", IN_FLIGHT)["describing_ms"]
        seen = flights(base_url)
    mean, middle = in_flight(seen)
    seconds = seen[-1][0] - seen[0][0]
    return {"seconds": seconds, "in_flight_mean": mean, "in_flight_median": middle, "cpu_ms_per_call": cost}


def in_flight(seen: list[tuple[float, int]]) -> tuple[float, float]:
    """Mean and median of the requests in flight, weighted with time.

    Args:
        seen: (moment, requests then in flight) at every change. The first second and what comes after the
            beginning of the last ``TAIL`` requests do not count.
    """
    begun = [moment for (_, before), (moment, now) in pairwise([(0.0, 0), *seen]) if now > before]
    first, last = begun[0] + 1, begun[-TAIL]
    spans = [(min(until, last) - max(since, first), now) for (since, now), (until, _) in pairwise(seen)]
    spans = sorted(((span, now) for span, now in spans if span > 0), key=lambda one: one[1])
    whole = sum(span for span, _ in spans)
    passed = list(accumulate(span for span, _ in spans))
    middle = next(now for (_, now), until in zip(spans, passed, strict=True) if until >= whole / 2)
    return sum(span * now for span, now in spans) / whole, middle


class _Stages(Silent):
    """Notes the processor time and the memory at the beginning and the end of describing."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, float]] = []

    def start(self, stage: str, total: int) -> None:  # noqa: ARG002
        self.finish(stage)

    def finish(self, stage: str) -> None:
        if stage == "describe":
            self.seen.append((time.process_time(), resident()))


def main() -> None:
    """In the process that is measured: one run, its figures as JSON."""
    from headscribe.core.settings import DescribeSettings
    from headscribe.pipeline import describe_model, report_run

    folder, llm, concurrency = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    stages = _Stages()
    summary = describe_model(
        str(folder / "model"),
        Path(tempfile.mkdtemp(dir=folder)) / "run",
        llm=llm,
        map_path=folder / "map",
        describe_settings=DescribeSettings(method="single", concurrency=concurrency),
        progress=stages,
    )
    ended = time.process_time()
    report_run(summary.run)
    (begun, before), (done, after) = stages.seen
    figures = {
        "describing_ms": (done - begun) / summary.heads * 1000,
        "seconds": ended,
        "report": time.process_time() - ended,
        "growth": after - before,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
