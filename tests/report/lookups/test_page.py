"""The page of look-ups in a real browser: what it shows, and that nothing untrusted acts in it.

The fixture ``page`` fails these tests on any dialog, request, error or violation of the page's policy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from headscribe.core.descriptions import Status
from headscribe.core.heads import Head
from headscribe.core.lookup_scores import Explanation, Pair, PairScore, ShownPrompt, Verdict
from headscribe.core.lookups import CutPrompt, HeadActivity, Neuron, NextTokenNeuron, TopPrompt
from headscribe.core.records import Token
from headscribe.core.sections import Section, Table
from headscribe.report.lookups.page import ShownNeuron, ShownPair, render_lookups
from tests.report.hostile_texts import TEXTS

if TYPE_CHECKING:
    from playwright.sync_api import Page

NEURON, ON, OFF = Neuron(2, 7), Head(0, 3), Head(1, 1)
WORDS = (" the", " harbour", " ship")


def _prompt(split: str, rank: int, words: tuple[str, ...], cut: tuple[str, ...] = ()) -> ShownPrompt:
    ids = tuple(range(len(words)))
    prompt = CutPrompt(TopPrompt(NEURON, rank, 9, 4.0 - rank, ids), ids, (), tuple(float(i) for i in ids))
    return ShownPrompt(prompt, split, rank, "", words[-1], words, cut)  # type: ignore[arg-type]


def _pair(head: Head, text: str | None, described: str | None = None) -> ShownPair:
    pair = Pair(NEURON, head)
    score = PairScore(pair, "next-token", 0.75, 0.5, 0.9, n_active=2, n_inactive=2)
    verdicts = (
        Verdict(pair, 0, True, (1,), True, Status.OK, "it stands there"),
        Verdict(pair, 1, True, (2,), None, Status.FAILED, "no answer"),
    )
    return ShownPair(
        HeadActivity(NEURON, head, 4, 2, 1.5),
        Explanation(pair, Status.OK, text, llm="fake") if text else None,
        score if text else None,
        verdicts if text else (),
        described=described,
    )


def _neuron(number: int, text: str) -> ShownNeuron:
    found = NextTokenNeuron(Neuron(2, number), "random" if number else "next-token", Token(number, text), 1.0)
    words = WORDS if not number else (text, text)
    prompts = (
        _prompt("explain", 0, words, (text, " grey")),
        _prompt("score", 0, words),
        _prompt("score", 1, words),
    )
    active: tuple[frozenset[Head], ...] = (frozenset({ON}), frozenset(), frozenset())
    return ShownNeuron(found, prompts, active, (_pair(ON, f"A harbour. {text}", text), _pair(OFF, None)))


@pytest.fixture(scope="module")
def page_html() -> str:
    neurons = [_neuron(number, text) for number, text in enumerate((" sails", *TEXTS))]
    scores = Section("scores", "Scores", TEXTS[0], (Table(TEXTS[1], ("Mean", TEXTS[2]), ((0.6, TEXTS[0]),)),))
    facts, notes = [("Texts", TEXTS[1])], [TEXTS[2]]
    return render_lookups(TEXTS[0], facts, notes, neurons, sections=[scores])


def test_what_the_lookups_amount_to_stands_above_the_neurons(page: Page) -> None:
    assert page.locator("#section-scores td.num").inner_text() == "0.6"
    assert page.locator("section").first.get_attribute("id") == "section-scores"


def test_each_neuron_is_there_with_its_token(page: Page) -> None:
    assert page.locator("details.neuron").count() == len(TEXTS) + 1
    assert "L2N0" in page.locator("details.neuron").first.inner_text()
    assert "_sails" not in page.title()


def test_opening_a_neuron_shows_prompts_with_shading_and_the_cut_part_grey(page: Page) -> None:
    neuron = page.locator("details.neuron").first
    neuron.locator("summary").first.click()
    first = neuron.locator(".prompt").first
    assert first.locator(".cut").all_inner_texts() == [" sails", " grey"]
    classes = [span.get_attribute("class") for span in first.locator(".text span:not(.cut)").all()]
    assert classes == ["w0", "w5", "w10 end"]
    assert neuron.locator(".prompt").count() == 3


def test_choosing_a_head_marks_the_prompts_on_which_it_is_active(page: Page) -> None:
    neuron = page.locator("details.neuron").first
    button = neuron.locator("button", has_text="L0H3")
    button.click()
    marks = neuron.locator(".prompt .mark").all_inner_texts()
    assert [mark.startswith("●") for mark in marks] == [True, False, False]
    button.click()
    assert not any(mark.startswith("●") for mark in neuron.locator(".prompt .mark").all_inner_texts())


def test_hits_and_misses_are_listed_with_their_prompts(page: Page) -> None:
    neuron = page.locator("details.neuron").first
    said = neuron.locator("td.words").first
    assert "Hits: 1" in said.inner_text()
    said.locator("summary", has_text="Misses and unanswered: 1").click()
    assert "active, no answer" in said.inner_text()


def test_search_and_arm_narrow_the_list(page: Page) -> None:
    page.fill("#find", "L2N0")
    assert page.locator("details.neuron").count() == 1
    page.fill("#find", "")
    page.select_option("#arm", "random")
    assert page.locator("details.neuron").count() == len(TEXTS)
    assert page.locator("#shown").inner_text() == f"{len(TEXTS)} of {len(TEXTS) + 1} neurons"
    page.select_option("#arm", "")


def test_nothing_untrusted_acts_wherever_it_is_shown(page: Page) -> None:
    page.evaluate("for (const neuron of document.querySelectorAll('details.neuron')) neuron.open = true")
    page.wait_for_function(f"document.querySelectorAll('.prompt').length === {3 * (len(TEXTS) + 1)}")
    assert page.locator("img").count() == 0
    assert "hacked" not in page.title()[:6]
    assert "<img src=x" in page.locator("h1").inner_text()
