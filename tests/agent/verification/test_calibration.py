"""What a lift is worth, with simulated describers and readers of known skill (docs/verification.md)."""

from __future__ import annotations

import json
import re

import pytest

from benchmarks.calibration import coverage, refinement, wrong_descriptions
from benchmarks.simulated import Prior
from tests.conftest import REPOSITORY


@pytest.mark.parametrize("prior", ["none", "related"])
def test_the_interval_holds_the_true_lift_in_93_percent_of_heads_or_more(prior: Prior):
    found = coverage(150, lambda rng: rng.uniform(0.5, 1), prior=prior)
    assert found.covered >= 0.93
    assert found.width < 0.7


def test_asking_until_the_interval_is_narrow_leaves_it_honest():
    found = coverage(100, lambda rng: rng.uniform(0.8, 1), test_rows=27, interval=0.3)
    assert found.covered >= 0.9
    assert found.items < 75
    assert found.width < 0.33


@pytest.mark.parametrize("prior", ["none", "related", "A"])
def test_a_plausible_but_wrong_description_is_never_shown_to_add_anything(prior: Prior):
    found = wrong_descriptions(40, prior=prior)
    assert found.covered >= 0.95
    assert found.confidence < 0.1


def test_refinement_raises_the_lift_of_a_describer_that_starts_half_right():
    found = refinement(40)
    assert found.after > found.before + 0.2
    assert found.raised > 0.6
    assert found.lowered < 0.1


def test_the_page_shows_the_numbers_of_the_benchmark():
    page = (REPOSITORY / "docs" / "verification.md").read_text(encoding="utf-8")
    kept = json.loads((REPOSITORY / "benchmarks" / "results.json").read_text())["calibration"]
    rows = re.findall(r"^\| ([^|]+) \| (\d+) \| ([\d.]+%) \| ([\d.]+) \| (-?[\d.]+) \|$", page, re.M)
    shown = {name: found for name, *found in rows}
    assert shown == {
        name: [
            str(row["heads"]), f"{row['covered']:.1%}", f"{row['width']:.2f}", f"{row['confidence']:.2f}",
        ]
        for name, row in (*kept["coverage"].items(), *kept["wrong_descriptions"].items())
    }  # fmt: skip
    better = kept["refinement"]
    for number in (
        f"{better['before']:.2f} without",
        f"{better['after']:.2f} with it",
        f"higher for {better['raised']:.0%}",
        f"lower for {better['lowered']:.1%}",
    ):
        assert number in page
