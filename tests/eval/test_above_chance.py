"""Which scores are above chance: the binomial law, and the false discovery rate over the whole map."""

from __future__ import annotations

from dataclasses import replace
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.eval.above_chance import mark_above_chance

N_TARGETS = 1000


def score(
    hits: int, suppressed: int, n: int, shuffled: tuple[float, float], place: int = 0
) -> OperationScore:
    return OperationScore(
        Head(place // 7, place % 7), f"operation {place}", "any", hits, suppressed, 10, n,
        shuffled_score=shuffled[0], shuffled_suppression_score=shuffled[1],
    )  # fmt: skip


def tail(hits: int, n: int, rate: float) -> float:
    return sum(comb(n, i) * rate**i * (1 - rate) ** (n - i) for i in range(hits, n + 1))


def step_up(p: list[float]) -> float:
    """The largest p-value that Benjamini and Hochberg's procedure rejects at 5%, -1 if none."""
    ordered = sorted(p)
    return max((value for rank, value in enumerate(ordered, 1) if value <= 0.05 * rank / len(p)), default=-1)


def one_score() -> st.SearchStrategy[OperationScore]:
    share = st.sampled_from([0.0, 0.004, 0.02, 0.3, 1.0])
    return st.integers(30, 60).flatmap(
        lambda n: st.builds(
            score,
            st.integers(0, n),
            st.integers(0, 3),
            st.just(n),
            st.tuples(share, share),
            st.integers(0, 20),
        )
    )


@settings(deadline=None)
@given(st.lists(one_score(), max_size=30))
def test_marks_are_those_of_benjamini_and_hochberg_over_both_ends(scores: list[OperationScore]) -> None:
    p = [
        tail(hits, one.n_pairs, max(shuffled or 0, 10 / N_TARGETS))
        for one in scores
        for hits, shuffled in (
            (one.hits, one.shuffled_score),
            (one.suppression_hits, one.shuffled_suppression_score),
        )
    ]
    expected = [value <= step_up(p) for value in p]
    marked = mark_above_chance(scores, N_TARGETS)
    found = [mark for one in marked for mark in (one.above_chance, one.suppression_above_chance)]
    assert found == expected
    assert [replace(one, above_chance=None, suppression_above_chance=None) for one in marked] == scores


def test_the_specific_part_is_tested_where_there_is_one() -> None:
    whole = score(30, 0, 40, (0.0, 0.0))
    nothing = replace(
        whole, specific_hits=0, specific_suppression_hits=20, specific_shuffled_score=0.0,
        specific_suppression_shuffled_score=0.0,
    )  # fmt: skip
    (plain, taken_apart) = mark_above_chance([whole, nothing], N_TARGETS)
    assert (plain.above_chance, plain.suppression_above_chance) == (True, False)
    assert (taken_apart.above_chance, taken_apart.suppression_above_chance) == (False, True)


def test_more_heads_and_operations_make_the_test_harder() -> None:
    close = score(3, 0, 40, (0.0, 0.0))
    alone = mark_above_chance([close], N_TARGETS)[0]
    among = mark_above_chance([close, *(score(0, 0, 40, (0.0, 0.0), n) for n in range(200))], N_TARGETS)[0]
    assert (alone.above_chance, among.above_chance) == (True, False)


def test_scores_without_a_shuffled_one_stay_unmarked_and_count_in_no_test() -> None:
    old = OperationScore(Head(0, 0), "a", "any", 40, 0, 10, 40)
    marked = mark_above_chance([old], N_TARGETS)
    assert marked == [old]
    assert marked[0].promotion.beyond_shuffled is None
    beside = mark_above_chance([score(3, 0, 40, (0.0, 0.0)), *[old] * 300], N_TARGETS)
    assert beside[0].above_chance is True


def test_a_leading_score_has_its_interval_and_what_is_beyond_the_shuffled_one() -> None:
    one = score(20, 5, 40, (0.1, 0.05))
    assert one.promotion.beyond_shuffled == pytest.approx(0.4)
    assert one.suppression.beyond_shuffled == pytest.approx(0.075)
    assert (one.low, one.high) == one.promotion.interval == pytest.approx((0.352, 0.648), abs=1e-3)
    specific = replace(one, specific_hits=40, specific_suppression_hits=0)
    assert specific.high == 1
    assert specific.suppression_low == 0
