"""Pearson's r over heads and templates, its interval, and the cases where there is none."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from headscribe.eval.check.correlation import correlate


def _tables(heads: int = 60, templates: int = 3, noise: float = 0.3) -> tuple[list[float], list[list[float]]]:
    random = np.random.default_rng(5)
    static = random.random(heads)
    dynamic = static + noise * random.standard_normal((templates, heads))
    return static.tolist(), dynamic.tolist()


def test_r_is_over_all_templates_together_and_not_the_mean_per_template() -> None:
    static, dynamic = _tables()
    dynamic[1] = [value + 5 for value in dynamic[1]]
    found = correlate(static, dynamic)
    together = np.corrcoef(static * 3, [value for table in dynamic for value in table])[0, 1]
    assert found.r == pytest.approx(together)
    assert found.r != pytest.approx(np.mean([np.corrcoef(static, table)[0, 1] for table in dynamic]), abs=0.1)
    assert (found.n, found.n_heads, found.reason) == (180, 60, None)


def test_the_interval_holds_r_narrows_with_more_heads_and_is_seeded() -> None:
    few, many = correlate(*_tables(30)), correlate(*_tables(600))
    for found in (few, many):
        assert found.low is not None
        assert found.low < found.r < found.high  # type: ignore[operator]
    assert many.high - many.low < few.high - few.low  # type: ignore[operator]
    assert correlate(*_tables(30)) == few
    assert correlate(*_tables(30), seed=1) != few


def test_the_interval_equals_a_plain_bootstrap() -> None:
    static, dynamic = _tables(25, 2)
    random = np.random.default_rng(0)
    x, y = np.array(static), np.array(dynamic)
    # drawn as the code does, in blocks of a hundred
    samples = np.concatenate([random.integers(25, size=(100, 25)) for _ in range(10)])
    draws = [np.corrcoef(np.tile(x[chosen], 2), y[:, chosen].ravel())[0, 1] for chosen in samples]
    found = correlate(static, dynamic)
    assert [found.low, found.high] == pytest.approx(np.quantile(draws, [0.025, 0.975]).tolist())


@pytest.mark.parametrize(
    ("static", "dynamic", "reason"),
    [
        ([0.0] * 5, [[0.1, 0.2, 0.3, 0.4, 0.5]], "the static score is 0 for every head"),
        ([0.1, 0.2, 0.3, 0.4, 0.5], [[0.25] * 5, [0.25] * 5], "the dynamic score is 0.25 for every head"),
        ([0.1, 0.2], [[0.3, 0.4]], "fewer than 3 heads"),
    ],
)
def test_constant_scores_have_no_r_but_a_reason_and_no_warning(
    static: list[float], dynamic: list[list[float]], reason: str
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = correlate(static, dynamic)
    assert (found.r, found.low, found.high, found.p, found.reason) == (None, None, None, None, reason)


def test_one_head_that_differs_has_an_r_but_perhaps_no_interval() -> None:
    static = [0.0] * 40
    static[7] = 1.0
    dynamic = [0.0] * 40
    dynamic[7] = 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = correlate(static, [dynamic])
    assert found.r == pytest.approx(1)
    assert found.low == pytest.approx(1)
