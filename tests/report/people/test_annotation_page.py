"""The annotation page in a real browser: from the first item to the agreement that the answers come to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from headscribe.core.people import Truth
from headscribe.core.settings import StudySettings
from headscribe.eval.people.study import order_for
from headscribe.pipeline.people.agreement import agreement_of
from headscribe.pipeline.people.export import export_for_people
from headscribe.pipeline.people.import_labels import import_labels
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.people.keys import Key, read_key
from tests.pipeline.people.planted_run import make_run
from tests.report.people.browser import browser, watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

__all__ = ["browser"]


@dataclass
class Out:
    """What went out to one annotator."""

    run: RunDir
    page: Path
    key: Key

    @property
    def items(self) -> list[Truth]:
        """What the items are, in the order of the page."""
        known = {truth.id: truth for truth in self.key.truths}
        return [known[id_] for id_ in order_for("anna", self.key.export, self.key.truths)]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Out:
    """Eighteen heads, four of them unclear, one wrong description, one repetition."""
    folder = tmp_path_factory.mktemp("page")
    run = make_run(folder / "run", n_layers=4, n_heads=5)
    settings = StudySettings(sample="all", groups="2", controls=1)
    made = export_for_people(run.path, folder / "page.html", settings=settings, annotators="anna")
    return Out(run, made.files[0], read_key(made.key))


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, out: Out) -> Iterator[Page]:
    page, complaints = watched(context)
    page.goto(out.page.as_uri())
    yield page
    assert complaints == []


def pressed(page: Page) -> list[str]:
    """The answers that the page shows as given."""
    buttons = page.locator("[aria-pressed=true]").all()
    return [
        f"{button.get_attribute('data-answer')} {button.get_attribute('data-value')}" for button in buttons
    ]


def download(page: Page, to: Path) -> Path:
    with page.expect_download() as started:
        page.keyboard.press("d")
    started.value.save_as(to)
    return to


def says_pattern(truth: Truth) -> bool:
    return truth.head.layer < 2


def says_fits(truth: Truth) -> bool:
    return truth.kind != "wrong" and truth.head.head < 2


def test_twenty_items_by_keyboard_come_to_the_hand_computed_agreement(
    page: Page, out: Out, tmp_path: Path
) -> None:
    assert len(out.items) == 20
    for place, truth in enumerate(out.items):
        page.keyboard.press("1" if says_pattern(truth) else "2")
        page.keyboard.press("3" if says_fits(truth) else "4")
        if place == 6:  # a mistake, taken back twice, and answered again
            page.keyboard.press("u")
            page.keyboard.press("u")
            assert pressed(page) == []
            page.keyboard.press("1" if says_pattern(truth) else "2")
            page.keyboard.press("3" if says_fits(truth) else "4")
        if place == 11:
            page.reload()
            assert page.locator("#place").inner_text().startswith("Item 12 of 20")
            assert page.locator("#done").inner_text() == "12 of 20 answered"
        if place == 12:
            page.keyboard.press("c")
            page.keyboard.type("1 d u ' = not keys here")
            page.keyboard.press("Escape")
        page.keyboard.press("Enter")
    assert page.locator("#done").inner_text().startswith("All 20 answered.")
    file = download(page, tmp_path / "answers.json")
    done = import_labels(out.run.path, [file])
    assert (done.added, done.problems) == (20, [])
    found = agreement_of(out.run)
    # Layers 0 and 1 hold 5 + 4 of the 18 heads; heads 0 and 1 are 8 of the 14 that have a description.
    assert (found.overall.pattern.share, found.overall.pattern.heads) == (9 / 18, 18)
    assert found.overall.plausible.share == pytest.approx(8 / 14)
    assert (found.overall.unclear_right.share, found.overall.unclear_right.heads) == (0.0, 4)
    assert [row.pattern.share for row in found.groups] == [1.0, 0.0]
    (control,) = found.controls
    assert (control.wrong, control.wrong_accepted, control.repeats, control.repeats_changed) == (1, 0, 2, 0)
    comments = [text for row in found.verdicts for _, text in row.comments]
    comments += [] if out.items[12].kind == "head" else ["1 d u ' = not keys here"]
    assert comments == ["1 d u ' = not keys here"]


def test_the_description_appears_after_the_first_answer(page: Page, out: Out) -> None:
    described = next(place for place, truth in enumerate(out.items) if truth.described.head != 4)
    page.fill("#go", str(described + 1))
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert not page.locator("#fits").is_visible()
    page.keyboard.press("3")
    assert page.locator("#said").inner_text()
    page.keyboard.press("2")
    assert page.locator("#description").inner_text().startswith("Maps ")
    assert page.locator("#question").inner_text() == "Does the description fit?"
    unclear = next(place for place, truth in enumerate(out.items) if truth.described.head == 4)
    page.fill("#go", str(unclear + 1))
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    assert page.locator("#question").inner_text() == "The describer found no clear pattern. Is that right?"
    assert not page.locator("#description").is_visible()


def test_mappings_stand_as_a_table(page: Page) -> None:
    assert page.locator("#mappings thead th").all_inner_texts() == [
        "When it reads",
        "it makes more likely",
        "less likely",
    ]
    assert page.locator("#mappings tbody tr").count() == 7
    assert page.locator("#mappings tbody tr:first-child td:nth-child(2) .token").count() == 2


def test_comments_are_undone_as_they_were_typed_and_items_are_found_again(page: Page) -> None:
    page.keyboard.press("c")
    page.keyboard.type("first")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("1")
    page.keyboard.press("f")
    assert page.locator("#place").inner_text() == "Item 1 of 20"
    assert page.locator("#comment").input_value() == "first"
    page.keyboard.press("u")
    assert page.locator("#place").inner_text() == "Item 2 of 20"
    page.keyboard.press("u")
    assert page.locator("#place").inner_text() == "Item 1 of 20"
    assert page.locator("#comment").input_value() == ""
    assert page.locator("#undo").is_disabled()


def test_answers_move_to_another_browser_as_a_file(
    page: Page, browser: Browser, out: Out, tmp_path: Path
) -> None:
    page.keyboard.press("2")
    page.keyboard.press("4")
    file = download(page, tmp_path / "answers.json")
    other = browser.new_context()
    elsewhere, complaints = watched(other)
    elsewhere.goto(out.page.as_uri())
    assert elsewhere.locator("#done").inner_text() == "0 of 20 answered"
    elsewhere.set_input_files("#load", file)
    elsewhere.wait_for_function("document.getElementById('said').textContent.startsWith('Loaded')")
    assert pressed(elsewhere) == ["pattern no", "fits no"]
    for change, said in (
        ({"annotator": "ben"}, "These are the answers of ben."),
        ({"content_hash": "0"}, "These answers are about other items."),
        ({"kind": "?"}, "This is not a file of answers."),
    ):
        (tmp_path / "wrong.json").write_text(json.dumps(json.loads(file.read_text()) | change))
        elsewhere.set_input_files("#load", tmp_path / "wrong.json")
        elsewhere.wait_for_function("text => document.getElementById('said').textContent === text", arg=said)
    (tmp_path / "wrong.json").write_text("{")
    elsewhere.set_input_files("#load", tmp_path / "wrong.json")
    elsewhere.wait_for_function("document.getElementById('said').textContent.startsWith('This is not')")
    assert pressed(elsewhere) == ["pattern no", "fits no"]
    other.close()
    assert complaints == []


def test_a_browser_that_keeps_nothing_is_said_and_still_works(
    context: BrowserContext, out: Out, tmp_path: Path
) -> None:
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('no'); }})"
    )
    page, complaints = watched(context)
    page.goto(out.page.as_uri())
    page.keyboard.press("1")
    page.keyboard.press("3")
    assert "does not keep your answers" in page.locator("#warning").inner_text()
    labels = json.loads(download(page, tmp_path / "answers.json").read_text())["labels"]
    assert [(label["pattern_visible"], label["description_fits"]) for label in labels] == [(True, True)]
    assert complaints == []


def test_everything_that_can_be_used_has_a_name_and_is_reached_by_tab(page: Page) -> None:
    page.keyboard.press("1")
    unnamed = page.evaluate(
        """[...document.querySelectorAll('button, input, textarea, progress, [role=region]')].filter((node) =>
        !(node.textContent.trim() || node.labels?.length || node.getAttribute('aria-label')
          || node.getAttribute('aria-labelledby'))).map((node) => node.outerHTML)"""
    )
    assert unnamed == []
    reached = set()
    page.locator("summary").focus()
    for _ in range(25):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.dataset.value"))
    assert {"yes", "no", "comment", "next", "undo", "first", "go", "download", "load"} <= reached


@pytest.mark.parametrize("width", [360, 800, 1600])
def test_nothing_is_wider_than_the_screen(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.keyboard.press("1")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
