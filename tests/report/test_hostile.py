"""Nothing that a vocabulary, an LLM or a person wrote acts in the page, or breaks it.

The fixture ``page`` fails these tests on any dialog, request, error or violation of the page's policy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from headscribe.core.descriptions import Description, Outcome, Status
from headscribe.core.heads import Head
from headscribe.core.records import HeadMap, Mapping, OperationScore, Token
from headscribe.core.rounds import AskedItem, Experiment, Round, Transcript
from headscribe.core.sections import Additions, CardNote, Figure, Section, Table
from headscribe.report.compare.runs import RunComparison, ScoreDifference
from headscribe.report.overview import Origin
from headscribe.report.page import render_report
from tests.report.hostile_texts import TEXTS

if TYPE_CHECKING:
    from playwright.sync_api import Page

PLOT = "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script><image href='http://e.example/x'/></svg>"


def _text(number: int) -> str:
    return TEXTS[number % len(TEXTS)]


def _head_map(head: Head) -> HeadMap:
    tokens = [Token(number, text) for number, text in enumerate(TEXTS)]
    rows = tuple(
        Mapping(rank, token, 1.0, tuple(tokens[:5]), (1.0,) * 5, tuple(tokens[5:]), (0.0,) * 7)
        for rank, token in enumerate(tokens)
    )
    return HeadMap(head, rows)


def _description(head: Head, text: str) -> Description:
    outcome = Outcome(Status.OK, text, text, text or "none", None, 0.5, 0.2, 0.9, 4)
    return Description(head, outcome, text, text, text)


@pytest.fixture(scope="module")
def page_html() -> str:
    heads = [Head(0, number) for number in range(len(TEXTS))]
    every = "".join(TEXTS)
    descriptions = [_description(head, _text(head.head)) for head in heads]
    scores = [OperationScore(head, text, every, 20, 3, 10, 40) for head in heads for text in TEXTS]
    transcript = Transcript(
        tuple(Round(number, text, text, text, text) for number, text in enumerate(TEXTS)),
        tuple(AskedItem(1, "test", "choice", 1, text, (TEXTS, TEXTS), text, text, text) for text in TEXTS),
        tuple(Experiment(1, text, text, text) for text in TEXTS),
    )
    table = Table(every, TEXTS, (TEXTS,))
    return render_report(
        every,
        [(text, text) for text in TEXTS],
        list(TEXTS),
        descriptions,
        map(_head_map, heads),
        scores,
        origin=Origin(every, every, every, every, every),
        transcripts=[(head, transcript) for head in heads],
        additions=Additions(
            (Section(every, every, every, (table,), (Figure(PLOT, every), Figure("", "none"))),),
            {heads[0]: tuple(CardNote(text, text) for text in TEXTS)},
            {text: {heads[0]: 0.5} for text in TEXTS},
        ),
        comparison=RunComparison(
            every,
            [(every, every, every)],
            [_description(head, _text(head.head + 1)) for head in [*heads, Head(9, 9)]],
            same_map=False,
            scores=[ScoreDifference(heads[0], text, True, 0.5, 0.1) for text in TEXTS],
            n_scores=90,
            n_differing=90,
        ),
    )


def test_texts_from_outside_are_shown_and_nothing_else(page: Page) -> None:
    assert page.locator("#heads td.name").count() == len(TEXTS)
    assert "hacked" not in page.evaluate("document.title").replace("document.title='hacked'", "")
    assert page.locator("body img").count() == 2, "the figures, and nothing that a text brought"
    assert page.locator("svg a, base, main style").count() == 0
    assert TEXTS[0] in page.locator("#heads td.said").first.inner_text()


@pytest.mark.parametrize("width", [320, 1280, 1900])
def test_the_layout_holds(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for address in ("", "L0H0", "L0H9", "L0H4,L0H10"):
        page.evaluate("address => { location.hash = address; report.follow(); }", address)
        page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
        assert page.evaluate("document.getElementById('card').scrollWidth <= innerWidth"), address
    page.evaluate("report.close()")


def test_every_colour_and_search_can_be_chosen(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    for value in page.eval_on_selector_all("#colour option", "all => all.map(one => one.value)"):
        page.select_option("#colour", value)
    for text in ('"<img', "'", "\\", "[", "(?", "__proto__", "l0"):
        page.fill("#search", text)
    assert page.locator("#found").inner_text() == f"{len(TEXTS)} of {len(TEXTS)} heads"


def test_addresses_that_name_no_head_open_nothing(page: Page) -> None:
    for address in ("constructor", "__proto__", "L99H99", "<img src=x onerror=alert(1)>", "%00", ","):
        page.evaluate("address => { location.hash = address; report.follow(); }", address)
        assert not page.locator("#card").is_visible()
    page.evaluate("location.hash = 'l0h1'")
    page.wait_for_selector("#card article")
