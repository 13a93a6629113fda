"""A run stops cleanly at its budget, says how to go on, and goes on; every description knows its cost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headscribe.core.chat import ChatRequest
from headscribe.core.descriptions import Status
from headscribe.core.errors import BadOption
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.pipeline import RunDir, describe_model, plan_run
from tests.pipeline.conftest import N_HEADS, Counting

SMALL = MapSettings(salient=4, targets=3)
PRICE = (10.0, 30.0)


def settings(**options: object) -> DescribeSettings:
    return DescribeSettings(method="single", concurrency=2, max_reply_tokens=64, **options)  # type: ignore[arg-type]


def describe(model: str, run: Path, **options: object) -> object:
    return describe_model(
        model, run, llm="fake", heads="L0-1", map_settings=SMALL, describe_settings=settings(**options)
    )


@pytest.fixture(autouse=True)
def no_price_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_a_run_stops_before_it_exceeds_its_tokens_and_goes_on_with_more(
    model: str, tmp_path: Path, llm: Counting
) -> None:
    whole = describe(model, tmp_path / "whole")
    used = whole.prompt_tokens + whole.completion_tokens
    llm.asked.clear()
    first = describe(model, tmp_path / "run", max_tokens=used // 2)
    assert first.exit_code == 1
    assert first.budget == "--max-tokens"
    assert "--max-tokens" in first.stopped
    assert 0 < first.described < 2 * N_HEADS
    assert first.counts["ok"] == first.described
    header = RunDir.open(tmp_path / "run").header
    assert header.state == "stopped"
    assert header.totals.prompt_tokens + header.totals.completion_tokens <= used // 2
    assert first.report.is_file()

    again = describe(model, tmp_path / "run", max_tokens=used // 2)
    assert (again.calls, again.exit_code) == (0, 1), "the limit is one of the whole run"

    last = describe(model, tmp_path / "run", max_tokens=10 * used)
    assert (last.exit_code, last.already_done, last.budget) == (0, first.described, None)
    assert max(llm.asked.values()) == 1, "nothing is paid for twice"
    assert RunDir.open(tmp_path / "run").header.state == "finished"


def test_a_budget_too_small_for_one_call_asks_nothing_and_is_no_error(
    model: str, tmp_path: Path, llm: Counting
) -> None:
    summary = describe(model, tmp_path / "run", max_cost=1e-6, price=PRICE)
    assert (summary.calls, summary.exit_code, summary.budget) == (0, 1, "--max-cost")
    assert llm.total == 0
    assert RunDir.open(tmp_path / "run").header.state == "stopped"


def test_money_spent_earlier_counts_also_where_its_price_was_not_known(
    model: str, tmp_path: Path, llm: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headscribe.agent.prices.NO_CHARGE", None)
    first = describe_model(
        model, tmp_path / "run", llm="fake", heads="L0", map_settings=SMALL, describe_settings=settings()
    )
    assert first.cost_usd is None
    header = RunDir.open(tmp_path / "run").header
    assert header.totals.cost_usd is None
    cost = (header.totals.prompt_tokens * 10 + header.totals.completion_tokens * 30) / 1e6
    again = describe(model, tmp_path / "run", max_cost=cost, price=PRICE)
    assert (again.calls, again.budget) == (0, "--max-cost")


def test_every_description_and_the_run_know_their_cost(model: str, tmp_path: Path, llm: Counting) -> None:
    summary = describe(model, tmp_path / "run", price=PRICE)
    rows = RunDir.open(tmp_path / "run").descriptions()
    for row in rows:
        assert row.cost_usd == pytest.approx((row.prompt_tokens * 10 + row.completion_tokens * 30) / 1e6)
    total = sum(row.cost_usd for row in rows)
    assert summary.cost_usd == pytest.approx(total)
    assert RunDir.open(tmp_path / "run").header.totals.cost_usd == pytest.approx(total)


def test_a_limit_in_dollars_without_a_price_is_refused_in_one_line(model: str, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="no price is known for openai:unheard-of") as caught:
        describe_model(
            model, tmp_path / "run", llm="openai:unheard-of", describe_settings=settings(max_cost=1.0)
        )
    assert "--price IN,OUT" in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_tokens_from_the_servers_cache_are_shown_and_cheaper(
    model: str, tmp_path: Path, llm: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headscribe.agent.llm.fake import FakeClient
    from headscribe.core.chat import ChatReply
    from headscribe.core.prices import Price
    from headscribe.core.records import Usage

    async def send(client: FakeClient, request: ChatRequest) -> ChatReply:
        answer = {"reasoning": "r", "inputs": "i", "pattern": "p", "description": "d"}
        return ChatReply(json.dumps(answer), usage=Usage(1000, 10, 900))

    monkeypatch.setattr(FakeClient, "send", send)
    monkeypatch.setattr("headscribe.agent.prices.NO_CHARGE", Price(10.0, 30.0, 1.0))
    summary = describe(model, tmp_path / "run")
    assert summary.cached_tokens == 900 * 2 * N_HEADS
    assert summary.cost_usd == pytest.approx(2 * N_HEADS * (100 * 10 + 900 * 1 + 10 * 30) / 1e6)
    assert RunDir.open(tmp_path / "run").header.totals.cached_tokens == summary.cached_tokens


def test_a_plan_tells_calls_tokens_and_cost_of_every_method(
    model: str, tmp_path: Path, llm: Counting
) -> None:
    plan = plan_run(
        model,
        tmp_path / "run",
        llm="fake",
        heads="L0-1",
        map_settings=SMALL,
        describe_settings=settings(price=PRICE),
    )
    methods = {row.method: row for row in plan.methods}
    single = methods["single"].estimate
    assert single.calls == plan.estimate.calls == 2 * N_HEADS
    assert single.max_cost_usd == pytest.approx((single.prompt_tokens * 10 + single.calls * 64 * 30) / 1e6)
    assert plan.estimate.max_cost_usd == single.max_cost_usd
    if "verified" in methods:
        assert methods["verified"].estimate.calls >= single.calls
    assert llm.total == 0
    assert not (tmp_path / "run").exists()


def test_a_template_with_contrast_gets_rows_of_the_next_heads_of_the_layer(
    model: str, tmp_path: Path, llm: Counting
) -> None:
    prompts: list[str] = []
    llm.before = lambda request: prompts.append(request.messages[-1].content)
    one = describe_model(
        model,
        tmp_path / "run",
        llm="fake",
        heads="L1H4",
        map_settings=SMALL,
        describe_settings=settings(prompt="contrast"),
    )
    assert one.counts[Status.OK] == 1
    found = RunDir.open(tmp_path / "run").map()
    assert sorted(head.name for head in found.mapped_heads()) == ["L1H0", "L1H1", "L1H4", "L1H5"]
    # the made-up examples come first, the head last
    asked = prompts[0].partition("\nThe tokens are JSON strings.")[2]
    others, own = asked.split("\nThis head:\n")
    assert others.count("Another head of the layer:") == 3
    maps = {head_map.head.name: head_map for head_map in found.iter_head_maps()}
    for name, part in (("L1H5", others), ("L1H0", others), ("L1H1", others), ("L1H4", own)):
        first = maps[name].mappings[0]
        source = json.dumps(first.source.text, ensure_ascii=False)
        assert source + (" (" if name == "L1H4" else " -> ") in part, name
    assert "L1H" not in prompts[0], "no head is named"

    # What is asked about a head does not depend on what else is selected.
    describe_model(
        model,
        tmp_path / "run",
        llm="fake",
        heads="L1",
        map_settings=SMALL,
        describe_settings=settings(prompt="contrast"),
    )
    assert len(prompts) == N_HEADS
    assert len(set(prompts)) == N_HEADS


def test_a_budget_for_half_the_heads_describes_nearly_half_of_them_also_where_a_head_takes_many_calls(
    model: str, tmp_path: Path, llm: Counting
) -> None:
    def verified(run: Path, **options: object) -> object:
        return describe_model(
            model,
            run,
            llm="fake",
            heads="L0-1",
            map_settings=MapSettings(salient=18, targets=3),
            describe_settings=DescribeSettings(concurrency=8, max_reply_tokens=64, **options),  # type: ignore[arg-type]
        )

    whole = verified(tmp_path / "whole")
    half = verified(tmp_path / "run", max_tokens=(whole.prompt_tokens + whole.completion_tokens) // 2)
    assert half.budget == "--max-tokens"
    assert N_HEADS - 3 <= half.described <= N_HEADS
    last = verified(tmp_path / "run")
    assert (last.exit_code, last.replayed > 0) == (0, True)
    assert half.calls + last.calls == whole.calls, "what was begun is not paid for again"
