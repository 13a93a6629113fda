"""Peak memory of mapping all heads, beside what must be there: the embeddings and one layer."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.entry import Comparison, Entry, Target
from benchmarks.gpt2_shape import HEADS, LAYERS, VOCABULARY, WIDTH

BYTES = 4
MEBIBYTE = 2**20


def measure(folder: Path, repeats: int) -> dict[str, object]:
    """Resident MiB, in a process of its own so that nothing else counts; the largest of the runs."""
    runs = []
    for _ in range(repeats):
        command = [sys.executable, "-m", "benchmarks.memory", str(folder)]
        runs.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    peak = max(run["peak"] - run["imports"] for run in runs)
    table = VOCABULARY * WIDTH * BYTES / MEBIBYTE
    layer = 2 * HEADS * (WIDTH // HEADS) * WIDTH * BYTES / MEBIBYTE
    first_mlp = 2 * 4 * WIDTH * WIDTH * BYTES / MEBIBYTE
    needed = 2 * table + layer + first_mlp
    entry = Entry(
        "memory of mapping all heads",
        [run["seconds"] for run in runs],
        Comparison("see the times of whole maps"),
        Comparison("see the times of whole maps"),
        Target("peak_over_needed", "at most", 2.0),
        {
            "peak_mib": peak,
            "embeddings_mib": 2 * table,
            "one_layer_mib": layer,
            "first_mlp_mib": first_mlp,
            "imports_mib": runs[0]["imports"],
            "peak_over_needed": peak / needed,
        },
        "MiB above the imports; needed are E (which is U here), E', one layer and the first MLP",
    )
    return {"entries": [entry]}


def main() -> None:
    """In the process that is measured: map all heads, print the memory before and at most."""
    from headscribe.core.heads import select_heads
    from headscribe.core.settings import MapSettings
    from headscribe.mapping.checkpoint import open_checkpoint
    from headscribe.mapping.head_maps import map_heads

    checkpoint = open_checkpoint(sys.argv[1])
    imports, started = resident("VmRSS"), time.perf_counter()
    for _ in map_heads(checkpoint, MapSettings(view="paper"), select_heads("all", LAYERS, HEADS)):
        pass
    seconds = time.perf_counter() - started
    print(json.dumps({"imports": imports, "peak": resident("VmHWM"), "seconds": seconds}))


def resident(name: str = "VmRSS") -> float:
    """A figure of this process from Linux, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


if __name__ == "__main__":
    main()
