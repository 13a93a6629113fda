"""Paired differences: what is there is found, what is not is not claimed, and how many heads it takes."""

from __future__ import annotations

import numpy as np
import pytest

from headscribe.core.statistics import FEWEST
from headscribe.eval.paired import paired


def numbers(rng: np.random.Generator, n: int, mean: float, spread: float = 0.2) -> list[float | None]:
    return [float(value) for value in rng.normal(mean, spread, n)]


def test_a_difference_that_every_head_shows_is_shown_whatever_the_heads_themselves_are():
    rng = np.random.default_rng(0)
    first = numbers(rng, 50, 0.5, spread=0.3)
    second = [
        value + 0.06 + float(noise) for value, noise in zip(first, rng.normal(0, 0.05, 50), strict=True)
    ]
    found = paired(first, second)
    assert found is not None
    assert found.shown
    assert found.low < 0.06 < found.high
    assert found.high - found.low < 0.04, "the spread between heads cancels"


def test_equal_prompts_show_no_difference():
    values = numbers(np.random.default_rng(1), 30, 0.5)
    found = paired(values, list(values))
    assert found is not None
    assert (found.mean, found.low, found.high, found.needed, found.shown) == (0.0, 0.0, 0.0, None, False)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng, covered = np.random.default_rng(2), 0
    for run in range(150):
        first = numbers(rng, 40, 0.4)
        second = [value + float(rng.normal(0.1, 0.3)) for value in first]
        found = paired(first, second, seed=run)
        assert found is not None
        covered += found.low <= 0.1 <= found.high
    assert 0.88 <= covered / 150 <= 0.99


def test_so_many_heads_as_named_show_the_difference_in_about_four_of_five_samples():
    rng = np.random.default_rng(3)
    pilot = paired([0.0] * 400, [float(value) for value in rng.normal(0.1, 0.4, 400)])
    assert pilot is not None
    assert pilot.needed is not None
    expected = ((1.96 + 0.84) * 0.4 / 0.1) ** 2
    assert pilot.needed == pytest.approx(expected, rel=0.45)
    shown = 0
    for run in range(60):
        found = paired([0.0] * 126, [float(value) for value in rng.normal(0.1, 0.4, 126)], seed=run)
        shown += found.shown
    assert 0.65 <= shown / 60 <= 0.93


def test_heads_without_both_numbers_are_left_out_as_pairs():
    first: list[float | None] = [0.0, None, 0.0, 0.0]
    found = paired(first, [1.0, 9.0, None, 0.0])
    assert found is not None
    assert (found.mean, found.n) == (0.5, 2)
    assert paired([None], [1.0]) is None


def test_a_few_heads_get_no_interval():
    found = paired([0.0] * (FEWEST - 1), [1.0] * (FEWEST - 1))
    assert found is not None
    assert (found.mean, found.low, found.high, found.shown) == (1.0, None, None, False)


def test_the_same_seed_gives_the_same_interval_and_a_higher_level_a_wider_one():
    rng = np.random.default_rng(4)
    first, second = numbers(rng, 20, 0.1), numbers(rng, 20, 0.2)
    assert paired(first, second, seed=7) == paired(first, second, seed=7)
    narrow, wide = paired(first, second), paired(first, second, level=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high
