"""From the typed command to its first words, and to the first request that reaches an LLM."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.chat_server import ServerProcess, flights
from benchmarks.entry import Comparison, Entry, Target, in_turn

COMPILED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""The environment of a user, whose Python keeps the compiled form of what it has once imported."""

LEAST = 3
"""Runs at least: one takes a moment, and the first is not like the others."""


def measure(_folder: Path, repeats: int) -> dict[str, object]:
    """Seconds for ``--help``, and until the first request of ``describe demo`` is seen by a local server."""
    repeats = max(repeats, LEAST)
    help_ = in_turn(
        repeats,
        ours=lambda: _python("-m", "headscribe", "describe", "--help"),
        imports=lambda: _python("-c", "import torch, transformers, langchain"),
        floor=lambda: _python("-c", "pass"),
    )
    requests = [_first_request() for _ in range(repeats)]
    imports = Comparison("a process that imports torch, transformers and langchain", median(help_["imports"]))
    floor = Comparison("a Python process that does nothing", median(help_["floor"]))
    return {
        "entries": [
            Entry("describe --help", help_["ours"], imports, floor, Target("seconds", "at most", 0.5)),
            Entry(
                "describe demo, to the first request",
                requests,
                imports,
                floor,
                Target("seconds", "at most", 3.0),
                note="opens, maps and scores the bundled model of 24 heads first",
            ),
        ]
    }


def _python(*words: str) -> None:
    subprocess.run([sys.executable, *words], check=True, capture_output=True, env=COMPILED)


def _first_request() -> float:
    with ServerProcess(0.0) as base_url, tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "headscribe", "describe", "demo", "--method", "single"]
        # the monotonic clock is one for all processes of a machine
        started = time.monotonic()
        subprocess.run(
            [*command, "--llm", f"{base_url}#m", "-o", str(Path(scratch) / "run")],
            check=True,
            capture_output=True,
            env=COMPILED | {"HF_HUB_OFFLINE": "1"},
        )
        return flights(base_url)[0][0] - started
