"""The largest entries of a product, against the product in full."""

from __future__ import annotations

import doctest
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from headscribe.mapping import pair_search
from headscribe.mapping.balance import balanced
from headscribe.mapping.largest_entries import largest_entries
from headscribe.mapping.pair_ranking import Entries

KINDS = ("normal", "heavy-tailed", "whole", "low-rank", "negative", "unbalanced")


def draw(n: int, r: int, kind: str, seed: int, zeros: int = 0) -> Tensor:
    """A factor whose entries are of a kind, with some rows of zeros; whole numbers make ties abound."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    factor = {
        "normal": lambda: normal(n, r),
        "heavy-tailed": lambda: normal(n, r) * torch.exp(2 * normal(n, 1)),
        "whole": lambda: torch.randint(-2, 3, (n, r), generator=generator).float(),
        "low-rank": lambda: normal(n, 1) @ normal(1, r),
        # with a factor of ones as the other one, every entry is below zero
        "negative": lambda: -normal(n, r).abs(),
        "unbalanced": lambda: normal(n, r) * 10.0 ** torch.arange(r).remainder(5),
    }[kind]()
    factor[torch.randperm(n, generator=generator)[:zeros]] = 0
    return factor


def in_full(a: Tensor, b: Tensor, k: int, *, one_per_row: bool) -> list[tuple[float, int, int]]:
    """The same the slow way: every entry in float64, rounded once, sorted in Python."""
    entries = (a.double()[:, None] * b.double()).sum(2).to(a.dtype).tolist()
    order = sorted((-value, i, j) for i, row in enumerate(entries) for j, value in enumerate(row))
    if one_per_row:
        seen: set[int] = set()
        order = [item for item in order if not (item[1] in seen or seen.add(item[1]))]  # type: ignore[func-returns-value]
    return [(-value, i, j) for value, i, j in order[:k]]


def listed(found: Entries) -> list[tuple[float, int, int]]:
    columns = (found.values, found.rows, found.columns)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    sizes=st.tuples(st.integers(1, 40), st.integers(1, 33)),
    r=st.integers(1, 9),
    k=st.sampled_from([1, 2, 7, 30, 5000]),
    kinds=st.tuples(st.sampled_from(KINDS), st.sampled_from(KINDS)),
    zeros=st.tuples(st.sampled_from([0, 0, 3, 40]), st.sampled_from([0, 0, 3, 40])),
    one_per_row=st.booleans(),
    first=st.sampled_from([1, 4, 256]),
    tile=st.sampled_from([1, 3, 8, 1024]),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_both_searches_find_what_the_product_in_full_shows(
    *,
    seed: int,
    sizes: tuple[int, int],
    r: int,
    k: int,
    kinds: tuple[str, str],
    zeros: tuple[int, int],
    one_per_row: bool,
    first: int,
    tile: int,
    dtype: torch.dtype,
) -> None:
    a = draw(sizes[0], r, kinds[0], seed, zeros[0]).to(dtype)
    b = draw(sizes[1], r, kinds[1], seed + 1, zeros[1]).to(dtype)
    expected = in_full(a, b, k, one_per_row=one_per_row)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair_search, "FIRST", first)
        for prune in (False, True):
            found = largest_entries(a, b, k, one_per_row=one_per_row, prune=prune, tile=tile)
            assert listed(found) == expected


@pytest.mark.parametrize("one_per_row", [False, True])
def test_a_map_below_zero_is_searched_to_its_end(one_per_row: bool) -> None:
    a, b = draw(70, 5, "negative", 1), torch.ones(50, 5)
    expected = in_full(a, b, 9, one_per_row=one_per_row)
    assert expected[0][0] < 0
    for prune in (False, True):
        found = largest_entries(a, b, 9, one_per_row=one_per_row, prune=prune, tile=16)
        assert listed(found) == expected


def test_zero_rows_win_in_a_map_below_zero() -> None:
    a, b = draw(20, 3, "negative", 2), torch.ones(10, 3)
    a[7] = 0
    found = largest_entries(a, b, 12, prune=True)
    assert found.rows.tolist()[:10] == [7] * 10
    assert found.columns.tolist()[:10] == list(range(10))
    assert found.values[9] == 0 > found.values[10]


def test_the_example_of_the_pruned_search_is_as_it_says() -> None:
    found = doctest.testmod(pair_search)
    assert (found.failed, found.attempted) == (0, 4)


def test_a_map_of_zeros_gives_its_first_pairs() -> None:
    found = largest_entries(torch.zeros(100_000, 4), torch.randn(100_000, 4), 5)
    assert listed(found) == [(0.0, 0, column) for column in range(5)]
    assert found.multiplied == 0


def planted(kind: str, sizes: tuple[int, int] = (3000, 2000), r: int = 12) -> tuple[Tensor, Tensor]:
    return draw(sizes[0], r, kind, 3), draw(sizes[1], r, kind, 4)


@pytest.mark.parametrize("kind", ["normal", "heavy-tailed", "unbalanced"])
@pytest.mark.parametrize("k", [1, 100])
def test_pruning_does_not_change_a_larger_map(kind: str, k: int) -> None:
    a, b = planted(kind)
    plain, pruned = (largest_entries(a, b, k, prune=prune, tile=512) for prune in (False, True))
    assert listed(plain) == listed(pruned)
    by_row = [largest_entries(a, b, k, one_per_row=True, prune=prune) for prune in (False, True)]
    assert listed(by_row[0]) == listed(by_row[1])


def test_planted_pairs_come_first() -> None:
    a, b = planted("normal")
    longest = float(a.norm(dim=1).max() * b.norm(dim=1).max())
    # in two directions that no other row has; the first planted source is the shortest of all
    a[:, -2:], b[:, -2:] = 0, 0
    for times, row, column, direction in ((3.0, 2999, 0, -1), (2.0, 5, 1999, -2)):
        a[row], b[column] = 0, 0
        a[row, direction], b[column, direction] = 0.01, times * longest / 0.01
    found = largest_entries(a, b, 2, prune=True)
    assert (found.rows.tolist(), found.columns.tolist()) == ([2999, 5], [0, 1999])
    assert found.values.tolist() == pytest.approx([3 * longest, 2 * longest])


@pytest.mark.parametrize("kind", ["heavy-tailed", "unbalanced"])
def test_bounds_rule_out_nearly_all_of_a_map_with_long_rows(kind: str) -> None:
    a, b = draw(4000, 16, "heavy-tailed", 5), draw(4000, 16, "heavy-tailed", 6)
    if kind == "unbalanced":
        # long where the other factor is short: ‖a‖ ‖b‖ itself would rule out little
        scale = 10.0 ** torch.linspace(-2, 2, 16)
        a, b = a * scale, b / scale
    found = largest_entries(a, b, 100)
    assert found.multiplied < 0.02 * len(a) * len(b)


def test_balanced_factors_have_the_same_product_and_equal_columns() -> None:
    a, b = draw(900, 7, "unbalanced", 8).double(), draw(800, 7, "normal", 9).double()
    new_a, new_b, rest = balanced(a, b)
    assert torch.allclose(new_a @ new_b.T, a @ b.T)
    assert rest < 1e-8
    moments: list[Any] = [x.T @ x / len(x) for x in (new_a, new_b)]
    assert torch.allclose(moments[0], moments[1], rtol=0.05, atol=1e-6 * float(moments[0].max()))
    assert torch.allclose(moments[0], moments[0].diagonal().diag(), atol=1e-6 * float(moments[0].max()))
