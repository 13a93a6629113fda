"""Runs benchmarks by name, prints what they find, and keeps it in ``results.json`` and in the pages."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpt2_shape import write_checkpoint
from benchmarks.machine import machine
from benchmarks.tables import RESULTS, fill_pages, machine_line, table

ON_A_CHECKPOINT = {
    "salience": "salience_speed",
    "parts": "parts_speed",
    "vocabulary": "large_vocabulary",
    "score": "score_speed",
    "pairs": "top_pairs",
    "reading": "reading_speed",
    "checks": "check_speed",
    "memory": "memory",
    "lookups": "lookups_speed",
}
SUITE = {
    **ON_A_CHECKPOINT,
    "describe": "describe_overhead",
    "servers": "several_servers",
    "evaluate": "evaluate_speed",
    "report": "report_size",
    "startup": "startup",
    "large": "large_models",
    "large-parts": "large_parts",
}
APART = {"calibration": "calibration"}
"""Not about speed, and only run by name."""


def main() -> None:
    every = {**SUITE, **APART}
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"of {', '.join(every)}; all but {', '.join(APART)} by default",
    )
    parser.add_argument("--repeats", type=int, default=3, help="runs of each timing; the median counts")
    parser.add_argument("--checkpoint", type=Path, help="of GPT-2's shape; made afresh when not given")
    parser.add_argument("--threads", type=int, help="of torch; as many as it chooses when not given")
    chosen = parser.parse_args()
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    if unknown := sorted(set(chosen.names) - set(every)):
        parser.error(f"unknown: {', '.join(unknown)}")
    names = chosen.names or list(SUITE)
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"entries": []}
    with tempfile.TemporaryDirectory() as scratch:
        folder = chosen.checkpoint or Path(scratch)
        if not chosen.checkpoint and set(names) & set(ON_A_CHECKPOINT):
            folder = write_checkpoint(folder)
        for name in names:
            started = time.perf_counter()
            found = import_module(f"benchmarks.{every[name]}").measure(folder, chosen.repeats)
            print(f"{name}: {time.perf_counter() - started:.0f} s", flush=True)
            keep(results, name, found, alone=bool(chosen.names))
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    fill_pages()
    print(f"\n{table(results['entries'])}\n{machine_line(results)}\nKept in {RESULTS}")


def keep(results: dict[str, Any], name: str, found: dict[str, Any], *, alone: bool = False) -> None:
    """Put what a benchmark found in place of what it found before; entries stay in the suite's order.

    Args:
        results: what is known so far.
        name: of the benchmark.
        found: its entries, and whatever else it gives.
        alone: whether the suite did not run as a whole; the entries then say what they were measured on.
    """
    own = {"benchmark": name, **({"machine": machine()} if alone else {})}
    new = [entry.as_json() | own for entry in found.pop("entries", [])]
    kept = [entry for entry in results["entries"] if entry["benchmark"] != name]
    order = list(SUITE)
    results["entries"] = sorted([*kept, *new], key=lambda entry: order.index(entry["benchmark"]))
    if not alone or "machine" not in results:
        results["machine"] = machine()
    if found:
        results[name] = {**found, "machine": machine()}


if __name__ == "__main__":
    main()
