"""What the suite says of a time, and that pages quote its results and nothing else."""

from __future__ import annotations

import json

import pytest

from benchmarks.__main__ import SUITE, keep
from benchmarks.entry import Comparison, Entry, Target
from benchmarks.tables import PAGES, RESULTS, filled, notes, parts, table


def entry(name: str = "work", target: Target | None = None, **figures: float) -> Entry:
    return Entry(
        name,
        [3.0, 2.0, 5.0],
        Comparison("the plain way", 30.0),
        Comparison("the floor", 2.0),
        target,
        figures,
    )


def test_ratios_rest_on_the_median() -> None:
    plain = entry().as_json()
    assert (plain["seconds"], plain["spread"], plain["repeats"]) == (3.0, [2.0, 5.0], 3)
    assert (plain["ratio_to_baseline"], plain["ratio_to_floor"]) == (10.0, 1.5)
    assert (plain["target"], plain["met"]) == (None, None)


def test_without_a_baseline_or_a_floor_there_is_no_ratio() -> None:
    plain = Entry("work", [1.0], Comparison("nobody does this plainly"), Comparison("none")).as_json()
    assert plain["baseline_seconds"] is plain["ratio_to_baseline"] is plain["ratio_to_floor"] is None


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (Target("ratio_to_baseline", "at least", 10), True),
        (Target("ratio_to_baseline", "at least", 10.1), False),
        (Target("ratio_to_floor", "at most", 1.5), True),
        (Target("seconds", "at most", 2.9), False),
        (Target("mebibytes", "at most", 8), True),
    ],
)
def test_a_target_is_about_one_figure(target: Target, met: bool) -> None:
    assert entry(target=target, mebibytes=7.0).as_json()["met"] is met


def test_a_table_shows_a_missed_target() -> None:
    missed = entry(target=Target("seconds", "at most", 1)).as_json()
    assert "seconds at most 1: **missed**" in table([missed])


def test_what_a_benchmark_found_replaces_what_it_found_before_in_the_suites_order() -> None:
    results = {"entries": [], "other": {"kept": 1}}
    for name in [*reversed(SUITE), next(iter(SUITE))]:
        keep(results, name, {"entries": [entry(name)]})
    assert [one["name"] for one in results["entries"]] == list(SUITE)
    keep(results, "calibration", {"coverage": 0.95})
    assert results["calibration"]["coverage"] == 0.95
    assert results["other"] == {"kept": 1}


def test_a_benchmark_that_ran_by_itself_says_on_what() -> None:
    results = {"entries": [], "machine": {"cores": 64}}
    keep(results, "large", {"entries": [entry("work")]}, alone=True)
    assert results["machine"] == {"cores": 64}
    assert "Run by itself on" in notes(results["entries"])
    keep(results, "large", {"entries": [entry("work")]})
    assert "Run by itself on" not in notes(results["entries"])
    assert results["machine"] != {"cores": 64}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_quote_the_results(page) -> None:
    results = json.loads(RESULTS.read_text())
    text = page.read_text(encoding="utf-8")
    assert "<!-- benchmarks: " in text
    assert filled(text, results) == text, "run python -m benchmarks, or benchmarks.tables.fill_pages()"


def test_every_target_is_met_or_explained() -> None:
    results = json.loads(RESULTS.read_text())
    missed = [one["name"] for one in results["entries"] if one["met"] is False]
    explained = (PAGES[1]).read_text(encoding="utf-8")
    assert all(f"**Missed: {name}.**" in explained for name in missed)
    assert {"machine", "table", "notes", "in-short"} == set(parts(results))
