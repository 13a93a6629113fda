"""Experiments on the heads of a real checkpoint, and runs of the method ``agent`` on them."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path

import pytest

from headscribe.core.heads import Head
from headscribe.core.records import Mapping
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.mapping.checkpoint import open_checkpoint
from headscribe.mapping.head_maps import map_heads
from headscribe.pipeline import RunDir, describe_model, plan_run
from headscribe.pipeline.describe.laboratory import Laboratory
from headscribe.store.describe.transcripts import EXPERIMENTS
from tests.mapping.tiny_models import WORDS
from tests.pipeline.conftest import N_HEADS, Counting, Listening

SMALL = MapSettings(salient=12, targets=3)
AGENT = DescribeSettings(method="agent", concurrency=3, max_retries=0, validation=2, test=3)


@pytest.fixture(scope="module")
def laboratory(model: str) -> Laboratory:
    return Laboratory(open_checkpoint(model), SMALL)


def test_an_experiment_gives_what_the_map_holds(laboratory: Laboratory) -> None:
    head, paper = Head(2, 3), SMALL.model_copy(update={"view": "paper"})
    (mapped,) = map_heads(laboratory.checkpoint, paper, [head])
    tokens = [mapping.source for mapping in mapped.mappings]
    found = Laboratory(laboratory.checkpoint, paper).of_head(head).rows(tokens, 3)
    assert [row.targets for row in found] == [mapping.targets for mapping in mapped.mappings]


def test_a_word_is_its_token_inside_running_text_and_other_tokens_go_by_their_text(
    laboratory: Laboratory,
) -> None:
    experiments = laboratory.of_head(Head(0, 0))
    vocabulary = laboratory.checkpoint.vocabulary
    token = experiments.token(WORDS[0])
    assert token is not None
    assert token.id == vocabulary.word_id(WORDS[0])
    assert experiments.token(token.text) == token
    for id in (0, 3, vocabulary.size // 2):
        text = vocabulary.text(id)
        if text:
            exact = experiments.token(text)
            assert exact is not None
            assert exact.text.strip() == text.strip()
    assert experiments.token("no token at all, this one") is None
    assert experiments.token("") is None
    assert experiments.token("\ud800") is None


def test_other_heads_are_of_the_layer_and_their_order_tells_no_place(laboratory: Laboratory) -> None:
    firsts = []
    for index in range(N_HEADS):
        experiments = laboratory.of_head(Head(1, index))
        assert experiments.n_others == N_HEADS - 1
        token = experiments.token(WORDS[0])
        assert token is not None
        own = experiments.rows([token], 3)
        rows = [experiments.rows([token], 3, other=other) for other in range(N_HEADS - 1)]
        expected = [laboratory.bench.rows(Head(1, other), [token.id], 3) for other in range(N_HEADS)]
        assert own == expected[index]
        assert sorted(map(_logits, rows)) == sorted(_logits(row) for row in expected if row != own)
        firsts.append([_logits(row) for row in expected].index(_logits(rows[0])))
    assert len(set(firsts)) > 2, "the first of the others is not always the layer's first"


def _logits(rows: list[Mapping]) -> tuple[float, ...]:
    return rows[0].logits


def test_repeated_questions_are_answered_once_and_threads_may_ask(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiments, asked = laboratory.of_head(Head(3, 5)), []
    rows, inside = laboratory.bench.rows, threading.Lock()

    def counted(head: Head, ids: tuple[int, ...], top: int) -> list[Mapping]:
        assert inside.acquire(blocking=False), "one experiment at a time"
        asked.append(ids)
        try:
            return rows(head, ids, top)
        finally:
            inside.release()

    monkeypatch.setattr(laboratory.bench, "rows", counted)
    tokens = [token for word in WORDS[:3] if (token := experiments.token(word))]
    threads = [threading.Thread(target=lambda: experiments.rows(tokens, 7)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 1


def run(model: str, folder: Path, llm: str = "fake", **options: object) -> object:
    settings = {"heads": "L1", "map_settings": SMALL, "describe_settings": AGENT}
    return describe_model(model, folder, llm=llm, **(settings | options))  # type: ignore[arg-type]


def test_a_run_of_agent_keeps_its_experiments_and_asks_nothing_twice(
    model: str, tmp_path: Path, llm: Counting
) -> None:
    summary = run(model, tmp_path / "run")
    assert summary.exit_code == 0
    assert summary.counts["ok"] == N_HEADS
    rows = RunDir.open(tmp_path / "run").descriptions()
    assert {row.method for row in rows} == {"agent"}
    assert all(row.outcome.rounds == 3 for row in rows)
    with sqlite3.connect(tmp_path / "run" / "run.db") as journal:
        kept = [json.loads(text) for (text,) in journal.execute("SELECT transcript FROM outcomes")]
    assert all(transcript["experiments"] for transcript in kept)
    table = list(RunDir.open(tmp_path / "run").transcript(EXPERIMENTS))
    assert {row.head for row in table} == {(1, head) for head in range(N_HEADS)}
    assert "map_tokens" in (tmp_path / "run" / "report.html").read_text(), "the report shows them"
    before = llm.total
    again = run(model, tmp_path / "run")
    assert (again.already_done, again.calls, llm.total) == (N_HEADS, 0, before)


def test_a_run_whose_outcomes_are_lost_replays_its_conversations(
    model: str, tmp_path: Path, llm: Counting
) -> None:
    run(model, tmp_path / "run")
    first, before = RunDir.open(tmp_path / "run").descriptions(), llm.total
    with sqlite3.connect(tmp_path / "run" / "run.db") as journal:
        journal.execute("DELETE FROM outcomes")
    again = run(model, tmp_path / "run")
    assert (again.described, again.calls, llm.total) == (N_HEADS, 0, before)
    outcomes = [row.outcome for row in RunDir.open(tmp_path / "run").descriptions()]
    assert outcomes == [row.outcome for row in first]


def test_the_rows_of_a_run_say_that_another_method_stood_in(
    model: str, tmp_path: Path, listening: Listening
) -> None:
    script = tmp_path / "script.json"
    script.write_text(
        json.dumps(
            [
                {
                    "status": 400,
                    "message": "m does not support tools",
                    "times": 99,
                    "match": "You will be shown part of",
                }
            ]
        )
    )
    run(model, tmp_path / "run", f"fake:{script}", progress=listening)
    opened = RunDir.open(tmp_path / "run")
    assert opened.header.method == "agent"
    assert {row.method for row in opened.descriptions()} == {"verified"}
    assert sum("no tool calling" in line for line in listening.lines) == 1


def test_a_dry_run_counts_as_many_experiments_as_are_allowed(model: str, tmp_path: Path) -> None:
    plan = plan_run(
        model, tmp_path / "run", llm="fake", heads="L1", map_settings=SMALL, describe_settings=AGENT
    )
    by_method = {method.method: method.estimate for method in plan.methods}
    assert by_method["agent"].calls >= N_HEADS * AGENT.max_tool_calls
    assert by_method["agent"].prompt_tokens > by_method["verified"].prompt_tokens
