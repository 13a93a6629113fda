"""Statistics against scipy, scikit-learn and krippendorff, and on what they leave undefined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, bootstrap, false_discovery_control, permutation_test, spearmanr

from headscribe.core.statistics import (
    binomial_p,
    cohen_kappa,
    discoveries,
    krippendorff_alpha,
    percentile_interval,
    permutation_p,
    resample,
    resampled_counts,
    resampled_means,
    spearman,
    wilson,
)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_that_of_scipy(counts: tuple[int, int]) -> None:
    hits, n = counts
    assert wilson(hits, n) == pytest.approx(
        tuple(binomtest(hits, n).proportion_ci(method="wilson")), abs=1e-7
    )


def test_bootstrapped_means_have_the_interval_of_scipy() -> None:
    values = np.random.default_rng(0).exponential(size=35)
    found = percentile_interval(resampled_means(values, 9999, np.random.default_rng(1)), level=0.9)
    other = bootstrap(
        (values,), np.mean, confidence_level=0.9, method="percentile", rng=2
    ).confidence_interval
    assert found == pytest.approx(tuple(other), abs=0.02)


def test_means_do_not_depend_on_how_many_are_drawn_at_once() -> None:
    values = np.random.default_rng(0).random(30_011)
    plain = values[resample(len(values), 150, np.random.default_rng(4))].mean(axis=1)
    assert resampled_means(values, 150, np.random.default_rng(4)) == pytest.approx(plain, abs=0)


def test_counts_are_draws_with_replacement() -> None:
    counts = resampled_counts(7, 4000, np.random.default_rng(0))
    assert (counts.shape, set(counts.sum(axis=1))) == ((4000, 7), {7})
    assert counts.mean(axis=0) == pytest.approx(np.ones(7), abs=0.06)
    assert counts.var(axis=0) == pytest.approx(np.full(7, 6 / 7), abs=0.08)


@pytest.mark.parametrize(
    ("undefined", "defined", "there"), [(4, 0.5, True), (6, 0.5, False), (6, 0.4, True), (10, 0.0, False)]
)
def test_too_few_defined_draws_give_no_interval(undefined: int, defined: float, there: bool) -> None:
    draws = np.arange(10.0)
    draws[:undefined] = np.nan
    found = percentile_interval(draws, defined=defined)
    assert (found != (None, None)) is there


def test_spearman_is_that_of_scipy_row_by_row_with_ties_and_missing_where_constant() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 6, (5, 23)) / 5, rng.integers(0, 4, (5, 23)) / 3
    assert spearman(x, y) == pytest.approx([spearmanr(*rows).statistic for rows in zip(x, y, strict=True)])
    x[2] = 1.0
    assert np.isnan(spearman(x, y)).tolist() == [False, False, True, False, False]


def test_permutation_p_is_that_of_scipy() -> None:
    x = np.array([0.1, 0.4, 0.35, 0.8, 0.9, 0.2])
    test = permutation_test(
        (x, x[[1, 0, 2, 3, 5, 4]]),
        lambda a, b: (a * b).sum(),
        permutation_type="pairings",
        alternative="greater",
        n_resamples=500,
        rng=0,
    )
    assert permutation_p(test.statistic, test.null_distribution) == pytest.approx(test.pvalue)
    assert permutation_p(0.3, [0.1 + 0.2, 0.1]) == 2 / 3


def test_binomial_p_is_that_of_scipy() -> None:
    tests = ([3, 0, 20], [11, 5, 20], [0.1, 0.4, 0.9])
    plain = [binomtest(k, n, rate, alternative="greater").pvalue for k, n, rate in zip(*tests, strict=True)]
    assert binomial_p(*tests) == pytest.approx(plain)


@given(st.lists(st.floats(0, 1), max_size=40), st.sampled_from([0.01, 0.05, 0.2]))
def test_discoveries_are_those_of_benjamini_and_hochberg(p: list[float], rate: float) -> None:
    ordered = sorted(p)
    largest = max((one for rank, one in enumerate(ordered, 1) if one * len(p) <= rate * rank), default=-1.0)
    found = discoveries(np.array(p), rate)
    close = [abs(q - rate) < 1e-12 for q in (false_discovery_control(p) if p else ())]
    assert all(mark == (one <= largest) or near for mark, one, near in zip(found, p, close, strict=True))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1))
def test_kappa_is_that_of_scikit_learn(pairs: list[tuple[bool, bool]]) -> None:
    from sklearn.metrics import cohen_kappa_score

    one, other = zip(*pairs, strict=True)
    if len({*one, *other}) == 1:
        assert cohen_kappa(one, other) is None
    else:
        assert cohen_kappa(one, other) == pytest.approx(cohen_kappa_score(one, other))
    assert cohen_kappa([], []) is None


def test_alpha_is_that_of_the_package_krippendorff_also_with_missing_answers() -> None:
    import krippendorff

    counts = np.random.default_rng(3).integers(1, 4, (6, 20, 2))
    plain = [krippendorff.alpha(value_counts=table, level_of_measurement="nominal") for table in counts]
    assert krippendorff_alpha(counts) == pytest.approx(plain)
    assert np.isnan(krippendorff_alpha(np.array([[[2, 0], [3, 0]]]))).all()
