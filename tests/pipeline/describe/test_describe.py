from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from headscribe.agent.single import describe_single
from headscribe.core.chat import CallFailed, ChatRequest, FailureKind
from headscribe.core.descriptions import Status
from headscribe.core.errors import BadOption, BadStore, LLMUnavailable
from headscribe.core.records import HeadMap
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.pipeline import RunDir, describe_model, map_model, plan_run, read_statuses, report_run
from headscribe.pipeline.describe.costs import heads_at_once
from tests.pipeline.conftest import N_HEADS, N_LAYERS, Counting, Listening

N = N_LAYERS * N_HEADS
SMALL = MapSettings(salient=4, targets=3)
ASKING = DescribeSettings(method="single", concurrency=5, max_retries=0)


def describe(model: str, run: Path, **options: object) -> object:
    settings = {"llm": "fake", "map_settings": SMALL, "describe_settings": ASKING}
    return describe_model(model, run, **(settings | options))  # type: ignore[arg-type]


def test_every_head_gets_a_description_a_row_and_a_place_in_the_report(
    model: str, tmp_path: Path, llm: Counting
) -> None:
    summary = describe(model, tmp_path / "run", command="headscribe describe tiny")
    assert summary.exit_code == 0
    assert (summary.heads, summary.described, summary.calls, summary.replayed) == (N, N, N, 0)
    assert summary.counts == {"ok": N} | dict.fromkeys(list(Status)[1:], 0)
    opened = RunDir.open(tmp_path / "run")
    rows = opened.descriptions()
    assert [row.head for row in rows] == [(layer, head) for layer in range(4) for head in range(6)]
    assert all(row.outcome.description and row.prompt_tokens and row.prompt == "describe@2" for row in rows)
    assert opened.header.state == "finished"
    assert opened.header.counts["ok"] == N
    assert opened.header.totals.calls == N
    assert (
        opened.header.totals.prompt_tokens == sum(row.prompt_tokens for row in rows) == summary.prompt_tokens
    )
    assert summary.report is not None
    assert "L3H5" in summary.report.read_text() or '"layer":3' in summary.report.read_text()
    assert sorted(file.name for file in (tmp_path / "run").iterdir()) == [
        ".lock", "descriptions.parquet", "map", "report.html", "run.db", "run.json",
    ]  # fmt: skip


def test_at_most_so_many_calls_are_in_flight_as_asked_for(model: str, tmp_path: Path, llm: Counting) -> None:
    llm.latency = 0.01
    describe(model, tmp_path / "run")
    assert llm.most_in_flight == ASKING.concurrency


def test_a_finished_run_is_not_paid_for_again(model: str, tmp_path: Path, llm: Counting) -> None:
    describe(model, tmp_path / "run")
    before = RunDir.open(tmp_path / "run").descriptions()
    again = describe(
        model, tmp_path / "run", describe_settings=DescribeSettings(method="single", concurrency=2, timeout=9)
    )
    assert (again.already_done, again.described, again.calls) == (N, 0, 0)
    assert llm.total == N
    assert RunDir.open(tmp_path / "run").descriptions() == before


def test_more_heads_can_be_asked_for_later(model: str, tmp_path: Path, llm: Counting) -> None:
    describe(model, tmp_path / "run", heads="L1")
    later = describe(model, tmp_path / "run", heads="L1-2")
    assert (later.heads, later.already_done, later.described) == (2 * N_HEADS, N_HEADS, N_HEADS)
    fewer = describe(model, tmp_path / "run", heads="L2H0")
    assert sum(fewer.counts.values()) == 1
    assert len(RunDir.open(tmp_path / "run").descriptions()) == 2 * N_HEADS, "no head is lost"
    assert RunDir.open(tmp_path / "run").header.counts["ok"] == 2 * N_HEADS


def test_another_llm_describes_on_the_same_map(model: str, tmp_path: Path, llm: Counting) -> None:
    describe(model, tmp_path / "run")
    content = RunDir.open(tmp_path / "run").map().content_hash
    describe(model, tmp_path / "run", describe_settings=ASKING.model_copy(update={"temperature": 0.7}))
    assert llm.total == 2 * N
    back = describe(model, tmp_path / "run")
    assert (back.already_done, llm.total) == (N, 2 * N), "the first answers are still there"
    assert RunDir.open(tmp_path / "run").map().content_hash == content


def test_heads_with_equal_mappings_are_paid_for_once(
    model: str, tmp_path: Path, llm: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headscribe.pipeline.describe import comparison_heads

    whole = comparison_heads.evidence_of
    first: list[object] = []

    def same_for_all(head_map: HeadMap) -> object:
        first.append(whole(head_map))
        return first[0]

    monkeypatch.setattr(comparison_heads, "evidence_of", same_for_all)
    llm.latency = 0.01
    summary = describe(model, tmp_path / "run")
    assert (summary.described, summary.calls, llm.total) == (N, 1, 1)
    rows = RunDir.open(tmp_path / "run").descriptions()
    assert len({row.outcome.description for row in rows}) == 1
    assert len({row.prompt_tokens for row in rows}) == 1, "each description rests on the same call"
    assert RunDir.open(tmp_path / "run").header.totals.calls == 1


def test_failed_heads_are_asked_again_and_the_others_are_not(
    model: str, tmp_path: Path, llm: Counting
) -> None:
    def every_third_fails(request: ChatRequest) -> None:
        if llm.total % 3 == 0:
            raise CallFailed(FailureKind.SERVER, "500")

    llm.before = every_third_fails
    first = describe(model, tmp_path / "run")
    assert (first.counts["ok"], first.counts["failed"], first.exit_code) == (16, 8, 1)
    rows = RunDir.open(tmp_path / "run").descriptions()
    assert {row.outcome.description for row in rows if row.outcome.status is Status.FAILED} == {None}
    llm.before = lambda request: None
    second = describe(model, tmp_path / "run")
    assert (second.counts["ok"], second.already_done, second.calls, second.exit_code) == (24, 16, 8, 0)
    assert llm.total == N + 8


def test_other_answers_are_asked_for_again_only_on_request(model: str, tmp_path: Path, llm: Counting) -> None:
    script = tmp_path / "refuses.json"
    script.write_text(json.dumps([{"refusal": "I cannot.", "times": 2}]))
    first = describe(model, tmp_path / "run", llm=f"fake:{script}")
    assert (first.counts["refused"], first.exit_code) == (2, 1)
    again = describe(model, tmp_path / "run", llm=f"fake:{script}")
    assert (again.counts["refused"], again.calls) == (2, 0)
    script.write_text("[]")
    retried = describe(model, tmp_path / "run", llm=f"fake:{script}", retry=frozenset({Status.REFUSED}))
    assert (retried.counts["refused"], retried.counts["ok"], retried.calls) == (0, N, 2)


def test_an_unexpected_error_is_one_heads_failure(
    model: str, tmp_path: Path, llm: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    async def sometimes_breaks(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 7:
            raise ZeroDivisionError("a bug\nin two lines")
        return await describe_single(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("headscribe.agent.describers.describe_single", sometimes_breaks)
    summary = describe(model, tmp_path / "run")
    assert (summary.counts["ok"], summary.counts["failed"]) == (N - 1, 1)
    (failed,) = (row for row in summary.descriptions() if row.outcome.status is Status.FAILED)
    assert failed.outcome.error == "ZeroDivisionError: a bug in two lines"


def test_an_llm_that_refuses_the_key_at_once_ends_with_its_error(
    model: str, tmp_path: Path, llm: Counting
) -> None:
    def refuse(request: ChatRequest) -> None:
        raise CallFailed(FailureKind.AUTH, "401")

    llm.before = refuse
    with pytest.raises(LLMUnavailable):
        describe(model, tmp_path / "run")
    assert llm.total <= heads_at_once(ASKING), "no further head is tried"


def test_an_llm_that_goes_away_halfway_leaves_what_it_answered(
    model: str, tmp_path: Path, llm: Counting
) -> None:
    def refuse_later(request: ChatRequest) -> None:
        if llm.total > 10:
            raise CallFailed(FailureKind.AUTH, "401")

    llm.before = refuse_later
    summary = describe(model, tmp_path / "run", command="headscribe describe tiny")
    assert (summary.counts["ok"], summary.left, summary.exit_code) == (10, N - 10, 1)
    assert summary.stopped
    assert summary.resume == "headscribe describe tiny"
    assert RunDir.open(tmp_path / "run").header.state == "stopped"
    assert len(RunDir.open(tmp_path / "run").descriptions()) == 10
    llm.before = lambda request: None
    assert describe(model, tmp_path / "run").calls == N - 10


def test_an_llm_that_cannot_be_reached_is_known_before_mapping(
    model: str, tmp_path: Path, listening: Listening
) -> None:
    with pytest.raises(LLMUnavailable):
        describe(model, tmp_path / "run", llm="http://127.0.0.1:9/v1#none", progress=listening)
    assert listening.stages == []
    assert list(tmp_path.iterdir()) == []


def test_a_map_that_is_given_is_read_and_never_written(model: str, tmp_path: Path, llm: Counting) -> None:
    given = map_model(model, tmp_path / "map", SMALL, heads="L0-1")
    describe(model, tmp_path / "run", map_path=tmp_path / "map", heads="L0")
    assert not (tmp_path / "run" / "map").exists()
    assert RunDir.open(tmp_path / "run").map().header == given.header
    resumed = describe(model, tmp_path / "run", heads="L0-1")
    assert (resumed.already_done, resumed.calls) == (N_HEADS, N_HEADS), "the run remembers its map"
    with pytest.raises(BadStore, match="lacks 6 of the heads, such as L2H0"):
        describe(model, tmp_path / "run", heads="L2")
    other = SMALL.model_copy(update={"salient": 5})
    with pytest.raises(BadStore, match="salient is 4, not 5"):
        describe(model, tmp_path / "new", map_path=tmp_path / "map", heads="L0", map_settings=other)
    assert not (tmp_path / "new").exists()


def test_a_run_with_other_settings_or_another_model_is_an_error_that_changes_nothing(
    model: str, other_model: str, tmp_path: Path, llm: Counting
) -> None:
    describe(model, tmp_path / "run", heads="L0")
    before = (tmp_path / "run" / "run.json").read_text()
    with pytest.raises(BadStore, match="other weights"):
        describe(other_model, tmp_path / "run", heads="L0")
    with pytest.raises(BadStore, match="targets is 3, not 2"):
        describe(model, tmp_path / "run", map_settings=SMALL.model_copy(update={"targets": 2}))
    assert (tmp_path / "run" / "run.json").read_text() == before
    forced = describe(other_model, tmp_path / "run", heads="L1", force=True)
    assert {row.head.layer for row in forced.descriptions()} == {1}, "no row of the other model"


def test_the_rules_need_no_calls_and_say_that_they_are_used(
    model: str, tmp_path: Path, listening: Listening
) -> None:
    summary = describe(model, tmp_path / "run", llm=None, progress=listening)
    assert sum(summary.counts.values()) == N
    assert (summary.llm, summary.calls) == ("rules", 0)
    assert any("No LLM is set" in line for line in listening.lines)
    again = describe(model, tmp_path / "run", llm=None)
    assert again.already_done == N


def test_a_dry_run_counts_without_asking_or_writing(model: str, tmp_path: Path, llm: Counting) -> None:
    options = {"llm": "fake", "map_settings": SMALL, "describe_settings": ASKING}
    guess = plan_run(model, tmp_path / "run", **options)
    assert (guess.heads, guess.done, guess.to_ask, guess.estimate.calls, guess.sampled) == (N, 0, N, N, 8)
    assert list(tmp_path.iterdir()) == []
    describe(model, tmp_path / "run", heads="L0-1")
    partly = plan_run(model, tmp_path / "run", **options)
    assert (partly.done, partly.to_ask, partly.estimate.calls) == (
        2 * N_HEADS,
        N - 2 * N_HEADS,
        N - 2 * N_HEADS,
    )
    assert 0 < partly.estimate.prompt_tokens < guess.estimate.prompt_tokens
    assert partly.estimate.max_reply_tokens == partly.estimate.calls * ASKING.max_reply_tokens
    describe(model, tmp_path / "run")
    assert plan_run(model, tmp_path / "run", **options).estimate.calls == 0
    assert llm.total == N


def test_a_dry_run_needs_neither_key_nor_server(model: str, tmp_path: Path) -> None:
    options = {"map_settings": SMALL, "describe_settings": ASKING}
    plan = plan_run(model, tmp_path / "run", llm="openai:gpt-5", heads="L0", **options)  # type: ignore[arg-type]
    assert (plan.estimate.calls, plan.llm) == (N_HEADS, "openai:gpt-5")


def test_a_notebook_whose_loop_is_running_can_describe(model: str, tmp_path: Path, llm: Counting) -> None:
    async def cell() -> object:
        return describe(model, tmp_path / "run", heads="L0")

    assert asyncio.run(cell()).exit_code == 0  # type: ignore[attr-defined]


def test_the_report_can_be_written_again(model: str, tmp_path: Path, llm: Counting) -> None:
    describe(model, tmp_path / "run", heads="L0")
    (tmp_path / "run" / "report.html").unlink()
    assert report_run(tmp_path / "run").read_text().startswith("<!doctype html>")


def test_no_key_is_in_any_file_of_a_run(
    model: str, tmp_path: Path, llm: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-verysecretkey")
    describe(model, tmp_path / "run", heads="L0", command="headscribe describe --llm x sk-verysecretkey")
    for file in (tmp_path / "run").rglob("*"):
        assert not file.is_file() or b"verysecret" not in file.read_bytes()


def test_statuses_to_retry_are_read() -> None:
    assert read_statuses("") == frozenset()
    assert read_statuses("refused, Truncated") == {Status.REFUSED, Status.TRUNCATED}
    with pytest.raises(BadOption, match="'bad' is not a status"):
        read_statuses("bad")
