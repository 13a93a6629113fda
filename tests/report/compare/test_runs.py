"""``report --compare``: two runs of one model on one page."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headscribe.core.errors import BadOption, BadStore
from headscribe.core.settings import MapSettings
from headscribe.pipeline import describe_model, report_run
from headscribe.pipeline.compare.runs import score_differences
from headscribe.store.describe.run_dir import RunDir
from tests.cli.conftest import Cli, cli
from tests.eval.compare.analysis_maps import records, write_map

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["cli"]
PAPER = MapSettings(view="paper")
HEADS = "L1H2,L1H3,L1H4,L2H1"
SAME_WORDS = ["France", "Paris", "bank", "south", "walk", "present"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run of the bundled model, and a second one of the same map that says otherwise of some heads."""
    folder = tmp_path_factory.mktemp("runs")
    operations = folder / "one.csv"
    operations.write_text("source,target\n" + "\n".join(f"{word},{word}" for word in SAME_WORDS))
    describe_model(
        "demo", folder / "first", llm="rules", heads=HEADS, map_settings=PAPER, operations=[operations]
    )
    shutil.copytree(folder / "first", folder / "second")
    table = folder / "second" / "descriptions.parquet"
    same, changed, failed, _ = pq.read_table(table).to_pylist()
    changed |= {"description": "Does something else.", "confidence": changed["confidence"] - 0.25}
    failed |= {"status": "failed", "description": None, "confidence": None, "error": "no answer"}
    rows = [same, changed, failed, same | {"layer": 2, "head": 7}]
    pq.write_table(pa.Table.from_pylist(rows, pq.read_schema(table)), table)
    return folder / "first", folder / "second"


@pytest.fixture(scope="module")
def page_html(runs: tuple[Path, Path]) -> str:
    written = report_run(runs[0], compare=runs[1])
    assert written == runs[0] / "compare.html"
    return written.read_text(encoding="utf-8")


def rows(page: Page) -> dict[str, str]:
    lines = page.locator("#changes tbody tr").all()
    return {line.locator("td").nth(0).inner_text(): line.locator("td").nth(1).inner_text() for line in lines}


def test_heads_that_differ_are_listed_with_what_differs(page: Page) -> None:
    found = rows(page)
    assert {name: found[name] for name in ("L1H3", "L1H4", "L2H1", "L2H7")} == {
        "L1H3": "words differ",
        "L1H4": "status differs",
        "L2H1": "only here",
        "L2H7": "only in second",
    }
    assert "1 same" in page.locator("#changes-facts").inner_text()
    page.select_option("#changes-of", "down")
    assert list(rows(page)) == ["L1H3"]
    assert "−25" in page.locator("#changes tbody").inner_text()


def test_a_card_shows_what_the_other_run_says(page: Page) -> None:
    page.evaluate("location.hash = 'L1H3'")
    page.wait_for_selector("#card article")
    assert "Does something else." in page.locator("#card .other").inner_text()
    page.keyboard.press("Escape")


def test_the_map_takes_the_change_as_its_colour(page: Page) -> None:
    page.select_option("#colour", "change")
    legend = page.locator("#legend").inner_text()
    assert "status differs (1)" in legend
    assert "only here (1)" in legend


def test_runs_of_one_map_have_equal_scores(page: Page) -> None:
    assert "all operation scores are equal" in page.locator("#changes-scores").inner_text()


def test_scores_that_differ_between_maps_are_found_largest_first(tmp_path: Path) -> None:
    ours = {"L0H1": {"copying": 0.9, "country_to_capital": 0.5}, "L1H1": {"-copying": 0.3}}
    theirs = {"L0H1": {"copying": 0.8, "country_to_capital": 0.5}, "L2H2": {"word_to_synonym": 1.0}}
    maps = [
        write_map(tmp_path / str(number), records(planted, 3, 4, operations))
        for number, (planted, operations) in enumerate(
            [
                (ours, ("copying", "country_to_capital")),
                (theirs, ("copying", "country_to_capital", "word_to_synonym")),
            ]
        )
    ]
    found, n_scores = score_differences(*maps)
    assert [(row.head.name, row.operation, row.suppression, row.this, row.other) for row in found] == [
        ("L1H1", "copying", True, 0.3, 0.0),
        ("L0H1", "copying", False, 0.9, 0.8),
    ]
    assert n_scores == 2 * 2 * 12


def test_runs_of_different_models_are_refused_in_one_line(
    runs: tuple[Path, Path], tmp_path: Path, cli: Cli
) -> None:
    other = tmp_path / "other"
    shutil.copytree(runs[1], other)
    header = RunDir.open(other).header
    model = header.model.model_copy(update={"weights_hash": "0" * 64, "name": "gpt2"})
    (other / "run.json").write_text(header.model_copy(update={"model": model}).model_dump_json())
    ended = cli("report", str(runs[0]), "--compare", str(other))
    assert ended.code == 2
    assert "the runs describe different models, demo and gpt2" in " ".join(ended.err.split())
    assert ended.out == ""


def test_a_run_is_not_compared_with_itself_or_with_nothing(runs: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="no differences from itself"):
        report_run(runs[0], compare=runs[0])
    with pytest.raises(BadStore, match="not a run folder"):
        report_run(runs[0], compare=tmp_path)


def test_the_command_writes_where_it_is_told(runs: tuple[Path, Path], tmp_path: Path, cli: Cli) -> None:
    ended = cli("report", str(runs[0]), "--compare", str(runs[1]), "-o", "page.html")
    assert (ended.code, ended.out.strip()) == (0, "Report: page.html")
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")
