"""Tokens, descriptions, comments and names from anywhere: nothing acts, nothing breaks, nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from headscribe.core.people import Format
from headscribe.core.settings import StudySettings
from headscribe.pipeline import report_run
from headscribe.pipeline.people.export import export_for_people
from headscribe.pipeline.people.import_labels import import_labels
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.people.keys import Key, read_key
from headscribe.store.people.labels import read_labels
from tests.pipeline.people.planted_run import make_run
from tests.pipeline.people.simulated import read_csv, write_csv
from tests.report.people.browser import browser, watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["browser"]

NASTY = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)><b onclick=alert(1)>bold</b>",
    "<iframe src=https://example.org></iframe><link rel=stylesheet href=//example.org/x.css>",
    "]]><!-- --><svg/onload=alert(1)>",
    "{{ 7*7 }}{% raw %}${7*7}",
    "\x00\x07\x1b[31mred\x7f\x85",
    "\u202eright to left\u2066 isolated \u200b\ufeff",
    "half \ud800 pair \udfff",
    '=HYPERLINK("http://example.org")',
    "__proto__",
    "שלום مرحبا",
    "W" * 10_000,
    "broken\r\nline\u2028and\u2029paragraph",
)
SETTINGS = StudySettings(sample="all", groups="2", controls=1)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return make_run(
        tmp_path_factory.mktemp("hostile") / "run",
        n_layers=2,
        n_heads=5,
        text=lambda head: NASTY[(head.layer * 5 + head.head) % len(NASTY)],
        token=lambda head, number: NASTY[(head.layer + head.head + number) % len(NASTY)],
    )


@pytest.fixture(scope="module")
def key(run: RunDir, tmp_path_factory: pytest.TempPathFactory) -> Key:
    folder = tmp_path_factory.mktemp("out")
    return read_key(export_for_people(run.path, folder, kind="csv", settings=SETTINGS).key)


def test_the_page_shows_hostile_texts_as_texts(run: RunDir, browser: Browser, tmp_path: Path) -> None:
    made = export_for_people(run.path, tmp_path, settings=SETTINGS)
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page, complaints = watched(context)
    page.goto(made.files[0].as_uri())
    seen = ""
    for _ in range(made.items):
        page.keyboard.press("1")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        seen += page.locator("main").inner_text().replace("\xa0", " ")
        page.keyboard.press("ArrowRight")
    assert "<img src=x onerror=alert(1)>" in seen
    assert "\\u202eright to left" in seen  # a token, with what is invisible in it made visible
    assert not set("\u202e\u2066\x00\x1b\u2028") & set(seen)
    assert page.locator("img, iframe, svg, main script, main b").count() == 0
    context.close()
    assert complaints == []


def test_the_policy_of_the_page_stops_scripts_that_get_in(
    run: RunDir, browser: Browser, tmp_path: Path
) -> None:
    made = export_for_people(run.path, tmp_path, settings=SETTINGS)
    context = browser.new_context()
    page, complaints = watched(context)
    page.goto(made.files[0].as_uri())
    page.evaluate(
        """() => { const bad = document.createElement('div');
        bad.innerHTML = '<img src=x onerror="window.hacked = 1"><img src="https://example.org/x.png">';
        document.body.append(bad);
        const script = document.createElement('script');
        script.textContent = 'window.hacked = 2'; document.body.append(script);
        return fetch('https://example.org').catch(() => {}); }"""
    )
    assert page.evaluate("window.hacked") is None
    assert sum("Content Security Policy" in line for line in complaints) >= 3
    context.close()


@pytest.mark.parametrize("kind", ["csv", "jsonl", "label-studio"])
def test_files_for_spreadsheets_and_programs_hold_no_control_characters_and_no_formulas(
    run: RunDir, tmp_path: Path, kind: Format
) -> None:
    made = export_for_people(run.path, tmp_path, kind=kind, settings=SETTINGS)
    text = made.files[0].read_text(encoding="utf-8-sig")
    assert not [char for char in text if ord(char) < 32 and char not in "\r\n"]
    assert not set("\u202e\u2066\x7f\x85\u2028") & set(text)
    if kind == "csv":
        cells = [cell for row in read_csv(made.files[0]) for cell in row.values()]
        assert not [cell for cell in cells if cell[:1] in tuple("=+-@")]


def test_hostile_comments_and_names_are_kept_and_shown_as_text(
    run: RunDir, key: Key, browser: Browser, tmp_path: Path
) -> None:
    labels = [
        {"item": item.id, "pattern_visible": True, "description_fits": False, "comment": NASTY[number]}
        for number, item in enumerate(key.items)
    ]
    page_file = {
        "kind": "headscribe-labels",
        "schema_version": 1,
        "export": key.export,
        "content_hash": key.content_hash,
        "annotator": "<b>eve</b>\u202e\x00",
        "labels": labels,
    }
    file = tmp_path / "answers.json"
    file.write_text(json.dumps(page_file))
    assert import_labels(run.path, [file]).rejected == {}
    kept = {label.item: label.comment for label in read_labels(run.path)}
    for label in labels:
        typed = str(label["comment"]).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        assert kept[str(label["item"])] == typed
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page, complaints = watched(context)
    page.goto(report_run(run.path).as_uri())
    assert "<b>eve</b>" in page.locator("#section-people").inner_text()
    for head in ("L0H0", "L0H1", "L1H1"):
        page.evaluate("name => { location.hash = name; }", head)
        page.wait_for_selector("dialog[open]")
        assert "A pattern is visible: 1 of 1" in page.locator("dialog[open]").inner_text()
        page.keyboard.press("Escape")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator("img[src=x], iframe, main script").count() == 0
    context.close()
    assert complaints == []


def test_hostile_comments_in_a_sheet_come_back(run: RunDir, tmp_path: Path) -> None:
    made = export_for_people(run.path, tmp_path, kind="csv", settings=SETTINGS, annotators="carl")
    rows = read_csv(made.files[0])
    texts = [text.encode(errors="replace").decode() for text in NASTY]
    for row, text in zip(rows, texts, strict=False):
        row.update(pattern_visible="no", description_fits="no", comment=text)
    write_csv(made.files[0], rows)
    assert import_labels(run.path, made.files).rejected == {}
    kept = {label.item: label.comment for label in read_labels(run.path) if label.annotator == "carl"}
    assert [kept[row["item"]] for row in rows] == texts[: len(rows)]
