"""The comparison as a page."""

from __future__ import annotations

from pathlib import Path

from headscribe.pipeline.compare.maps import compare_maps, write_comparison
from tests.cli.conftest import Cli, cli
from tests.eval.compare.analysis_maps import records, write_map

__all__ = ["cli"]
HOSTILE = "<img src=x onerror=alert(1)>"


def _maps(folder: Path) -> list[Path]:
    operations = ("copying", "country_to_capital")
    write_map(folder / "a", records({"L1H2": {"copying": 0.9}}, 3, 4, operations), name=HOSTILE)
    write_map(
        folder / "b",
        records({"L4H1": {"copying": 0.5}}, 5, 6, (*operations, "word_to_synonym")),
        name="b",
        n_layers=5,
        n_heads=6,
        n_kv_heads=3,
        d_model=36,
    )
    return [folder / "a", folder / "b"]


def test_the_page_shows_the_matrix_and_escapes_what_came_from_outside(tmp_path: Path) -> None:
    write_comparison(compare_maps(_maps(tmp_path)), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "<img" not in page
    assert "<script" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert '<td class="shade q9">1: L1H2 0.90, depth 0.50</td>' in page
    assert '<td class="shade q5">1: L4H1 0.50, depth 1.00</td>' in page
    assert "not scored" in page
    assert "1 of the 2 operations scored in all" in page
    assert "pairs of different groups of a layer" in page


def test_the_command_says_where_the_page_lies(tmp_path: Path, cli: Cli) -> None:
    ended = cli("compare", *map(str, _maps(tmp_path)), "-o", "page.html")
    assert ended.code == 0
    assert "Page: page.html" in ended.out
    assert (tmp_path / "page.html").is_file()
