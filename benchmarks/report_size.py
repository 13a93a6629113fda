"""The report of 1,024 heads: its size, how fast a browser shows and searches it, and memory to write one."""

from __future__ import annotations

import html
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.entry import Comparison, Entry, Target
from benchmarks.memory import MEBIBYTE, resident
from tests.report.made_run import MadeRun

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LAYERS = HEADS = 32
LARGE = (80, 64)
"""Layers and heads of the run whose memory is measured, those of a 70B model."""
QUERIES = ("word12", "w", '" word7"', "operation_3", "promotes words near", "l5", "no-such-word")
TRIES = 5
"""Rounds through all searches on one page; the median of each counts."""

# The report shows itself when it is ready; the other pages are ready when they have been read.
_SHOWN = """
const painted = () => { globalThis.shown = performance.now(); };
const ready = () => {
  const main = document.getElementById("main");
  return main ? !main.hidden : document.readyState === "complete";
};
const look = () => requestAnimationFrame(ready() ? () => setTimeout(painted) : look);
look();
"""
_SEARCH = """query => new Promise((done) => {
  const search = document.getElementById("search");
  const began = performance.now();
  search.value = query;
  search.dispatchEvent(new Event("input"));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
})"""
_SEARCH_PLAINLY = """query => new Promise((done) => {
  const began = performance.now();
  for (const head of document.querySelectorAll("section")) {
    head.hidden = !head.textContent.toLowerCase().includes(query);
  }
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
})"""


def measure(folder: Path, repeats: int) -> dict[str, object]:
    """Seconds to write the page, from navigation to its first view, and from a key to what is found."""
    folder.mkdir(parents=True, exist_ok=True)
    report, plain, still = (folder / f"{name}.html" for name in ("report", "plain", "still"))
    writing = []
    for _ in range(repeats):
        began = time.perf_counter()
        text = MadeRun(LAYERS, HEADS).page()
        writing.append(time.perf_counter() - began)
    report.write_text(text, encoding="utf-8")
    plain.write_text(_plain_page(), encoding="utf-8")
    data = text[
        text.index('<script id="data"') : text.index("<script>", text.index('<script id="transcripts"'))
    ]
    still.write_text(f"<!doctype html><p>Nothing but the data.{data}", encoding="utf-8")
    none = Comparison("none: what is measured is its size")
    size = {"megabytes": report.stat().st_size / 1e6, **_memory()}
    note = "records are made in the same time; memory is that of a run of 5,120 heads"
    entries = [
        Entry(
            "write a report, 1,024 heads",
            writing,
            none,
            none,
            Target("megabytes", "at most", 15.0),
            size,
            note,
        )
    ]
    return {"entries": entries + _in_browser(report, plain, still, repeats)}


def _in_browser(report: Path, plain: Path, still: Path, repeats: int) -> list[Entry]:
    """Headless Chromium, a fresh page each time; nothing where there is no browser."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        return []
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        ours = [_visit(browser, report, _SEARCH) for _ in range(repeats)]
        theirs = [_visit(browser, plain, _SEARCH_PLAINLY)]  # a minute each
        least = [_visit(browser, still)[0] for _ in range(repeats)]
        browser.close()
    return [
        Entry(
            "report of 1,024 heads, first view",
            [first for first, _ in ours],
            Comparison(
                "the same heads and mappings written out as tables", min(first for first, _ in theirs)
            ),
            Comparison("a page that holds the same data and does nothing", min(least)),
            Target("seconds", "at most", 1.5),
        ),
        Entry(
            "report of 1,024 heads, slowest of seven searches",
            [slowest for _, slowest in ours],
            Comparison("looking through the text of these tables", min(slowest for _, slowest in theirs)),
            Comparison("none: a browser's drawing is most of it"),
            Target("seconds", "at most", 0.1),
        ),
    ]


def _visit(browser: Browser, file: Path, search: str = "") -> tuple[float, float]:
    """Seconds to the first view, and of the slowest search."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.add_init_script(_SHOWN)
    page.goto(file.as_uri())
    while not (first := page.evaluate("globalThis.shown")):
        page.wait_for_timeout(20)
    page.wait_for_timeout(500)
    rounds = [[page.evaluate(search, query) for query in QUERIES] for _ in range(TRIES) if search]
    page.close()
    return first / 1000, max(map(median, zip(*rounds, strict=True)), default=0.0) / 1000


def _plain_page() -> str:
    """Every head with all its mappings as markup, without any script."""
    run = MadeRun(LAYERS, HEADS)
    said = {row.head: row.outcome.description or row.outcome.error or "" for row in run.descriptions()}
    parts = ["<!doctype html><meta charset=utf-8>"]
    for found in run.maps():
        parts.append(f"<section><h2>{found.head.name}</h2><p>{html.escape(said[found.head])}</p><table>")
        for row in found.mappings:
            cells = ([row.source], row.targets, row.suppressed)
            texts = (" ".join(f"<code>{html.escape(token.text)}</code>" for token in cell) for cell in cells)
            parts.append("<tr><td>" + "<td>".join(texts))
        parts.append("</table></section>")
    return "".join(parts)


def _memory() -> dict[str, float]:
    """In a process of its own, so that nothing else counts."""
    command = [sys.executable, "-m", "benchmarks.report_size"]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(ended.stdout)
    return found


def main() -> None:
    """In the process that is measured: write a small page, then a large one."""
    MadeRun(1, 1).page()
    before = resident()
    text = MadeRun(*LARGE).page()
    growth = resident("VmHWM") - before
    print(json.dumps({"large_mib": len(text) / MEBIBYTE, "large_growth_mib": growth}))


if __name__ == "__main__":
    main()
