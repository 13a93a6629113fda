"""Tokens that fill the lists of many heads."""

from __future__ import annotations

import random

import pytest

from headscribe.core.heads import Head
from headscribe.mapping.common_targets import common_targets

VOCAB, ROWS, TARGETS = 5000, 20, 5


def random_lists(n_heads: int, seed: int, vocab: int = VOCAB) -> dict[Head, list[list[int]]]:
    rng = random.Random(seed)
    return {
        Head(at // 7, at % 7): [rng.sample(range(vocab), TARGETS) for _ in range(ROWS)]
        for at in range(n_heads)
    }


@pytest.mark.parametrize("n_heads", [5, 24, 270])
def test_lists_drawn_at_random_have_no_token_in_common(n_heads: int) -> None:
    for seed in range(3):
        assert common_targets(random_lists(n_heads, seed), VOCAB).common == ()


def test_chance_alone_fills_the_lists_of_a_tiny_vocabulary() -> None:
    assert common_targets(random_lists(24, seed=0, vocab=60), 60).common == ()


@pytest.mark.parametrize(("n_heads", "reached"), [(24, 7), (270, 25)])
def test_a_token_of_many_heads_is_found_and_a_token_of_few_is_not(n_heads: int, reached: int) -> None:
    lists = random_lists(n_heads, seed=1)
    for rows in list(lists.values())[:reached]:
        rows[3][2], rows[4][0] = VOCAB, VOCAB  # twice in a head's lists counts once
    for rows in list(lists.values())[:3]:
        rows[7][1] = VOCAB + 1
    found = common_targets(lists, VOCAB)
    assert found.common == (VOCAB,)
    assert (found.heads[VOCAB], found.n_heads) == (reached, n_heads)
    assert 3 < found.least <= reached


def test_the_most_common_comes_first() -> None:
    lists = random_lists(100, seed=2)
    for at, rows in enumerate(lists.values()):
        rows[0][:3] = [VOCAB + 2, VOCAB + 1 if at % 2 else VOCAB + 3, VOCAB + 4 if at % 2 else VOCAB]
    common = common_targets(lists, VOCAB).common
    assert common == tuple(VOCAB + at for at in (2, 0, 1, 3, 4))


def test_without_heads_nothing_is_common() -> None:
    assert common_targets({}, VOCAB).common == ()
