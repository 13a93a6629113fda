"""Planted heads are found, all of them and nothing else, in every family."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headscribe.core.heads import Head
from headscribe.core.settings import MapSettings
from headscribe.mapping.checkpoint import open_checkpoint
from tests.mapping.tiny_models import FAMILY_NAMES
from tests.planted.cases import Bases, Case, draw_case, lists, scores_above
from tests.planted.models import Size, save_random, words_of
from tests.planted.planting import Planting, plant

CASES_PER_FAMILY, GENERATED = 12, 60
LOWEST = 0.5
"""Of a planted score: a head with two operations, one of them copying (k = 1), mixes its sources most."""


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Bases:
    return Bases(tmp_path_factory.mktemp("planted"))


@pytest.fixture
def few_words() -> tuple[str, ...]:
    return words_of(list(lists().values()))


@st.composite
def cases(draw: Any) -> Case:
    def pick(options: Any) -> Any:
        return draw(st.sampled_from(options))

    return draw_case(pick, pick(FAMILY_NAMES), draw(st.integers(0, 10**6)))


def check(bases: Bases, case: Case) -> None:
    """The planted (head, operation, sign) are the relation heads, no more and no less."""
    found = bases.find(case)
    assert set(found) == case.expected
    assert min(found.values()) >= LOWEST


@pytest.mark.parametrize("family", FAMILY_NAMES)
def test_every_planted_head_is_found_and_no_other(bases: Bases, family: str) -> None:
    for seed in range(CASES_PER_FAMILY):
        check(bases, draw_case(random.Random(f"{family}/{seed}").choice, family, seed))


@settings(
    max_examples=GENERATED,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(case=cases())
def test_every_planted_head_is_found_in_any_family_size_and_grouping(bases: Bases, case: Case) -> None:
    check(bases, case)


def test_a_head_can_promote_one_operation_and_suppress_another(
    tmp_path: Path, few_words: tuple[str, ...]
) -> None:
    save_random("llama", tmp_path / "base", few_words)
    up, down, head = lists()["noun_to_plural"], lists()["verb_to_gerund"], Head(1, 3)
    plant(tmp_path / "base", tmp_path / "planted", [Planting(head, up), Planting(head, down, suppress=True)])
    found = scores_above(tmp_path / "planted", [up, down])
    assert set(found) == {(head, up.name, False), (head, down.name, True)}


@pytest.mark.parametrize("stored", [torch.bfloat16, torch.float16])
def test_planted_heads_survive_half_precision_and_shards(
    tmp_path: Path, few_words: tuple[str, ...], stored: torch.dtype
) -> None:
    save_random("gemma2", tmp_path / "base", few_words, dtype=stored, shard_size="300KB")
    planting = Planting(Head(1, 2), lists()["english_to_french"])
    plant(tmp_path / "base", tmp_path / "planted", [planting])
    assert set(scores_above(tmp_path / "planted", list(lists().values()))) == {
        (Head(1, 2), "english_to_french", False)
    }
    assert open_checkpoint(str(tmp_path / "planted")).facts.dtype == str(stored).removeprefix("torch.")


@pytest.mark.parametrize("view", ["raw", "first-mlp"])
def test_heads_are_planted_for_the_source_view_that_is_asked_for(
    tmp_path: Path, few_words: tuple[str, ...], view: Any
) -> None:
    save_random("gpt2", tmp_path / "base", few_words)
    operation = lists()["word_to_homophone"]
    plantings = [Planting(Head(0, 1), operation), Planting(Head(1, 2), operation)]
    asked = MapSettings(view="paper", source_view=view)
    plant(tmp_path / "base", tmp_path / "planted", plantings, settings=asked)
    found = scores_above(tmp_path / "planted", [operation], asked)
    by_default = scores_above(tmp_path / "planted", [operation])
    same, other = plantings if view == "raw" else reversed(plantings)
    assert min(found[one.head, operation.name, False] for one in plantings) >= 0.9
    assert by_default[same.head, operation.name, False] >= 0.9
    assert by_default.get((other.head, operation.name, False), 0) <= 0.5  # E' and E are alike in part


def test_no_norm_gives_a_planted_head_away(tmp_path: Path, few_words: tuple[str, ...]) -> None:
    save_random("qwen2", tmp_path / "base", few_words)
    plant(tmp_path / "base", tmp_path / "planted", [Planting(Head(1, 2), lists()["copying"])])
    before, after = (open_checkpoint(str(tmp_path / name)).ov(1) for name in ("base", "planted"))
    for old, new in ((before.w_v, after.w_v), (before.w_o, after.w_o)):
        assert torch.allclose(new.flatten(1).norm(dim=1), old.flatten(1).norm(dim=1), rtol=1e-5)
    assert not torch.equal(before.w_o[2], after.w_o[2])
    assert torch.equal(before.w_o[3], after.w_o[3])  # of the same group


def test_what_cannot_be_planted_is_refused(tmp_path: Path, few_words: tuple[str, ...]) -> None:
    size = Size(layers=2, heads=2, kv_heads=1, d_model=64, d_head=24)
    save_random("llama", tmp_path / "base", few_words, size)
    plurals, gerunds = lists()["noun_to_plural"], lists()["verb_to_gerund"]

    def refuses(plantings: list[Planting], why: str) -> None:
        with pytest.raises(ValueError, match=why):
            plant(tmp_path / "base", tmp_path / "planted", plantings)
        assert not (tmp_path / "planted").exists()

    refuses([Planting(Head(2, 0), plurals)], "no head L2H0")
    refuses([Planting(Head(0, 0), plurals), Planting(Head(0, 1), gerunds)], "told apart in 64 dimensions")
    refuses([Planting(Head(0, 0), plurals), Planting(Head(0, 0), plurals, True, 2.0)], "several strengths")
