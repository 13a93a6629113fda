"""Runs by the method verified: its tables, its journal, and going on after a kill."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from headscribe.core.chat import CallFailed, ChatRequest, FailureKind
from headscribe.core.errors import BadPrompt, BadStore, LLMUnavailable
from headscribe.core.heads import Head
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.pipeline import RunDir, describe_model, map_model, plan_run
from headscribe.pipeline.describe.comparison_heads import TESTED_HEADS, ComparisonHeads
from headscribe.store.describe.transcripts import EXPERIMENTS, ROUNDS, TESTS
from tests.pipeline.conftest import N_HEADS, Counting

SMALL = MapSettings(salient=9, targets=3)
ASKING = DescribeSettings(concurrency=5, max_retries=0, rounds=1)


def describe(model: str, run: Path, heads: str = "L1-2", **options: object) -> object:
    settings = {"llm": "fake", "map_settings": SMALL, "describe_settings": ASKING}
    return describe_model(model, run, heads=heads, **(settings | options))  # type: ignore[arg-type]


def test_verified_is_the_default_with_an_llm_and_the_fake_is_no_better_than_chance(
    model: str, tmp_path: Path, llm: Counting
) -> None:
    summary = describe(model, tmp_path / "run")
    assert summary.exit_code == 0
    run = RunDir.open(tmp_path / "run")
    rows = run.descriptions()
    assert {row.method for row in rows} == {"verified"} == {run.header.method}
    assert 12 <= max(row.outcome.n_tests for row in rows) <= 24
    assert {row.outcome.unanswered for row in rows if row.outcome.n_tests} == {0}
    assert all(row.outcome.rounds == 2 for row in rows)
    assert {row.outcome.confidence for row in rows} == {0}, "it answers always yes and always A"
    assert all(row.outcome.tested.accuracy == row.outcome.tested.null_accuracy for row in rows)
    assert all(row.outcome.intruders.n for row in rows)
    assert (run.header.settings.test, run.header.settings.split_seed) == (20, 0)


def test_rounds_and_items_lie_in_tables_of_their_own(model: str, tmp_path: Path, llm: Counting) -> None:
    describe(model, tmp_path / "run")
    run = RunDir.open(tmp_path / "run")
    rounds, tests = list(run.transcript(ROUNDS)), list(run.transcript(TESTS))
    assert [(*row.head, row.round.number) for row in rounds] == [
        (layer, head, number) for layer in (1, 2) for head in range(N_HEADS) for number in (1, 2)
    ]
    assert all(sum(row.round.kept for row in rounds if row.head.head == head) == 2 for head in range(N_HEADS))
    assert {row.item.part for row in tests} == {"validation", "test"}
    assert {row.item.answer for row in tests} == {"yes", "A"}
    assert {row.item.null_answer for row in tests} == {"yes", "A", None}, "intruders have none"
    assert list(run.transcript(EXPERIMENTS)) == []
    describe(model, tmp_path / "single", describe_settings=DescribeSettings(method="single"))
    assert list(RunDir.open(tmp_path / "single").transcript(ROUNDS)) == []


def test_a_run_that_was_cut_short_ends_like_an_unbroken_one_and_asks_nothing_twice(
    model: str, tmp_path: Path, llm: Counting
) -> None:
    describe(model, tmp_path / "whole")
    whole, total = set(llm.asked), llm.total
    answered: list[str] = []

    def dies_in_the_middle(request: ChatRequest) -> None:
        if len(answered) >= limit:
            raise CallFailed(FailureKind.AUTH, "the key was taken back")
        answered.append(request.identity())

    llm.before = dies_in_the_middle
    for limit in (total // 4, total // 2, total):  # noqa: B007 - read by the closure
        with suppress(LLMUnavailable):
            describe(model, tmp_path / "broken")
    assert len(answered) == len(set(answered)) == total
    assert set(answered) == whole
    runs = [RunDir.open(tmp_path / name) for name in ("whole", "broken")]
    outcomes = [[row.outcome for row in run.descriptions()] for run in runs]
    assert outcomes[0] == outcomes[1]
    for table in (ROUNDS, TESTS):
        assert list(runs[0].transcript(table)) == list(runs[1].transcript(table))


def test_other_heads_around_are_mapped_for_the_test_but_not_scored_or_described(
    model: str, tmp_path: Path, llm: Counting, operations: Path
) -> None:
    describe(model, tmp_path / "run", heads="L2H1", operations=[operations / "invented.csv"])
    run = RunDir.open(tmp_path / "run")
    around = ComparisonHeads(tested=TESTED_HEADS).needed([Head(2, 1)], run.header.model)
    assert run.map().mapped_heads() == set(around)
    assert {head.layer for head in around} == {1, 2, 3}
    assert {score.head for score in run.map().scores()} == {Head(2, 1)}
    (row,) = run.descriptions()
    assert row.outcome.n_tests
    more = describe(model, tmp_path / "run", heads="L2", operations=[operations / "invented.csv"])
    assert (more.already_done, more.described) == (1, N_HEADS - 1), "the same items, whatever is selected"


def test_a_map_without_the_other_heads_is_named(model: str, tmp_path: Path, llm: Counting) -> None:
    map_model(model, tmp_path / "map", SMALL, heads="L2H1")
    with pytest.raises(BadStore, match="lacks 17 of the heads"):
        describe(model, tmp_path / "run", heads="L2H1", map_path=tmp_path / "map")


def test_a_dry_run_counts_the_questions_too(model: str, tmp_path: Path, llm: Counting) -> None:
    options = {"heads": "L1", "llm": "fake", "map_settings": SMALL, "describe_settings": ASKING}
    plan = plan_run(model, tmp_path / "run", **options)
    summary = describe(model, tmp_path / "run", heads="L1")
    assert 0.8 * summary.calls <= plan.estimate.calls <= summary.calls * 1.5, "as if no interval were narrow"
    assert llm.total == summary.calls


def test_what_shapes_the_answer_is_asked_for_anew(model: str, tmp_path: Path, llm: Counting) -> None:
    describe(model, tmp_path / "run", heads="L1")
    before = llm.total
    same = ASKING.model_copy(update={"concurrency": 2})
    assert describe(model, tmp_path / "run", heads="L1", describe_settings=same).calls == 0
    other = ASKING.model_copy(update={"split_seed": 1})
    assert describe(model, tmp_path / "run", heads="L1", describe_settings=other).calls > 0
    assert llm.total > before


def test_a_template_that_does_not_describe_is_refused(model: str, tmp_path: Path) -> None:
    with pytest.raises(BadPrompt, match="does not describe"):
        describe(model, tmp_path / "run", describe_settings=DescribeSettings(prompt="detect"))
