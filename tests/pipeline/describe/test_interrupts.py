"""Ctrl-C and kill -9: what is answered is kept, and nothing that was answered is asked for again."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from headscribe.core.chat import ChatRequest
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.pipeline import RunDir, RunSummary, describe_model
from tests.conftest import REPOSITORY
from tests.pipeline.conftest import N_HEADS, N_LAYERS, Counting, Listening

pytestmark = pytest.mark.outside

N = N_LAYERS * N_HEADS
SMALL = MapSettings(salient=4, targets=3)
ONCE = DescribeSettings(method="single", concurrency=3)

# A fake LLM that writes down every request before it answers, so that a kill cannot hide one.
SITTING = """
import asyncio, json, os, sys
from pathlib import Path
from headscribe.agent.llm.fake import FakeClient
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.pipeline import describe_model

model, run, log = sys.argv[1:]
answer = FakeClient.send

async def send(client, request):
    with open(log, "a") as file:
        file.write(request.identity() + "\\n")
    await asyncio.sleep(0.05)
    return await answer(client, request)

FakeClient.send = send
summary = describe_model(
    model, Path(run), llm="fake", map_settings=MapSettings(salient=4, targets=3),
    describe_settings=DescribeSettings(method="single", concurrency=3),
)
sys.exit(summary.exit_code)
"""


def asked(log: Path) -> Counter[str]:
    return Counter(log.read_text().split()) if log.exists() else Counter()


def answered(run: Path) -> set[str]:
    if not (run / "run.db").exists():
        return set()
    database = sqlite3.connect(run / "run.db")
    try:
        return {row[0] for row in database.execute("SELECT identity FROM calls WHERE reply IS NOT NULL")}
    finally:
        database.close()


def test_kills_at_any_moment_lose_at_most_the_calls_in_flight(model: str, tmp_path: Path) -> None:
    run, log, chance = tmp_path / "run", tmp_path / "log", random.Random(7)
    command = [sys.executable, "-c", SITTING, model, str(run), str(log)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    lost = 0
    for _ in range(3):
        before, so_far = asked(log), answered(run)
        sitting = subprocess.Popen(command, env=environment)
        wanted = before.total() + chance.randint(1, 6)
        deadline = time.monotonic() + 60
        while asked(log).total() < wanted and sitting.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.08))
        sitting.kill()
        assert sitting.wait() == -signal.SIGKILL
        new = asked(log) - before
        assert not set(new) & so_far, "what was answered is not asked for again"
        in_flight = set(new) - answered(run)
        assert len(in_flight) <= 3
        lost += len(in_flight)
    assert lost > 0, "the kills hit calls in flight"
    last = subprocess.run(command, env=environment, check=False)
    assert last.returncode == 0
    assert len(asked(log)) == N
    assert asked(log).total() == N + lost, "each head once, but for the calls in flight at a kill"
    unbroken = describe_model(
        model, tmp_path / "unbroken", llm="fake", map_settings=SMALL, describe_settings=ONCE
    )
    assert timeless(RunDir.open(run)) == timeless(RunDir.open(unbroken.run))


def timeless(run: RunDir) -> list[object]:
    return [replace(row, seconds=0.0) for row in run.descriptions()]


def interrupted(model: str, run: Path, llm: Counting, listening: Listening, *, presses: int) -> RunSummary:
    """A run in which Ctrl-C is pressed while the seventh call is in flight."""

    def press(request: ChatRequest) -> None:
        if llm.total == 7:
            for _ in range(presses):
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.01)

    llm.before = press
    return describe_model(
        model,
        run,
        llm="fake",
        map_settings=SMALL,
        describe_settings=ONCE,
        command="headscribe describe tiny -o run",
        progress=listening,
    )


def test_ctrl_c_lets_the_calls_in_flight_finish_and_says_how_to_go_on(
    model: str, tmp_path: Path, llm: Counting, listening: Listening
) -> None:
    llm.latency = 0.05
    before = signal.getsignal(signal.SIGINT)
    summary = interrupted(model, tmp_path / "run", llm, listening, presses=1)
    assert summary.interrupted
    assert summary.exit_code == 130
    assert summary.resume == "headscribe describe tiny -o run"
    assert summary.counts["ok"] == summary.calls == llm.total < N, "every call that was begun was used"
    assert any("Interrupted" in line for line in listening.lines)
    opened = RunDir.open(tmp_path / "run")
    assert opened.header.state == "interrupted"
    assert len(opened.descriptions()) == llm.total
    assert signal.getsignal(signal.SIGINT) is before
    llm.before = lambda request: None
    resumed = describe_model(model, tmp_path / "run", llm="fake", map_settings=SMALL, describe_settings=ONCE)
    assert (resumed.exit_code, llm.total) == (0, N)
    assert RunDir.open(tmp_path / "run").header.state == "finished"


def test_a_second_ctrl_c_drops_the_calls_in_flight(
    model: str, tmp_path: Path, llm: Counting, listening: Listening
) -> None:
    started = time.monotonic()

    def press(request: ChatRequest) -> None:
        if llm.total == 7:
            llm.latency = 60.0
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)

    def press_again(line: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    llm.before = press
    listening.say = press_again  # type: ignore[method-assign]
    summary = describe_model(
        model,
        tmp_path / "run",
        llm="fake",
        map_settings=SMALL,
        describe_settings=ONCE,
        progress=listening,
    )
    assert time.monotonic() - started < 30
    assert summary.exit_code == 130
    assert 0 < summary.counts["ok"] < llm.total
    assert len(RunDir.open(tmp_path / "run").descriptions()) == summary.counts["ok"]


def test_ctrl_c_while_mapping_leaves_a_run_that_can_go_on(
    model: str, tmp_path: Path, llm: Counting, listening: Listening
) -> None:
    def press(stage: str, steps: int = 1, note: str = "") -> None:
        if stage == "map" and note == "L1H1":
            raise KeyboardInterrupt

    listening.advance = press  # type: ignore[method-assign]
    stopped = describe_model(
        model, tmp_path / "run", llm="fake", map_settings=SMALL, describe_settings=ONCE, progress=listening
    )
    assert (stopped.exit_code, stopped.left) == (130, N)
    resumed = describe_model(model, tmp_path / "run", llm="fake", map_settings=SMALL, describe_settings=ONCE)
    assert (resumed.exit_code, llm.total) == (0, N)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["state"] == "finished"
