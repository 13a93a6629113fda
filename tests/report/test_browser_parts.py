"""The cards of heads taken apart, in a browser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from headscribe.core.descriptions import Description, Outcome, Status
from headscribe.core.heads import Head
from headscribe.core.parts import TakenApart
from headscribe.report.page import render_report
from tests.agent.parts_rows import constant_part, parts_row, role

if TYPE_CHECKING:
    from playwright.sync_api import Page

HEAD = Head(2, 3)
ROWS = (
    parts_row(0, "often", "rarely seldom", ranking="salient"),
    parts_row(0, "north", "south west", suppressed="up", members="east"),
    parts_row(1, "green", "greens"),
)


@pytest.fixture(scope="module")
def page_html() -> str:
    outcome = Outcome(Status.OK, "Words.", "Pairs.", "Maps directions to other directions.")
    apart = TakenApart(
        HEAD, ROWS, constant_part("he she", "quartz", 0.314), (role(0, "red", "rose", "sky", "blue"),)
    )
    return render_report("made-up/model", [], [], [Description(HEAD, outcome, "rules", "rules")], [apart], [])


def test_a_card_shows_the_parts_of_a_head(page: Page) -> None:
    page.evaluate("location.hash = 'L2H3'")
    page.wait_for_selector("#card article")
    card = page.locator("#card article")
    text = card.inner_text()
    assert "31% of what it writes: promotes" in text
    assert text.index("promotes") < text.index("suppresses") < text.index("quartz")
    assert "Roles (1)" in text
    sharpest = card.locator("table.mappings").first.locator("tbody tr")
    assert [row.split()[0] for row in sharpest.all_inner_texts()] == ["7.0", "7.0"]
    first = sharpest.first.inner_text()
    assert all(shown in first for shown in ("σ", "north", "also", "east", "south", "up"))
    for folded, shown in (("Sources on which it acts most", "often"), ("Roles", "rose")):
        card.locator("summary", has_text=folded).click()
        assert shown in card.inner_text()


def test_the_copied_record_holds_the_parts(page: Page) -> None:
    record = json.loads(page.evaluate("JSON.stringify(report.record(report.byName.get('L2H3')))"))
    assert [row["ranking"] for row in record["mappings"]] == ["sharpest", "sharpest", "salient"]
    assert [one["text"] for one in record["mappings"][0]["members"]] == ["' east'"]
    assert (record["constant"]["share"], len(record["constant"]["promoted"])) == (0.314, 2)
    assert [one["text"] for one in record["roles"][0]["far_targets"]] == ["' blue'"]
