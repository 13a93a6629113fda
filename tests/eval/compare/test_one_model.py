"""Analyses of one model: its profile, its key/value groups, the heads that the literature names."""

from __future__ import annotations

import numpy as np
import pytest

from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.eval.compare import (
    ScoreTable,
    group_sharing,
    known_models,
    model_profile,
    recognise,
    recovery,
    score_table,
)
from tests.eval.compare.analysis_maps import CATEGORIES, table

GPT2_SMALL = {"family": "gpt2", "n_layers": 12, "n_heads": 12, "d_model": 768, "n_tokens": 50257}


def test_profile_counts_relation_heads_by_category_and_layer() -> None:
    profile = model_profile(
        table(
            {
                "L0H1": {"copying": 0.15},
                "L1H0": {"copying": 0.9, "name_copying": 0.3},
                "L1H3": {"country_to_capital": 0.5, "word_to_synonym": 0.2},
                "L2H2": {"country_to_capital": 0.14},
            }
        )
    )
    assert profile.categories == ("algorithmic", "knowledge", "linguistic")
    assert profile.counts == ((1, 0, 0), (1, 1, 1), (0, 0, 0))
    assert profile.layer_relation_heads == (1, 2, 0)
    assert profile.layer_heads == (4, 4, 4)


def test_profile_tells_one_operation_from_several_of_one_or_of_many_categories() -> None:
    profile = model_profile(
        table(
            {
                "L0H1": {"copying": 0.2},
                "L0H2": {"word_to_synonym": 0.2},
                "L1H0": {"copying": 0.9, "name_copying": 0.3},
                "L1H3": {"country_to_capital": 0.5, "word_to_synonym": 0.2},
            }
        )
    )
    assert (profile.one_operation, profile.several_in_one_category, profile.several_categories) == (2, 1, 1)
    assert [row.head.name for row in profile.heads] == ["L1H0", "L1H3", "L0H1", "L0H2"]
    assert profile.heads[1].operations == ("country_to_capital", "word_to_synonym")


def test_threshold_is_a_parameter_and_is_met_by_equality() -> None:
    planted = table({"L0H1": {"copying": 0.3}, "L0H2": {"copying": 0.29}})
    assert [row.head.name for row in model_profile(planted, 0.3).heads] == ["L0H1"]


def test_heads_that_were_not_scored_count_nowhere() -> None:
    rows = [OperationScore(Head(1, 2), "copying", "algorithmic", 9, 0, 10, 10)]
    profile = model_profile(score_table("part", rows, n_layers=3, n_heads=4, n_kv_heads=4))
    assert profile.layer_heads == (0, 1, 0)
    assert profile.n_heads == 1


def test_group_sharing_compares_pairs_of_a_layer_by_hand() -> None:
    # Groups {0, 1}, {2, 3}, {4, 5}: of 3 pairs inside, (0, 1) shares; of 12 between, (0, 4) and (1, 4) do.
    found = group_sharing(
        table(
            {
                "L0H0": {"copying": 0.5},
                "L0H1": {"copying": 0.5},
                "L0H4": {"copying": 0.5, "name_copying": 0.5},
            },
            n_layers=1,
            n_heads=6,
            n_kv_heads=3,
        )
    )
    assert (found.n_within, found.n_between, found.group_size) == (3, 12, 2)
    assert found.within == pytest.approx(1 / 3)
    assert found.between == pytest.approx(2 / 12)
    # Three heads dealt to three groups of two: a pair of them meets with probability 3 · 1/5.
    assert found.p_value == pytest.approx(3 / 5, abs=0.02)


def test_heads_of_different_layers_are_not_compared() -> None:
    found = group_sharing(
        table({"L0H0": {"copying": 0.5}, "L1H1": {"copying": 0.5}}, n_layers=2, n_heads=4, n_kv_heads=2)
    )
    assert (found.within, found.between, found.p_value) == (0.0, 0.0, 1.0)
    assert (found.n_within, found.n_between) == (4, 8)


def _random(seed: int, *, shared: bool) -> ScoreTable:
    """A model of 6 layers, 12 heads in groups of 3: random operations, by group or by head."""
    random, names = np.random.default_rng(seed), list(CATEGORIES)
    planted = {}
    for layer in range(6):
        chosen = random.integers(len(names), size=12)
        for head in range(12):
            planted[f"L{layer}H{head}"] = {names[chosen[head // 3 if shared else head]]: 0.6}
    return table(planted, n_layers=6, n_heads=12, n_kv_heads=4)


def test_permutation_test_finds_planted_sharing() -> None:
    found = group_sharing(_random(0, shared=True), permutations=999)
    assert found.within == 1.0
    assert found.p_value == 1 / 1000


def test_permutation_test_is_calibrated_without_sharing() -> None:
    found = [group_sharing(_random(seed, shared=False), permutations=199) for seed in range(200)]
    p_values = np.array([row.p_value for row in found], dtype=float)
    differences = np.array([row.difference for row in found], dtype=float)
    assert abs(p_values.mean() - 0.5) < 0.07
    assert (p_values <= 0.05).mean() < 0.1
    assert abs(differences.mean()) < 3 * differences.std() / np.sqrt(len(differences))


def test_permutation_test_is_the_same_for_the_same_seed() -> None:
    planted = _random(1, shared=False)
    assert group_sharing(planted, seed=3) == group_sharing(planted, seed=3)


@pytest.mark.parametrize(("n_kv_heads", "why"), [(4, "of its own"), (1, "one group")])
def test_models_without_groups_to_compare_say_so(n_kv_heads: int, why: str) -> None:
    found = group_sharing(table({"L0H1": {"copying": 0.5}}, n_kv_heads=n_kv_heads))
    assert why in (found.why_not or "")
    assert found.p_value is None


def test_planted_known_heads_are_recovered_and_others_listed() -> None:
    model = known_models()[0]
    planted = {
        "L9H9": {"name_copying": 0.8},
        "L9H6": {"name_copying": 0.1},
        "L10H7": {"-copying": 0.7, "-name_copying": 0.9},
        "L9H1": {"year_to_following": 0.6},
        "L3H4": {"country_to_capital": 0.9},
        "L2H2": {"word_to_synonym": 0.9},
    }
    found = recovery(table(planted, n_layers=12, n_heads=12), model, certain=True)
    outcome = {(row.head.name, row.role): row.outcome for row in found.heads}
    assert outcome["L9H9", "name mover"] == "recovered"
    assert outcome["L9H6", "name mover"] == "not recovered"
    assert outcome["L10H7", "negative name mover"] == "recovered"
    assert outcome["L10H7", "copy suppression"] == "recovered"
    assert outcome["L9H1", "successor"] == "recovered"
    assert outcome["L2H2", "previous token"] == "not testable"
    assert [row.head.name for row in found.unlisted] == ["L3H4"]
    movers = next(role for role in found.roles if role.role == "name mover")
    assert (movers.n_known, movers.n_testable, movers.n_recovered) == (3, 3, 1)
    assert movers.base_rate == pytest.approx(1 / 144)


def test_a_role_whose_operations_were_not_scored_is_neither_recovered_nor_missed() -> None:
    planted = table({"L9H9": {"copying": 0.8}}, n_layers=12, n_heads=12, operations=["copying"])
    found = recovery(planted, known_models()[0], certain=False)
    outcome = {(row.head.name, row.role): row.outcome for row in found.heads}
    assert outcome["L9H9", "name mover"] == "not scored"
    movers = next(role for role in found.roles if role.role == "name mover")
    assert (movers.n_testable, movers.base_rate) == (0, None)


def test_a_model_is_recognised_by_its_hub_id_and_only_supposed_by_its_shape() -> None:
    exact = recognise(GPT2_SMALL, "openai-community/gpt2")
    assert exact
    assert (exact[0].name, exact[1]) == ("GPT-2 small", True)
    shape = recognise(GPT2_SMALL, "somebody/gpt2-finetuned")
    assert shape
    assert shape[1] is False
    assert recognise(GPT2_SMALL | {"n_layers": 6}, "gpt2") is None


def test_every_known_head_lies_in_its_model_and_cites_a_source() -> None:
    for model in known_models():
        keys = {source.key for source in model.sources}
        for named in model.heads:
            assert named.head.layer < int(model.shape["n_layers"])
            assert named.head.head < int(model.shape["n_heads"])
            assert named.source in keys
            assert named.place
        assert len({(named.head, named.role.name, named.source) for named in model.heads}) == len(model.heads)


def test_roles_ask_for_bundled_operations() -> None:
    from headscribe.operations import load_operations

    bundled = {operation.name for operation in load_operations([])}
    roles = {named.role for model in known_models() for named in model.heads}
    assert {name for role in roles for name in role.operations} <= bundled
    assert all(bool(role.operations) == (role.column is not None) for role in roles)
