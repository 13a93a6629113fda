"""``--dry-run`` tells what is likely beside what is the most, once replies have been measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.pipeline import describe_model, plan_run

SMALL = MapSettings(view="paper", salient=4, targets=3)


def test_a_plan_knows_the_likely_cost_from_the_replies_that_the_run_holds(model: str, tmp_path: Path) -> None:
    asking = DescribeSettings(method="single", max_reply_tokens=500, price=(10.0, 30.0))
    options = {"llm": "fake", "map_settings": SMALL, "describe_settings": asking}
    before = plan_run(model, tmp_path / "run", heads="L0-1", **options).estimate
    assert before.likely_cost_usd is None
    assert before.max_cost_usd is not None
    summary = describe_model(model, tmp_path / "run", heads="L0", **options)
    assert summary.calls >= 5
    after = plan_run(model, tmp_path / "run", heads="L0-1", **options).estimate
    mean = summary.completion_tokens / summary.calls
    assert after.likely_reply_tokens == pytest.approx(after.calls * mean, rel=0.01, abs=1)
    paid = (after.prompt_tokens * 10 + (after.likely_reply_tokens or 0) * 30) / 1e6
    assert after.likely_cost_usd == pytest.approx(paid)
    assert after.likely_cost_usd < (after.max_cost_usd or 0) / 2
    plans = plan_run(model, tmp_path / "run", heads="L0-1", **options).methods
    methods = {plan.method: plan.estimate for plan in plans}
    assert methods["verified"].likely_cost_usd is None, "no reader's reply is known"
