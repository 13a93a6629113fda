"""What a confidence is worth, with simulated describers and readers of known skill (docs/verification.md)."""

from __future__ import annotations

import json
import re

from benchmarks.calibration import coverage, refinement, wrong_descriptions
from tests.conftest import REPOSITORY


def test_the_interval_holds_the_true_accuracy_in_93_to_97_percent_of_heads():
    found = coverage(600, lambda rng: rng.uniform(0.5, 1))
    assert 0.93 <= found.covered <= 0.97


def test_a_plausible_but_wrong_description_gets_an_interval_that_includes_0():
    found = wrong_descriptions(100)
    assert found.covered >= 0.95
    assert abs(found.confidence) < 0.05


def test_refinement_raises_the_confidence_of_a_describer_that_starts_half_right():
    found = refinement(60)
    assert found.after > found.before + 0.2
    assert found.raised > 0.6
    assert found.lowered < 0.1


def test_the_page_shows_the_numbers_of_the_benchmark():
    page = (REPOSITORY / "docs" / "verification.md").read_text(encoding="utf-8")
    kept = json.loads((REPOSITORY / "benchmarks" / "results.json").read_text())["calibration"]
    rows = re.findall(
        r"^\| (?:drawn from )?([\d. to]+?)(?: for each head)? \| ([\d,]+) \| ([\d.]+%) \| ([\d.]+) \|$",
        page,
        re.M,
    )
    shown = {skill: (heads, covered, width) for skill, heads, covered, width in rows}
    assert shown == {
        skill: (f"{row['heads']:,}", f"{row['covered']:.1%}", f"{row['width']:.2f}")
        for skill, row in kept["coverage"].items()
    }
    better = kept["refinement"]
    for number in (
        f"{kept['wrong_descriptions']['covered']:.1%} of the intervals include 0",
        f"mean confidence {better['before']:.2f} |",
        f"mean confidence {better['after']:.2f}; higher for {better['raised']:.0%} of the heads",
        f"lower for {better['lowered']:.1%} |",
    ):
        assert number in page
