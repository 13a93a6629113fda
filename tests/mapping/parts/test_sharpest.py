"""Rows of the sharpest pairs: which sources get one, whom they stand for, and what chance would give."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from headscribe.mapping.parts.candidates import Candidates, candidates
from headscribe.mapping.parts.chance import expected_by_chance
from headscribe.mapping.parts.distinct import distinct_top
from headscribe.mapping.parts.sharpest import ALIKE, classes, sharpest_rows

ROWS, D_HEAD = 400, 16


def directions(seed: int, n: int = ROWS) -> Tensor:
    drawn = torch.randn(n, D_HEAD, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.nn.functional.normalize(drawn, dim=1)


def found_among(whitened: Tensor, unit: Tensor, usable: Tensor, n: int) -> Candidates:
    acting = (whitened @ unit[usable].T).square().mean(1).sqrt()
    return candidates(whitened, unit, usable, acting, n)


@pytest.fixture
def whitened() -> Tensor:
    lengths = torch.rand(ROWS, 1, generator=torch.Generator().manual_seed(3), dtype=torch.float64) + 1
    return directions(0) * lengths * D_HEAD**0.5


@pytest.fixture
def usable() -> Tensor:
    usable = torch.ones(ROWS, dtype=torch.bool)
    usable[[0, 7, 399]] = False
    return usable


def test_with_room_for_all_sources_every_largest_entry_is_found(whitened: Tensor, usable: Tensor) -> None:
    unit = directions(1)
    found = found_among(whitened, unit, usable, ROWS)
    entries = whitened @ unit.T
    assert found.ids.tolist() == usable.nonzero().flatten().tolist()
    torch.testing.assert_close(found.sharpest, entries[usable][:, usable].amax(1))
    assert found.bound == -torch.inf


def test_no_source_that_is_left_out_exceeds_the_bound(whitened: Tensor, usable: Tensor) -> None:
    unit = directions(1)
    found = found_among(whitened, unit, usable, 50)
    left = usable.clone()
    left[found.ids] = False
    assert len(found.ids) == 50
    assert float((whitened[left] @ unit[usable].T).max()) <= found.bound


def test_rows_go_down_and_nobody_sharper_is_missing(whitened: Tensor, usable: Tensor) -> None:
    unit, families = directions(1), torch.arange(ROWS) // 2  # neighbours are spelled alike
    found = found_among(whitened, unit, usable, ROWS)
    rows = sharpest_rows(found, whitened, families, 20)
    sharpest = torch.full((ROWS,), -torch.inf, dtype=torch.float64)
    sharpest[found.ids] = found.sharpest
    own = sharpest[rows.ids]
    assert rows.exact
    assert (own.diff() <= 0).all()
    assert len(set(families[rows.ids].tolist())) == 20
    unit_sources = torch.nn.functional.normalize(whitened, dim=1)
    near = unit_sources[rows.ids] @ unit_sources.T
    assert float((near[:, rows.ids] - torch.eye(20)).max()) < ALIKE
    for id in (sharpest > float(own[-1])).nonzero().flatten().tolist():
        stronger = (own >= sharpest[id]).nonzero().flatten()
        spelled = families[rows.ids[stronger]] == families[id]
        assert bool((spelled | (near[stronger, id] >= ALIKE)).any())


def test_sources_that_point_one_way_share_a_row_that_names_them(whitened: Tensor, usable: Tensor) -> None:
    unit = directions(1)
    whitened[20] = unit[30] * 9  # sharper than any other, and two beside it
    whitened[21], whitened[22] = unit[30] * 8.5, unit[30] * 8
    rows = sharpest_rows(found_among(whitened, unit, usable, ROWS), whitened, torch.arange(ROWS), 5)
    assert rows.ids[0] == 20
    assert rows.members[0][:2] == [21, 22]
    assert not {21, 22} & set(rows.ids.tolist())


def test_a_source_spelled_like_a_row_s_is_no_member_of_it(whitened: Tensor, usable: Tensor) -> None:
    unit, families = directions(1), torch.arange(ROWS)
    whitened[20], whitened[21] = unit[30] * 9, unit[30] * 8.5
    families[21] = families[20]
    rows = sharpest_rows(found_among(whitened, unit, usable, ROWS), whitened, families, 5)
    assert 21 not in rows.members[0]


def test_rows_that_the_bound_does_not_prove_are_not_called_exact(whitened: Tensor, usable: Tensor) -> None:
    unit = directions(1)
    rows = sharpest_rows(found_among(whitened, unit, usable, 60), whitened, torch.arange(ROWS), 40)
    assert not rows.exact


def test_rows_with_similar_target_lists_are_one_class() -> None:
    axes = torch.eye(D_HEAD).double()
    rows = torch.stack([axes[0], axes[1] + 0.1 * axes[0], axes[0] + 0.2 * axes[2], axes[1], axes[3]]) * 5
    gram = torch.eye(D_HEAD).double() / D_HEAD
    assert classes(rows, gram) == [0, 1, 0, 1, 2]


def test_the_expected_number_of_pairs_is_what_random_directions_give() -> None:
    unit, root = directions(5, 200), torch.eye(D_HEAD).double()
    cosines = directions(6, 5000) @ unit.T
    for limit in (0.3, 0.5, 0.7):
        counted = int((cosines >= limit).sum())
        (expected,) = expected_by_chance([limit], root, 5000, 200)
        assert counted == pytest.approx(expected, rel=0.15)


def test_only_directions_in_which_values_vary_count_for_chance() -> None:
    root = torch.eye(D_HEAD).double()
    root[:, 3:] = 0
    narrow, wide = (expected_by_chance([0.8], r, 10, 10)[0] for r in (root, torch.eye(D_HEAD).double()))
    assert narrow == pytest.approx(100 * 0.1)  # in three dimensions a cosine is uniform on [-1, 1]
    assert wide < narrow


def test_each_family_stands_once_by_its_most_extreme_member() -> None:
    scores = torch.tensor([[5.0, 9.0, 8.0, 1.0, 7.0, 9.5], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
    families, usable = torch.tensor([0, 1, 1, 2, 3, 4]), torch.tensor([True] * 5 + [False])
    values, columns = distinct_top(scores.clone(), 3, families, usable)
    assert columns.tolist() == [[1, 4, 0], [4, 3, 2]]
    assert values.tolist() == [[9.0, 7.0, 5.0], [5.0, 4.0, 3.0]]
    values, columns = distinct_top(scores.clone(), 9, families, usable, largest=False)
    assert columns.tolist() == [[3, 0, 4, 2], [0, 1, 3, 4]]


def test_many_members_of_one_family_hide_no_other_family() -> None:
    scores = torch.arange(300.0).flip(0)[None].repeat(2, 1)
    families = torch.zeros(300, dtype=torch.long)
    families[-3:] = torch.tensor([1, 2, 3])
    _, columns = distinct_top(scores, 4, families, torch.ones(300, dtype=torch.bool))
    assert columns.tolist() == [[0, 297, 298, 299]] * 2


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("whole_numbers", [True, False])
def test_long_rows_are_ranked_as_short_ones_are(largest: bool, whole_numbers: bool) -> None:
    scores = torch.randn(3, 20_011, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    if whole_numbers:  # ties by the thousand
        scores = (scores * 3).round()
    columns = torch.arange(scores.shape[1])
    ordered = scores.sort(dim=1, descending=largest, stable=True)
    usable = torch.ones_like(columns, dtype=torch.bool)
    found = distinct_top(scores.clone(), 6, columns, usable, largest=largest)
    assert torch.equal(found[0], ordered.values[:, :6])
    assert torch.equal(found[1], ordered.indices[:, :6])
