"""What must not change a head's parts: where a norm's weight is kept, and the bases of stream and values."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from headscribe.core.parts import TakenApart
from headscribe.core.settings import MapSettings
from headscribe.mapping.parts.mapper import PartsMapper
from tests.mapping.memory_checkpoint import MemoryCheckpoint, random_checkpoint

SETTINGS = MapSettings(view="parts", source_view="residual", dtype="float64", salient=7, targets=4)
LAYER = 1
seeds = st.integers(0, 10_000)


def taken_apart(checkpoint: MemoryCheckpoint) -> list[TakenApart]:
    return PartsMapper(checkpoint.opened(), SETTINGS)(LAYER, list(range(checkpoint.w_o.shape[1])))


def assert_same(found: list[TakenApart], expected: list[TakenApart]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert one.constant.promoted == other.constant.promoted
        assert one.constant.share == pytest.approx(other.constant.share)
        assert one.constant.strengths == pytest.approx(other.constant.strengths)
        assert one.constant.agreement == pytest.approx(other.constant.agreement)
        for row, same in zip(one.mappings, other.mappings, strict=True):
            assert (row.source, row.targets, row.suppressed) == (same.source, same.targets, same.suppressed)
            assert (row.members, row.row_class) == (same.members, same.row_class)
            assert row.logits == pytest.approx(same.logits)
            assert row.strengths == pytest.approx(same.strengths)
            assert row.saliency == pytest.approx(same.saliency)
        assert len(one.roles) == len(other.roles)
        for role, same_role in zip(one.roles, other.roles, strict=True):
            assert role.share == pytest.approx(same_role.share)
            assert (role.sources, role.targets) == (same_role.sources, same_role.targets)
            assert role.target_loadings == pytest.approx(same_role.target_loadings)


def checkpoint_of(seed: int) -> MemoryCheckpoint:
    made = random_checkpoint(seed, vocab=97, layers=2, heads=4, kv_heads=2, d_model=17, d_head=6)
    return replace(made, mlp=torch.zeros_like(made.mlp))


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_a_weight_in_the_norms_is_a_weight_in_the_matrices(seed: int) -> None:
    made = checkpoint_of(seed)
    assert made.front is not None
    assert made.final is not None
    multiplied = replace(
        made, w_v=made.w_v * made.front[:, None, :, None], w_o=made.w_o * made.final, front=None, final=None
    )
    assert_same(taken_apart(made), taken_apart(multiplied))


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_another_basis_of_the_residual_stream_changes_nothing(seed: int) -> None:
    made = replace(checkpoint_of(seed), front=None, final=None)
    generator = torch.Generator().manual_seed(seed + 1)
    drawn = torch.randn(made.e.shape[1], made.e.shape[1], generator=generator, dtype=torch.float64)
    turn = torch.linalg.qr(drawn).Q
    turned = replace(made, e=made.e @ turn, u=made.u @ turn, w_v=turn.T @ made.w_v, w_o=made.w_o @ turn)
    assert_same(taken_apart(turned), taken_apart(made))


@given(seeds, st.floats(0.01, 100), st.floats(0.01, 100))
@settings(max_examples=20, deadline=None)
def test_the_scale_of_a_head_changes_its_logits_alone(seed: int, read: float, written: float) -> None:
    made = checkpoint_of(seed)
    scaled = replace(made, w_v=made.w_v * read, w_o=made.w_o * written)
    for one, other in zip(taken_apart(scaled), taken_apart(made), strict=True):
        for row, same in zip(one.mappings, other.mappings, strict=True):
            assert (row.source, row.targets) == (same.source, same.targets)
            assert row.strengths == pytest.approx(same.strengths)
            assert row.logits == pytest.approx([logit * read * written for logit in same.logits])


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_the_basis_of_the_values_changes_nothing(seed: int) -> None:
    made = checkpoint_of(seed)
    generator = torch.Generator().manual_seed(seed + 1)
    drawn = torch.randn(made.w_v.shape[3], made.w_v.shape[3], generator=generator, dtype=torch.float64)
    change = torch.linalg.qr(drawn).Q * 1.7
    changed = replace(made, w_v=made.w_v @ change, w_o=torch.linalg.inv(change) @ made.w_o)
    assert_same(taken_apart(changed), taken_apart(made))
