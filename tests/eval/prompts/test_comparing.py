"""From rows to a verdict in plain words."""

from __future__ import annotations

import re

from headscribe.core.descriptions import Description, Outcome, Status
from headscribe.core.heads import Head
from headscribe.core.prompt_comparison import Difference, HeadResult
from headscribe.core.records import OperationScore
from headscribe.eval.prompts.comparing import (
    CONFIDENCE,
    best_operations,
    choose_measures,
    differences,
    head_results,
    verdict,
)

COUNTRY = "country_to_capital"


def description(
    number: int, status: Status, said: str | None = None, confidence: float | None = None
) -> Description:
    outcome = Outcome(status, description=said, confidence=confidence)
    return Description(Head(0, number), outcome, "verified", "fake", prompt_tokens=10, completion_tokens=2)


def difference(mean: float, low: float | None, high: float | None, needed: int | None = None) -> Difference:
    shown = low is not None and high is not None and (low > 0 or high < 0)
    return Difference("confidence", "B", "A", mean, low, high, 50, needed, shown)


def test_an_unclear_head_counts_as_chance_and_a_failure_not_at_all():
    rows = head_results(
        "A",
        [
            description(0, Status.OK, "Maps a country to its capital.", 0.7),
            description(1, Status.UNCLEAR, confidence=0.4),
            description(2, Status.FAILED),
            description(3, Status.OK, "Related words.", None),
        ],
        {Head(0, number): COUNTRY for number in range(4)},
        {Head(0, 0): True, Head(0, 1): False, Head(0, 3): False},
    )
    assert [row.confidence for row in rows] == [0.7, 0.0, None, None]
    assert [row.agreement for row in rows] == [1.0, 0.0, None, 0.0]
    assert [row.described for row in rows] == [1.0, 0.0, None, 1.0]
    assert rows[0].tokens == 12


def test_the_best_operation_is_that_of_the_highest_score_from_the_threshold_on():
    scores = [
        OperationScore(Head(0, 0), COUNTRY, "knowledge", 40, 0, 10, 100),
        OperationScore(Head(0, 0), "copying", "copying", 20, 0, 10, 100),
        OperationScore(Head(0, 1), COUNTRY, "knowledge", 14, 0, 10, 100),
        OperationScore(Head(0, 2), COUNTRY, "knowledge", 30, 0, 10, 100),
        OperationScore(Head(0, 2), "copying", "copying", 30, 0, 10, 100),
    ]
    assert best_operations(scores, 0.15) == {Head(0, 0): COUNTRY, Head(0, 2): "copying"}


def test_agreement_is_asked_of_heads_that_score_on_an_operation_alone():
    rows = head_results("A", [description(1, Status.OK, "Anything.")], {}, {})
    assert rows[0].agreement is None


def test_the_verdict_is_about_confidence_where_it_was_measured_and_else_about_the_share_described():
    tested = [HeadResult(Head(0, 0), "A", "ok", confidence=0.5, described=1.0)]
    assert [measure.key for measure in choose_measures(tested, "verified")][:2] == ["confidence", "described"]
    assert choose_measures(tested, "single")[0].key == "described"


def test_a_shown_difference_names_the_better_prompt_and_its_size():
    line = verdict(difference(0.06, 0.02, 0.10), CONFIDENCE, "B", "A", 144)
    assert re.fullmatch(r"B is better than A .*0\.06 \[0\.02, 0\.10\] .*confidence.*50 heads.*", line)
    line = verdict(difference(-0.06, -0.10, -0.02), CONFIDENCE, "B", "A", 144)
    assert re.fullmatch(r"A is better than B .*0\.06 \[0\.02, 0\.10\] .*confidence.*50 heads.*", line)


def test_no_shown_difference_says_how_many_heads_it_would_take():
    line = verdict(difference(0.02, -0.03, 0.07, needed=312), CONFIDENCE, "B", "A", 144)
    assert line.startswith("no difference shown between B and A")
    for part in ("confidence", "+0.02 [-0.03, +0.07]", "50 heads", "320 heads", "144"):
        assert part in line


def test_too_few_heads_and_no_common_head_are_said():
    assert "too few to tell" in verdict(difference(0.3, None, None), CONFIDENCE, "B", "A", 144)
    assert "nothing to compare" in verdict(None, CONFIDENCE, "B", "A", 144)


def test_every_later_prompt_is_compared_with_the_first():
    rows = [
        HeadResult(Head(0, number), prompt, "ok", confidence=value + number / 100)
        for prompt, value in (("A", 0.2), ("B", 0.5), ("C", 0.2))
        for number in range(20)
    ]
    found = differences(["A", "B", "C"], rows, [CONFIDENCE], level=0.975, seed=0)
    assert [(row.prompt, row.against, row.shown) for row in found] == [("B", "A", True), ("C", "A", False)]
