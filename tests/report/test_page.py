"""The report's file: its data, its policy, its size."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

from headscribe.core.descriptions import Description, Outcome, Status
from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.report.page import render_report
from tests.report.made_run import MadeRun

HOSTILE = "</script><img src=x onerror=\"document.title='hacked'\"><b>{{ 7*7 }}\u202e\ud800"


@pytest.fixture(scope="module")
def made() -> str:
    return MadeRun(2, 3).page()


def block(page: str, name: str) -> str:
    found = re.search(rf'<script id="{name}" type="[^"]*">(.*?)</script>', page, re.DOTALL)
    assert found
    return found[1]


def data(page: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(block(page, "data"))
    return value


def test_the_page_loads_nothing_and_its_policy_names_every_script(made: str) -> None:
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", made)
    policy = html.unescape(made)
    scripts = re.search(r"script-src ([^;]*);", policy)
    assert "default-src 'none'" in policy
    assert scripts
    assert scripts[1].count("'sha256-") == len(re.findall(r"<script>", made))
    assert "unsafe" not in scripts[0]


def test_every_head_stands_in_the_data_and_has_a_line_in_each_block(made: str) -> None:
    heads = json.loads(block(made, "described"))
    assert [(row["layer"], row["head"]) for row in heads] == [(la, h) for la in range(2) for h in range(3)]
    mappings = [json.loads(line) for line in block(made, "mappings").splitlines()]
    assert [len(rows) for rows in mappings] == [30] * 6
    transcripts = [json.loads(line) for line in block(made, "transcripts").splitlines()]
    assert [{name: len(rows) for name, rows in own.items()} for own in transcripts] == [
        {"rounds": 2, "tests": 16, "experiments": 3}
    ] * 6


def test_scores_are_kept_as_hits_and_zeros_are_left_out() -> None:
    scores = [
        OperationScore(Head(0, 0), "country_to_capital", "knowledge", 30, 3, 10, 40),
        OperationScore(Head(0, 1), "country_to_capital", "knowledge", 0, 0, 10, 40),
    ]
    described = [
        Description(Head(0, h), Outcome(Status.OK, description="x"), "single", "fake") for h in (0, 1)
    ]
    page = render_report("m", [], [], described, [], scores)
    assert data(page)["operations"] == [
        {"name": "country_to_capital", "category": "knowledge", "k": 10, "pairs": 40}
    ]
    assert [row["scores"] for row in json.loads(block(page, "described"))] == [[[0, 30, 3]], []]
    assert data(page)["beyondShuffled"] is False


def test_leading_scores_stand_with_their_shuffled_ones_and_what_is_above_chance() -> None:
    score = OperationScore(
        Head(0, 0), "copying", "algorithmic", 30, 3, 1, 40, specific_hits=20, specific_suppression_hits=0,
        shuffled_score=0.5, shuffled_suppression_score=0.25, specific_shuffled_score=0.125,
        specific_suppression_shuffled_score=0.0, above_chance=True, suppression_above_chance=False,
    )  # fmt: skip
    described = [Description(Head(0, 0), Outcome(Status.OK, description="x"), "single", "fake")]
    page = render_report("m", [], [], described, [], [score])
    assert [row["scores"] for row in json.loads(block(page, "described"))] == [[[0, 20, 0, 0.125, 0.0, 1]]]
    assert data(page)["beyondShuffled"] is True


def test_texts_from_outside_end_no_block_and_stay_on_one_line() -> None:
    described = [Description(Head(0, 0), Outcome(Status.OK, description=HOSTILE), HOSTILE, HOSTILE)]
    page = render_report(HOSTILE, [("LLM", HOSTILE)], [HOSTILE], described, [], [])
    assert "<img" not in page
    assert page.count("</script>") == len(re.findall(r"<script[ >]", page))
    assert "\u202e" not in page
    assert json.loads(block(page, "described"))[0]["description"] == HOSTILE[:-2] + ""


def test_1024_heads_stay_far_below_15_megabytes() -> None:
    small, large = (len(MadeRun(layers, 8).page()) for layers in (1, 5))
    assert small + (large - small) / 32 * 1024 < 10e6


@pytest.mark.parametrize("status", [None, Status.FAILED])
def test_a_run_without_any_answer_makes_a_page(status: Status | None) -> None:
    rows = [Description(Head(0, 0), Outcome(status, error="no"), "single", "fake")] if status else []
    page = render_report("m", [], [], rows, [], [])
    assert ("No head of this run has a description yet" in page) == (status is None)
