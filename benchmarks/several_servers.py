"""How much faster two servers of one model describe than one: the calls of a run, shared by load.

Each server answers at most ``SLOTS`` requests at once, ``LATENCY`` seconds each. A second one of the same
speed halves the time at best; beside a slower one, its last calls are waited for at the end.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.chat_server import ServerProcess
from benchmarks.entry import Comparison, Entry
from headscribe.core.progress import Silent

LATENCY, SLOTS, CALLS = 0.1, 8, 240


def measure(_folder: Path, repeats: int) -> dict[str, object]:
    """Seconds for the same calls with one server, two of one speed, and one of them four times as slow."""
    with ServerProcess(LATENCY, SLOTS) as one, ServerProcess(LATENCY, SLOTS) as two:
        alone = [_seconds([one]) for _ in range(repeats)]
        both = [_seconds([one, two]) for _ in range(repeats)]
    with ServerProcess(LATENCY, SLOTS) as one, ServerProcess(4 * LATENCY, SLOTS) as slow:
        uneven = [_seconds([one, slow]) for _ in range(repeats)]
    calls_at_once = f"each answers {SLOTS} calls at once, {LATENCY * 1000:.0f} ms each"
    return {
        "entries": [
            _entry("two servers of one speed", both, alone, 2 * SLOTS / LATENCY, calls_at_once),
            _entry("a server, and one of a quarter", uneven, alone, 1.25 * SLOTS / LATENCY, calls_at_once),
        ]
    }


def _entry(name: str, ours: list[float], alone: list[float], rate: float, note: str) -> Entry:
    return Entry(
        f"{CALLS} calls to {name}",
        ours,
        Comparison("the first server alone", median(alone)),
        Comparison("both always busy, computed", CALLS / rate),
        note=note,
    )


def _seconds(urls: Sequence[str]) -> float:
    """The time of the calls alone, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.several_servers", *urls]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def main() -> None:
    """In the process that is measured: ask, and print the seconds."""
    from headscribe.agent.asking import Asker
    from headscribe.agent.llm.spec import parse_llm
    from headscribe.core.chat import Message
    from headscribe.core.settings import AskSettings
    from headscribe.pipeline.asking.loop import Asking, ask_all
    from headscribe.store.describe.journal import Journal

    # Twice what one server answers at once, for each: there is always a next request waiting at the server.
    urls = sys.argv[1:]
    settings = AskSettings(concurrency=2 * SLOTS * len(urls))
    spec = parse_llm("|".join(f"{url}#m" for url in urls))

    async def ask(asker: Asker, number: int) -> None:
        await asker.ask((Message("user", f'Question {number}: "Paris"?'),))

    with tempfile.TemporaryDirectory() as folder:
        asking = Asking(spec, settings, None, Journal(Path(folder) / "run.db"), Silent())
        ask_all(asking, range(2 * SLOTS), ask, stage="warm-up")
        started = time.perf_counter()
        ask_all(asking, range(1000, 1000 + CALLS), ask, stage="ask")
        print(time.perf_counter() - started)


if __name__ == "__main__":
    main()
