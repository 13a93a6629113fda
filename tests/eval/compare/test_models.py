"""Analyses across models: universality and the similarity of heads."""

from __future__ import annotations

import pytest

from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.eval.compare import model_profile, score_table, similarity, universality
from tests.eval.compare.analysis_maps import table

FIVE = ["copying", "name_copying", "country_to_capital", "country_to_language", "word_to_synonym"]


def test_universality_on_three_planted_models() -> None:
    found = universality(
        [
            table({"L0H1": {"copying": 0.9}, "L2H0": {"copying": 0.2}}, n_layers=3, label="a"),
            table({"L3H3": {"copying": 0.5, "country_to_capital": 0.4}}, n_layers=5, label="b"),
            table(
                {"L1H0": {"copying": 0.3}}, n_layers=2, label="c", operations=["copying", "word_to_synonym"]
            ),
        ]
    )
    rows = {row.operation: row for row in found.operations}
    copying = rows["copying"]
    assert found.models == ("a", "b", "c")
    assert (copying.n_found, copying.n_scored) == (3, 3)
    assert [model.depths for model in copying.models if model] == [(0.0, 1.0), (0.75,), (1.0,)]
    assert [model.median_depth for model in copying.models if model] == [0.5, 0.75, 1.0]
    assert [model.best_head.name for model in copying.models if model] == ["L0H1", "L3H3", "L1H0"]
    capital = rows["country_to_capital"]
    assert (capital.n_found, capital.n_scored) == (1, 2)
    assert capital.models[2] is None
    assert (found.n_common, found.n_universal) == (2, 1)


def test_suppressing_heads_are_counted_as_relation_heads_are() -> None:
    planted = {"L0H1": {"copying": 0.9}, "L2H0": {"-copying": 0.6, "word_to_synonym": 0.3}}
    turned = table(planted).suppressing()
    profile = model_profile(turned)
    assert [(row.head.name, row.operations, row.scores) for row in profile.heads] == [
        ("L2H0", ("copying",), (0.6,))
    ]
    found = {row.operation: row for row in universality([turned]).operations}
    assert (found["copying"].n_found, found["word_to_synonym"].n_found) == (1, 0)
    assert turned.suppressing().scores.tolist() == table(planted).scores.tolist()


def test_the_stronger_end_is_negative_where_a_head_suppresses() -> None:
    planted = table({"L0H1": {"copying": 0.4, "-copying": 0.3}, "L1H2": {"copying": 0.3, "-copying": 0.4}})
    column = planted.stronger()[:, planted.operations.index("copying")]
    assert (column[1], column[6], column[0]) == (0.4, -0.4, 0.0)


def test_among_equal_scores_the_later_head_is_the_best() -> None:
    found = universality([table({"L0H1": {"copying": 0.9}, "L2H0": {"copying": 0.9}})])
    model = next(row.models[0] for row in found.operations if row.operation == "copying")
    assert model
    assert model.best_head == Head(2, 0)


def test_a_model_of_one_layer_has_depth_zero() -> None:
    found = universality([table({"L0H1": {"copying": 0.9}}, n_layers=1)])
    assert next(
        row.models[0].depths for row in found.operations if row.operation == "copying" and row.models[0]
    ) == (0.0,)


def test_similarity_by_hand() -> None:
    first = table(
        {"L0H0": {"copying": 0.6, "name_copying": 0.8}, "L1H1": {"word_to_synonym": 0.5}}, label="a"
    )
    second = table({"L2H3": {"copying": 0.5}, "L0H2": {"word_to_synonym": 0.1}}, n_heads=5, label="b")
    found = similarity(first, second)
    assert (found.n_heads, found.n_other, found.left_out, found.other_left_out) == (2, 2, 10, 13)
    assert found.mean_best == pytest.approx((0.6 + 1.0) / 2)
    assert found.other_mean_best == pytest.approx((0.6 + 1.0) / 2)
    assert [(m.head.name, m.other.name, m.operation) for m in found.matches] == [
        ("L1H1", "L0H2", "word_to_synonym"),
        ("L0H0", "L2H3", "copying"),
    ]
    assert [m.cosine for m in found.matches] == pytest.approx([1.0, 0.6])


def test_similarity_uses_only_the_operations_of_both() -> None:
    first = table({"L0H0": {"copying": 0.6, "name_copying": 0.8}}, label="a")
    second = table({"L0H0": {"copying": 0.6}}, label="b", operations=["copying", "word_to_synonym"])
    found = similarity(first, second)
    assert found.operations == ("copying", "word_to_synonym")
    assert found.mean_best == pytest.approx(1.0)


def test_the_same_profiles_are_more_alike_than_by_chance() -> None:
    planted = {f"L{i}H{i}": {name: 0.7, FIVE[(i + 1) % 5]: 0.3} for i, name in enumerate(FIVE)}
    found = similarity(table(planted, 5, 6, label="a"), table(planted, 5, 6, label="b"))
    assert found.mean_best == pytest.approx(1.0)
    assert found.chance is not None
    assert found.chance < 0.99
    assert similarity(table(planted, 5, 6), table(planted, 5, 6)).chance == found.chance


def test_models_without_common_operations_or_scores_say_why() -> None:
    one = table({"L0H0": {"copying": 0.6}}, operations=["copying"])
    other = table({"L0H0": {"word_to_synonym": 0.6}}, operations=["word_to_synonym"])
    assert "scored in both: 0" in (similarity(one, other).why_not or "")
    nothing = similarity(table({}), table({"L0H0": {"copying": 0.6}}))
    assert nothing.mean_best is None
    assert "score above zero" in (nothing.why_not or "")


def test_heads_with_unknown_scores_are_left_out_and_counted() -> None:
    rows = [
        OperationScore(Head(0, 0), name, "algorithmic", 5, 0, 10, 10) for name in ("copying", "name_copying")
    ] + [OperationScore(Head(0, 1), "copying", "algorithmic", 5, 0, 10, 10)]
    part = score_table("part", rows, n_layers=1, n_heads=2, n_kv_heads=2)
    found = similarity(part, table({"L0H0": {"copying": 0.6, "name_copying": 0.6}}))
    assert (found.n_heads, found.left_out) == (1, 1)


def test_of_equally_alike_heads_the_strongest_match() -> None:
    first = table({"L0H0": {"copying": 0.2}, "L0H1": {"copying": 0.9}}, label="a")
    second = table({"L0H2": {"copying": 0.1}, "L2H0": {"copying": 0.6}}, label="b")
    assert [(m.head.name, m.other.name) for m in similarity(first, second).matches] == [("L0H1", "L2H0")]
