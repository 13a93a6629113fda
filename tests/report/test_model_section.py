"""The report's model section, in a browser."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest

from headscribe.core.checks import AblationPoint, DynamicScore
from headscribe.core.descriptions import Description, Outcome, Status
from headscribe.core.heads import Head
from headscribe.pipeline.compare.maps import analyse_map
from headscribe.report.model_section import ModelSection, model_data
from headscribe.report.page import render_report
from tests.eval.compare.analysis_maps import CATEGORIES, records, write_map

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOSTILE = "</script><img src=x onerror=\"document.title='hacked'\">"
PLANTED = {
    "L9H9": {"name_copying": 0.8, "word_to_synonym": 0.3},
    "L10H7": {"-copying": 0.7, "-name_copying": 0.9},
    "L3H4": {"country_to_capital": 0.9, "country_to_language": 0.5},
}


def _correlation() -> list[DynamicScore]:
    return [
        DynamicScore("copying", template, Head(0, head), head / 8, head / 10, head / 9, 0.0, 0.0, 0.0, 40)
        for template in ("a", "b")
        for head in range(5)
    ]


def _ablation() -> list[AblationPoint]:
    return [
        AblationPoint(HOSTILE, "a", arm, draw, HOSTILE, "a", n, Head(0, n), 0.9 - n * drop, 40)
        for arm, drop, draws in (("top", 0.3, 1), ("random", 0.05, 2))
        for draw in range(draws)
        for n in range(3)
    ]


@pytest.fixture(scope="module")
def section(tmp_path_factory: pytest.TempPathFactory) -> ModelSection:
    made = write_map(
        tmp_path_factory.mktemp("map") / "map",
        records(PLANTED, 12, 12),
        name="gpt2",
        revision=None,
        n_layers=12,
        n_heads=12,
        d_model=768,
        n_tokens=50257,
    )
    return ModelSection(analyse_map(made), _correlation(), _ablation())


def test_scatter_points_are_means_over_templates_and_empty_heads_are_counted(section: ModelSection) -> None:
    found = model_data(section)["correlation"][0]
    assert (found["heads"], found["templates"], len(found["points"])) == (5, 2, 4)
    assert found["points"][-1] == ["L0H4", 0.5, 0.4, 0.4444]


def test_ablation_arms_hold_the_mean_and_the_range(section: ModelSection) -> None:
    arms = model_data(section)["ablation"][0]["arms"]
    assert arms["top"] == [[0, 0.9, 0.9, 0.9], [1, 0.6, 0.6, 0.6], [2, 0.3, 0.3, 0.3]]
    assert set(arms) == {"top", "random"}


@pytest.fixture(scope="module")
def page_html(section: ModelSection) -> str:
    heads = sorted({row.head for row in records(PLANTED, 12, 12, ("copying",))})
    described = [
        Description(head, Outcome(Status.OK, description="Copies."), "single", "fake")
        for head in heads
        if head.layer != 3
    ]
    return render_report("planted", [], [], described, [], [], model=section)


def test_the_policy_names_the_script_of_the_section(page_html: str) -> None:
    without = render_report("planted", [], [], [], [], [])
    policies = [re.search(r"script-src ([^;]*);", html.unescape(page)) for page in (page_html, without)]
    sections, plain = (policy[1].count("sha256-") for policy in policies if policy)
    assert sections == plain + 1
    assert "<img" not in page_html


def test_the_section_counts_relation_heads_in_words(page: Page) -> None:
    assert page.locator("#model-facts").inner_text() == (
        f"2 of 144 heads have a score of at least 15% for one of {len(CATEGORIES)} operations: 0 for exactly "
        "one, 1 for several of one category, 1 for operations of different categories. With such a "
        "suppression score: 1 (L10H7 name_copying)."
    )
    assert "not applicable" in page.locator("#model-groups").inner_text()


def test_layers_are_walked_with_the_arrow_keys(page: Page) -> None:
    page.locator("#layers .column").first.focus()
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    label = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert label.startswith("Layer 9: algorithmic 1, linguistic 1")
    assert "Layer 9" in page.locator("#layers-under").inner_text()


def test_layers_show_one_operation_on_request(page: Page) -> None:
    page.select_option("#layers-of", label="country_to_capital")
    assert page.locator("#layers rect[class^=c]").count() == 1
    assert page.locator("#layers-legend li").all_inner_texts() == [" country_to_capital"]
    page.select_option("#layers-of", "all")


def test_checks_are_drawn_per_operation_and_hostile_names_stay_text(page: Page) -> None:
    page.select_option("#checks-of", label="copying")
    assert page.locator("#checks-body circle").count() == 8
    assert "1 of 5 heads are 0 throughout" in page.locator("#checks-under").inner_text()
    page.select_option("#checks-of", label=HOSTILE)
    assert page.locator("#checks-body polyline").count() == 2
    assert page.locator("img").count() == 0
    assert "hacked" not in page.title()
