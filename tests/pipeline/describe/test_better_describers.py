"""Runs with candidates and a critic: what the tables hold, what is replayed, what a plan says."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from headscribe.core.errors import BadOption
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.pipeline import RunDir, describe_model, plan_run
from headscribe.store.describe.transcripts import ROUNDS
from tests.pipeline.conftest import N_HEADS, Counting

SMALL = MapSettings(salient=12, targets=3)
ASKING = DescribeSettings(
    candidates=3, critic=True, rounds=1, concurrency=3, max_retries=0, validation=2, test=3, intruders=0
)


def script(folder: Path) -> str:
    """Three different candidates, and a critic that names two of the tiny model's words."""
    predictions = [{"source": word, "targets": ["love"]} for word in ("peace", "hate")]
    entries = [
        {
            "match": "Find out where the description is wrong",
            "json": {"predictions": predictions},
            "times": 99,
        },
    ]
    (folder / "script.json").write_text(json.dumps(entries))
    return f"fake:{folder / 'script.json'}"


def run(model: str, folder: Path, **options: object) -> object:
    settings = {"heads": "L1", "map_settings": SMALL, "describe_settings": ASKING}
    return describe_model(model, folder / "run", llm=script(folder), **(settings | options))  # type: ignore[arg-type]


def test_rounds_say_which_candidate_they_are_and_what_became_of_the_critics_predictions(
    model: str, tmp_path: Path, llm: Counting
) -> None:
    summary = run(model, tmp_path)
    assert summary.exit_code == 0
    opened = RunDir.open(tmp_path / "run")
    rounds = [row.round for row in opened.transcript(ROUNDS)]
    assert {row.candidate for row in rounds} >= {1, 2, 3}
    assert sum(row.kept for row in rounds) == N_HEADS
    assert any(row.predictions for row in rounds)
    assert all(row.refuted <= row.predictions <= 8 for row in rounds)
    assert summary.calls == llm.total == opened.header.totals.calls
    before = llm.total
    with sqlite3.connect(tmp_path / "run" / "run.db") as journal:
        journal.execute("DELETE FROM outcomes")
    first = opened.descriptions()
    again = run(model, tmp_path)
    assert (again.described, again.calls, llm.total) == (N_HEADS, 0, before)
    assert [row.outcome for row in RunDir.open(tmp_path / "run").descriptions()] == [
        row.outcome for row in first
    ]


def test_a_plan_counts_candidates_and_critic_for_the_method_that_has_them(model: str, tmp_path: Path) -> None:
    def calls(**changes: object) -> dict[str, int]:
        plan = plan_run(
            model,
            tmp_path / "run",
            llm="fake",
            heads="L1",
            map_settings=SMALL,
            describe_settings=ASKING.model_copy(update=changes),
        )
        return {method.method: method.estimate.calls for method in plan.methods}

    full, plain = calls(), calls(candidates=1, critic=False)
    assert full["verified"] >= plain["verified"] + (2 * (1 + ASKING.validation) + 1) * N_HEADS
    assert full["single"] == plain["single"]
    assert full["agent"] == plain["agent"]


@pytest.mark.parametrize(("method", "more"), [("single", {"candidates": 2}), ("agent", {"critic": True})])
def test_what_another_method_has_is_refused(
    model: str, tmp_path: Path, method: str, more: dict[str, object]
) -> None:
    settings = DescribeSettings(method=method, **more)  # type: ignore[arg-type]
    with pytest.raises(BadOption, match="no such option"):
        run(model, tmp_path, describe_settings=settings)
