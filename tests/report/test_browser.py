"""The report in a browser: what a reader does with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from headscribe.core.descriptions import Status
from headscribe.core.heads import Head
from tests.report.made_run import MadeRun

if TYPE_CHECKING:
    from playwright.sync_api import Page

RUN = MadeRun(5, 6)
SHIFTS = """() => new Promise(done => new PerformanceObserver(found => done(
    found.getEntries().filter(one => !one.hadRecentInput).reduce((sum, one) => sum + one.value, 0)
  )).observe({type: 'layout-shift', buffered: true}) || setTimeout(() => done(0), 200))"""


@pytest.fixture(scope="module")
def page_html() -> str:
    return RUN.page()


@pytest.fixture(autouse=True)
def fresh(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.evaluate("report.close(); document.activeElement.blur()")
    if page.locator("#reset").is_enabled():
        page.click("#reset")
    page.select_option("#sort", "head")


def names(page: Page) -> list[str]:
    return page.locator("#heads td.name").all_inner_texts()


def found(page: Page) -> int:
    return int(page.locator("#found").inner_text().split()[0])


def wait_for(page: Page, expression: str, value: object) -> None:
    """Playwright's own waiting evaluates text inside the page, which the page's policy forbids."""
    for _ in range(200):
        if page.evaluate(expression) == value:
            return
        page.wait_for_timeout(25)
    assert page.evaluate(expression) == value


def confidences() -> dict[Head, float]:
    """Of the heads that are described; an unclear head's number is another thing."""
    found = {row.head: row.outcome for row in RUN.descriptions() if row.outcome.status is Status.OK}
    return {head: outcome.confidence or 0.0 for head, outcome in found.items()}


def show(page: Page, address: str) -> None:
    page.evaluate("address => { location.hash = address; }", address)
    page.wait_for_selector(f"#card article:nth-child({address.count(',') + 1})")


def test_nothing_moves_while_the_page_loads_and_while_it_is_pointed_at(page: Page) -> None:
    page.reload()
    page.wait_for_selector("#heads td.name")
    for place in (0, 7, 20):
        page.locator("#grid button").nth(place).hover()
    assert page.evaluate(SHIFTS) == 0


def test_search_finds_tokens_descriptions_operations_and_heads(page: Page) -> None:
    word = json.loads(
        page.evaluate("JSON.stringify(report.data.words[report.mappings(report.heads[9])[4][2][1]])")
    )
    page.fill("#search", word)
    assert "L1H3" in names(page)
    assert page.locator("#heads tr[data-head=L1H3] .token.hit").count() >= 1
    page.fill("#search", '"server answered"')
    failed = [row.head.name for row in RUN.descriptions() if row.outcome.error]
    assert names(page) == failed
    page.fill("#search", "l3")
    assert names(page) == [f"L3H{head}" for head in range(6)]
    page.fill("#search", "L0H1, l4h4")
    assert names(page) == ["L0H1", "L4H4"]
    page.fill("#search", "operation_7")
    assert 0 < found(page) < 30
    page.fill("#search", "nothing-of-the-kind")
    assert page.locator("#heads tbody").inner_text() == "No head fits."
    assert page.locator("#grid button.dim").count() == 30


def test_filters_narrow_the_table_and_reset_lifts_them(page: Page) -> None:
    failed = sum(row.outcome.error is not None for row in RUN.descriptions())
    page.click("#counts button[value=failed]")
    assert found(page) == failed
    page.click("#counts button[value=failed]")
    page.fill("#from", "1")
    page.fill("#to", "2")
    assert found(page) == 12
    page.fill("#sure", "50")
    sure = [head for head in confidences() if head.layer in (1, 2) and confidences()[head] >= 0.5]
    assert found(page) == len(sure)
    page.select_option("#operation", label="operation_3")
    assert found(page) <= len(sure)
    page.click("#reset")
    assert found(page) == 30


def test_the_operation_filter_takes_a_threshold(page: Page) -> None:
    page.select_option("#operation", label="operation_3")
    page.fill("#least", "30")
    reaching = {
        row.head.name
        for row in RUN.scores()
        if row.operation == "operation_3" and max(row.score, row.suppression_score) >= 0.3
    }
    assert set(names(page)) == reaching


def test_rows_are_sorted_and_made_as_they_are_scrolled_to(page: Page) -> None:
    page.locator("#heads th", has_text="Confidence").click()
    order = sorted(confidences(), key=lambda head: -confidences()[head])
    assert names(page) == [head.name for head in order[: len(names(page))]]
    assert len(names(page)) < 30
    page.locator("#heads-frame").evaluate("frame => { frame.scrollTop = frame.scrollHeight; }")
    wait_for(page, "document.querySelectorAll('#heads td.name').length", 30)


def test_the_map_is_walked_with_the_arrow_keys_and_opens_a_card(page: Page) -> None:
    page.keyboard.press("m")
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "L1H2"
    assert page.locator("#under").inner_text().startswith("L1H2 ·")
    page.keyboard.press("Enter")
    page.wait_for_selector("#card article")
    assert page.evaluate("location.hash") == "#L1H2"
    page.keyboard.press("Escape")
    assert not page.locator("#card").is_visible()
    assert page.evaluate("[location.hash, document.activeElement.getAttribute('aria-label')]") == ["", "L1H2"]


def test_the_map_takes_the_colours_of_statuses_and_operations(page: Page) -> None:
    page.select_option("#colour", "status")
    assert page.locator("#legend li").all_inner_texts()[0] == f"ok ({page.locator('#grid .n-0').count()})"
    page.select_option("#colour", label="operation_3")
    best = max((row for row in RUN.scores() if row.operation == "operation_3"), key=lambda row: row.score)
    assert (
        page.locator(f"#grid [aria-label={best.head.name}]").evaluate(
            "cell => cell.style.getPropertyValue('--v')"
        )
        == "1.000"
    )
    page.check("#suppression")
    most = max(row.suppression_score for row in RUN.scores() if row.operation == "operation_3")
    assert f"{most:.0%}" in page.locator("#legend").inner_text()


def test_a_card_holds_all_that_is_known_of_a_head(page: Page) -> None:
    described = next(row for row in RUN.descriptions() if row.outcome.description)
    show(page, described.head.name)
    text = page.locator("#card article").inner_text()
    assert described.outcome.description in text
    assert f"{described.outcome.confidence:.0%}" in text
    assert "n = 16" in text
    assert "2100 tokens sent, 180 received, 0.0012 USD" in text
    items = next(own.items for head, own in RUN.transcripts() if head == described.head)
    tests = [item.answer == item.right for item in items if item.part == "test"]
    assert f"Test items: {sum(tests)} passed, {len(tests) - sum(tests)} failed" in text
    page.locator("#card summary", has_text="Test items").click()
    assert page.locator("#card details[open] .items .failed").count() == len(tests) - sum(tests)
    assert "Rounds (2)" in text
    assert "Transcript: 3 experiments" in text
    assert page.locator("#card table.mappings tbody tr").count() == 30
    assert page.locator("#card table.operations tbody tr").count() > 5


def test_a_link_shows_two_heads_side_by_side_and_a_pin_keeps_one(page: Page) -> None:
    show(page, "L4H1,L2H2")
    assert page.locator("#card h2").all_inner_texts() == ["L4H1", "L2H2"]
    first, second = (page.locator("#card article").nth(place).bounding_box() for place in (0, 1))
    assert first["x"] + first["width"] <= second["x"] + 1
    page.keyboard.press("j")
    wait_for(page, "location.hash", "#L4H1,L2H3")
    page.keyboard.press("p")
    wait_for(page, "location.hash", "#L2H3")
    page.click("#pin")
    page.evaluate("report.open('L0H0')")
    wait_for(page, "location.hash", "#L2H3,L0H0")
    page.go_back()
    wait_for(page, "document.querySelectorAll('#card article').length", 1)


def test_a_citation_names_the_model_the_method_and_the_confidence(page: Page) -> None:
    described = next(row for row in RUN.descriptions() if row.outcome.description)
    head, outcome = described.head.name, described.outcome
    low, high = outcome.confidence_low, outcome.confidence_high
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    show(page, head)
    page.keyboard.press("c")
    page.wait_for_selector("#said.on")
    assert page.evaluate("navigator.clipboard.readText()") == (
        f"{head} of made-up/model@abc123: “{outcome.description}” Described by made-up-llm, method verified, "
        f"prompt describe@1; lift {outcome.confidence:.0%} (95% interval {low:.0%} to "
        f"{high:.0%}, n = 16). Headscribe 0.1, 2026-01-02."
    )
    page.get_by_role("button", name="Copy all of this as JSON").click()
    wait_for(page, "document.getElementById('said').textContent", f"Copied: {head} as JSON")
    record = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert (record["model"], record["name"], record["status"]) == ("made-up/model", head, "ok")
    assert len(record["mappings"]) == 30
    source = record["mappings"][0]["source"]
    assert source["text"] == f"' word{source['id']}'"


def test_keys_are_listed_and_do_nothing_while_one_types(page: Page) -> None:
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("jkmt?")
    assert page.locator("#search").input_value() == "jkmt?"
    assert not page.locator("#keys").is_visible()
    page.fill("#search", "")


def test_dark_and_light_follow_the_system_until_the_reader_chooses(page: Page) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    page.evaluate("localStorage.clear()")
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(paper)
    page.emulate_media(color_scheme="light")
    light = page.evaluate(paper)
    assert dark != light
    page.click("#theme")
    assert page.evaluate(paper) == dark
    page.reload()
    assert page.evaluate(paper) == dark
    page.click("#theme")
    page.evaluate("localStorage.clear()")


def test_texts_are_readable_in_both_themes(page: Page) -> None:
    """Contrast of at least 4.5, as WCAG 2 asks, for every text of the page and of a card."""
    show(page, "L1H2")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(CONTRASTS) == []
    page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("width", [320, 400])
def test_a_phone_shows_all_without_scrolling_sideways(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    show(page, "L1H2,L3H3")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.getElementById('card').scrollWidth <= innerWidth")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('card').contains(document.activeElement)")


def test_whoever_wants_no_motion_gets_none(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate("getComputedStyle(document.getElementById('said')).transitionDuration") == "0s"
    page.emulate_media(reduced_motion="no-preference")


CONTRASTS = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const under = (node) => {
    for (; node; node = node.parentElement) {
      const own = rgba(getComputedStyle(node).backgroundColor);
      if (own[3] === 255) return own;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const node of document.querySelectorAll('body *')) {
    const text = [...node.childNodes].some(one => one.nodeType === 3 && one.data.trim());
    const passive = node.closest('script, [hidden], :disabled, option, #said');
    if (!text || passive || !node.getClientRects().length) continue;
    const [a, b] = [light(rgba(getComputedStyle(node).color)), light(under(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push([node.tagName, node.className, node.textContent.slice(0, 20), ratio]);
  }
  return poor;
}"""


def test_paper_shows_the_open_cards_whole_or_else_the_page_with_every_head(page: Page) -> None:
    page.emulate_media(media="print")
    assert not page.locator("#search").is_visible()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert len(names(page)) == len(RUN.heads)
    show(page, "L1H1,L0H2")
    assert not page.locator("#heads").is_visible()
    assert not page.locator("#close").is_visible()
    assert page.locator("#card article h2").all_inner_texts() == ["L1H1", "L0H2"]
    shown = page.evaluate(
        "(({position}, {clientHeight, scrollHeight}) => [position, clientHeight, scrollHeight])"
        "(getComputedStyle(report.byId('card')), report.byId('card'))"
    )
    assert shown[0] == "static"
    assert shown[1] == shown[2]
    assert page.pdf(format="A4").count(b"/Type /Page\n") > 2
    page.emulate_media(media="screen")
