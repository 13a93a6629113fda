"""Which heads are silenced, and what counts as a control task."""

from __future__ import annotations

import pytest

from headscribe.core.heads import Head
from headscribe.eval.check.ablation import alike, apart, random_heads, removal_limit, top_heads


@pytest.mark.parametrize(
    ("n_heads", "limit"),
    [
        (144, 30),
        (299, 30),
        (300, 50),
        (499, 50),
        (500, 100),
        (999, 100),
        (1000, 150),
        (1499, 150),
        (1500, 250),
    ],
)
def test_the_limit_follows_the_number_of_heads(n_heads: int, limit: int) -> None:
    assert removal_limit(n_heads) == limit


def test_top_heads_are_sorted_with_the_later_first_among_equals_and_none_at_zero() -> None:
    scores = {Head(0, 0): 0.2, Head(0, 1): 0.5, Head(1, 0): 0.5, Head(1, 1): 0.0, Head(2, 0): 0.9}
    assert top_heads(scores, 30) == [Head(2, 0), Head(1, 0), Head(0, 1), Head(0, 0)]
    assert top_heads(scores, 2) == [Head(2, 0), Head(1, 0)]


def test_random_heads_are_others_and_seeded() -> None:
    heads = [Head(layer, head) for layer in range(4) for head in range(5)]
    top = heads[:6]
    draws = [random_heads(heads, top, seed=0, draw=draw) for draw in range(5)]
    assert all(len(drawn) == 6 and not set(drawn) & set(top) for drawn in draws)
    assert len({tuple(drawn) for drawn in draws}) == 5
    assert random_heads(heads, top, seed=0, draw=3) == draws[3]
    assert random_heads(heads, top, seed=1, draw=3) != draws[3]
    assert len(random_heads(heads, heads[:15], seed=0, draw=0)) == 5


def test_a_control_task_has_hardly_any_of_the_silenced_heads() -> None:
    silenced = [Head(0, head) for head in range(10)]
    others = [Head(1, head) for head in range(10)]
    assert apart(silenced, others)
    assert apart(silenced, [*silenced[:1], *others])
    assert not apart(silenced, [*silenced[:2], *others])


def test_a_control_task_has_nearly_the_same_base_accuracy() -> None:
    assert alike(0.6, 0.8)
    assert alike(0.6, 0.4)
    assert not alike(0.6, 0.81)
