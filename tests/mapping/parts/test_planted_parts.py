"""A constant part, two roles and a hub token planted together: each is recovered, and none invented."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from headscribe.core.heads import Head
from headscribe.core.parts import TakenApart
from headscribe.core.settings import MapSettings
from headscribe.mapping.parts.mapper import PartsMapper
from tests.mapping.memory_checkpoint import MemoryCheckpoint

VOCABULARY, D_MODEL, D_HEAD, HEADS = 1500, 60, 10, 3
FIRST, SECOND = range(40), range(40, 80)
"""Sources of the two roles."""
FIRST_TARGETS, SECOND_TARGETS = range(100, 130), range(130, 160)
ALWAYS, HUB = 200, 201
"""What the head promotes whatever the source, and a token with a readout as large as five others'."""
PLANTED = 1
SETTINGS = MapSettings(view="parts", source_view="residual", dtype="float32", salient=12, targets=5)


def planted(seed: int) -> MemoryCheckpoint:
    """One layer of three heads; the middle one is planted, the others are random."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    orthogonal = torch.linalg.qr(draw(D_MODEL, D_MODEL)).Q.T * D_MODEL**0.5
    common, first, second, up, other_up = orthogonal[:5]
    codes = torch.linalg.qr(draw(D_HEAD, D_HEAD)).Q.T
    e, u = draw(VOCABULARY, D_MODEL) + common, draw(VOCABULARY, D_MODEL)
    e[FIRST] += 2 * first
    e[SECOND] += 2 * second
    u[FIRST_TARGETS] += 2 * up
    u[SECOND_TARGETS] += 2 * other_up
    read, written = draw(HEADS, D_MODEL, D_HEAD), draw(HEADS, D_HEAD, D_MODEL)
    read[PLANTED] *= 0.05
    written[PLANTED] *= 0.05
    # of different strengths: equal ones have no singular directions of their own
    for code, source, target, strength in zip(
        codes[:3], (common, first, second), (u[ALWAYS], up, other_up), (1, 1.3, 1), strict=True
    ):
        read[PLANTED] += torch.outer(source, code) / D_MODEL**0.5 * strength
        written[PLANTED] += torch.outer(code, target) / D_MODEL**0.5 * strength
    u[HUB] *= 5
    return MemoryCheckpoint(
        e=e, u=u, w_v=read[None], w_o=written[None], mlp=torch.zeros(D_MODEL, D_MODEL).double()
    )


def taken_apart(seed: int) -> list[TakenApart]:
    return PartsMapper(planted(seed).opened(), SETTINGS)(0, list(range(HEADS)))


@pytest.mark.parametrize("seed", range(4))
class TestPlantedHead:
    def test_the_constant_part_is_recovered(self, seed: int) -> None:
        constant = taken_apart(seed)[PLANTED].constant
        assert ALWAYS in [token.id for token in constant.promoted[:2]]
        assert constant.share > 0.5

    def test_both_roles_are_recovered_and_none_is_invented(self, seed: int) -> None:
        roles = taken_apart(seed)[PLANTED].roles
        found = set()
        for role in roles:
            sources, targets = ({token.id for token in tokens} for tokens in (role.sources, role.targets))
            for name, own, own_targets in (
                ("first", FIRST, FIRST_TARGETS),
                ("second", SECOND, SECOND_TARGETS),
            ):
                if sources <= set(own) and targets <= set(own_targets):
                    found.add(name)
        assert found == {"first", "second"}
        assert len(roles) == 2

    def test_the_sharpest_rows_are_the_planted_classes(self, seed: int) -> None:
        rows = taken_apart(seed)[PLANTED].ranked("sharpest")[:2]
        assert {row.source.id in FIRST for row in rows} == {True, False}
        for row in rows:
            own = FIRST if row.source.id in FIRST else SECOND
            assert {row.source.id, *(token.id for token in row.members)} <= set(own)

    def test_random_heads_beside_it_have_no_role(self, seed: int) -> None:
        for head in (0, 2):
            found = taken_apart(seed)[head]
            assert found.roles == ()
            assert found.head == Head(0, head)

    def test_the_hub_is_in_no_list_because_it_is_large(self, seed: int) -> None:
        for found in taken_apart(seed):
            rows = found.ranked("sharpest")
            assert sum(HUB in [token.id for token in row.targets] for row in rows) <= 2
