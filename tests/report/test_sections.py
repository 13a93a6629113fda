"""What other parts add to the report: sections, figures, notes on cards, colours of the map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from headscribe.core.descriptions import Description, Outcome, Status
from headscribe.core.heads import Head
from headscribe.core.sections import Additions, CardNote, Figure, Section, Table
from headscribe.report.page import render_report
from headscribe.report.sections import shown_sections

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOSTILE = "</td><script>document.title='hacked'</script>\u202e\ud800"
PLOT = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="30pt" height="20pt" viewBox="0 0 30 20">'
    "<script>top.document.title='hacked'</script><rect width='30' height='20' fill='red'/></svg>"
)


def _additions() -> Additions:
    few = Table(
        "Agreement", ("Head", "Said", "Share"), ((Head(0, 1), HOSTILE, 0.123456), (Head(7, 7), "x", None))
    )
    many = Table("All heads", ("n",), tuple((n,) for n in range(40)))
    return Additions(
        sections=(
            Section("evaluation", "Against scores", HOSTILE, (few, many), (Figure(PLOT, "A plot."),)),
            Section("evaluation", "Again", ""),
        ),
        notes={Head(0, 1): (CardNote("Annotators", HOSTILE),)},
        colours={"agreement": {Head(0, 1): 0.9}},
    )


@pytest.fixture(scope="module")
def page_html() -> str:
    described = [
        Description(Head(0, head), Outcome(Status.OK, description="Copies."), "single", "fake")
        for head in range(3)
    ]
    return render_report("model", [], [], described, [], [], additions=_additions())


def test_cells_say_numbers_shortly_and_link_to_heads_with_a_card() -> None:
    first, again = shown_sections(_additions().sections, {Head(0, 1)})
    rows = first.tables[0].rows
    assert [cell.text for cell in rows[0]][::2] == ["L0H1", "0.123"]
    assert [row[0].link for row in rows] == ["L0H1", None]
    assert [numeric for _, numeric in first.tables[0].columns] == [False, False, True]
    assert (first.key, again.key) == ("section-evaluation", "section-evaluation-2")


def test_long_tables_are_folded_and_figures_keep_their_place(page: Page) -> None:
    assert page.locator("#section-evaluation details summary").inner_text() == "All heads (40)"
    image = page.locator("#section-evaluation img")
    assert (image.get_attribute("width"), image.get_attribute("height")) == ("40", "27")
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")


def test_nothing_in_a_section_or_a_plot_can_act(page: Page) -> None:
    assert "hacked" not in page.title()
    assert (
        "<script>document.title='hacked'</script>"
        in page.locator("#section-evaluation td").nth(1).inner_text()
    )


def test_cards_hold_notes_and_the_map_takes_the_colours(page: Page) -> None:
    page.evaluate("location.hash = 'L0H1'")
    page.wait_for_selector("dialog[open]")
    assert "Annotators" in page.locator("#card").inner_text()
    page.keyboard.press("Escape")
    page.select_option("#colour", label="agreement")
    page.locator("#grid button").nth(1).hover()
    assert "agreement: 90%" in page.locator("#under").inner_text()
