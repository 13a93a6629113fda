"""Experiments on the heads of a real checkpoint, and runs of the method ``agent`` on them."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path

import pytest

from headscribe.agent.experiments import SourceRow
from headscribe.core.errors import BadOption, UnhookableAttention
from headscribe.core.heads import Head
from headscribe.core.parts import TakenApart
from headscribe.core.settings import DescribeSettings, MapSettings, MapView
from headscribe.mapping.checkpoint import open_checkpoint
from headscribe.mapping.head_maps import map_heads
from headscribe.pipeline import RunDir, describe_model, plan_run
from headscribe.pipeline.describe.laboratory import Laboratory
from headscribe.store.describe.transcripts import EXPERIMENTS
from tests.mapping.tiny_models import WORDS
from tests.pipeline.conftest import N_HEADS, Counting, Listening

SMALL = MapSettings(salient=12, targets=3)
PAPER = SMALL.model_copy(update={"view": "paper"})
AGENT = DescribeSettings(method="agent", concurrency=3, max_retries=0, validation=2, test=3)


@pytest.fixture(scope="module")
def laboratory(model: str) -> Laboratory:
    return Laboratory(open_checkpoint(model), SMALL)


def test_an_experiment_gives_what_the_map_holds(laboratory: Laboratory) -> None:
    head = Head(2, 3)
    (mapped,) = map_heads(laboratory.checkpoint, PAPER, [head])
    tokens = [mapping.source for mapping in mapped.mappings]
    found = Laboratory(laboratory.checkpoint, PAPER).of_head(head).rows(tokens, 3)
    assert [row.promoted.tokens for row in found] == [mapping.targets for mapping in mapped.mappings]
    assert [row.suppressed.tokens for row in found] == [mapping.suppressed for mapping in mapped.mappings]
    percentiles = [row.percentile for row in found]
    assert percentiles == sorted(percentiles, reverse=True), "the most salient come first"
    assert percentiles[0] > 0.98
    assert not found[0].promoted.strengths


def test_of_a_head_taken_apart_an_experiment_gives_the_parts(laboratory: Laboratory) -> None:
    head = Head(2, 3)
    (mapped,) = map_heads(laboratory.checkpoint, SMALL, [head])
    assert isinstance(mapped, TakenApart)
    experiments = laboratory.of_head(head)
    salient = mapped.ranked("salient")
    n = len(salient[0].targets)
    found = experiments.rows([row.source for row in salient], n)
    assert [row.promoted.tokens for row in found] == [row.targets for row in salient]
    assert found[0].promoted.strengths == pytest.approx(salient[0].strengths, rel=1e-4)
    assert found[0].percentile > 0.95
    first = salient[0]
    constant = experiments.constant([first.source], len(mapped.constant.promoted))
    assert constant.promoted.tokens == mapped.constant.promoted
    assert constant.share == pytest.approx(mapped.constant.share, rel=1e-4)
    assert len(constant.strengths) == 1
    (pair,) = experiments.pairs([(first.source, first.targets[0])])
    assert pair.strength == pytest.approx(first.strengths[0], rel=1e-4)
    assert (pair.promoted, pair.suppressed) == (True, False)
    assert experiments.sources(first.targets[0], 5).strengths[0] >= first.strengths[0] * 0.999


@pytest.mark.parametrize("view", ["parts", "paper"])
def test_random_sources_have_rows_and_are_the_same_for_every_head(
    laboratory: Laboratory, view: MapView
) -> None:
    here = Laboratory(laboratory.checkpoint, SMALL.model_copy(update={"view": view}))
    drawn = here.of_head(Head(1, 2)).draw(9, seed=3)
    assert len(set(drawn)) == 9
    assert len(here.of_head(Head(1, 2)).rows(drawn, 2)) == 9
    assert here.of_head(Head(3, 0)).draw(9, seed=3) == drawn != here.of_head(Head(3, 0)).draw(9, seed=4)
    assert len(here.of_head(Head(1, 2)).draw(10**6, seed=1)) <= here.taking_part.n_kept


def test_the_model_is_run_once_it_is_asked_for_and_only_where_it_is_told_to(
    laboratory: Laboratory, listening: Listening
) -> None:
    text = " ".join(WORDS[:3])
    assert laboratory.of_head(Head(1, 2)).ablate(text, 4) is None
    here = Laboratory(laboratory.checkpoint, SMALL, running=True, progress=listening)
    found, other = (here.of_head(Head(1, index)).ablate(text, 4) for index in (2, 3))
    assert found is not None
    assert other is not None
    assert "".join(token.text for token in found.read).strip() == text
    assert [one.token for one in found.likeliest] == [one.token for one in other.likeliest]
    assert found != other, "each head adds something else"
    assert all(one.present > one.ablated for one in found.raised)
    assert here.of_head(Head(1, 2)).ablate("", 4) is None
    assert here.of_head(Head(1, 2)).ablate("a " * 5000, 4) is None
    assert listening.lines == []


def test_a_model_that_cannot_be_run_is_told_once_and_the_other_experiments_go_on(
    laboratory: Laboratory, listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise UnhookableAttention("transformers cannot run this model")

    monkeypatch.setattr("headscribe.pipeline.describe.running.run_checkpoint", refuse)
    here = Laboratory(laboratory.checkpoint, SMALL, running=True, progress=listening)
    assert [here.of_head(Head(1, index)).ablate("a", 4) for index in (2, 3)] == [None, None]
    assert len(listening.lines) == 1
    assert here.of_head(Head(1, 2)).draw(1, 0)


def test_running_the_model_belongs_to_the_method_that_asks_for_it(model: str, tmp_path: Path) -> None:
    settings = DescribeSettings(method="verified", running_model=True)
    with pytest.raises(BadOption, match="no such option"):
        run(model, tmp_path / "run", describe_settings=settings)


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
        instrument = laboratory.instrument
        expected = [instrument.rows(Head(1, other), (token.id,), 3) for other in range(N_HEADS)]
        assert own == expected[index]
        assert sorted(map(_strengths, rows)) == sorted(_strengths(row) for row in expected if row != own)
        firsts.append([_strengths(row) for row in expected].index(_strengths(rows[0])))
    assert len(set(firsts)) > 2, "the first of the others is not always the layer's first"


def _strengths(rows: list[SourceRow]) -> tuple[float, ...]:
    return rows[0].promoted.strengths


def test_repeated_questions_are_answered_once_and_threads_may_ask(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiments, asked = laboratory.of_head(Head(3, 5)), []
    rows, inside = laboratory.instrument.rows, threading.Lock()

    def counted(head: Head, ids: tuple[int, ...], top: int) -> list[SourceRow]:
        assert inside.acquire(blocking=False), "one experiment at a time"
        asked.append(ids)
        try:
            return rows(head, ids, top)
        finally:
            inside.release()

    monkeypatch.setattr(laboratory.instrument, "rows", counted)
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
