"""Metrics of an evaluation: hand-worked examples, scikit-learn, chance, and intervals that hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import (
    average_precision_score,
    precision_recall_fscore_support,
    roc_auc_score,
)

from headscribe.core.evaluation import Judgment, Measured, head_agreement
from headscribe.core.heads import Head
from headscribe.core.settings import EvaluateSettings
from headscribe.eval.evaluate.items import items_of
from headscribe.eval.evaluate.reliability import reliability
from headscribe.eval.evaluate.resampling import measure

QUICK = EvaluateSettings(threshold=0.5, resamples=0, permutations=0)


def judgments(
    scores: np.ndarray, verdicts: np.ndarray, threshold: float = 0.5, categories: tuple[str, ...] = ()
) -> list[Judgment]:
    """[heads, operations] scores and verdicts as rows; operations are a, b, c, …"""
    names = categories or ("all of them",) * scores.shape[1]
    return [
        Judgment(
            Head(head // 4, head % 4),
            "abcdefghij"[operation],
            names[operation],
            float(scores[head, operation]),
            bool(scores[head, operation] >= threshold),
            bool(verdicts[head, operation]),
        )
        for head in range(scores.shape[0])
        for operation in range(scores.shape[1])
    ]


def found(rows: list[Measured], scope: str, name: str, average: str | None = None) -> dict[str, Measured]:
    return {row.metric: row for row in rows if (row.scope, row.name, row.average) == (scope, name, average)}


def values(rows: dict[str, Measured]) -> dict[str, float | None]:
    return {name: row.value for name, row in rows.items()}


def planted(n_heads: int, n_operations: int, seed: int, told: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    """Scores in steps of a tenth, and verdicts that follow them with a given probability."""
    rng = np.random.default_rng(seed)
    scores = np.round(rng.random((n_heads, n_operations)) ** 3, 1)
    verdicts = np.where(rng.random(scores.shape) < told, scores >= 0.5, rng.random(scores.shape) < 0.2)
    return scores, verdicts


def test_an_example_worked_by_hand() -> None:
    scores = np.array([[0.9], [0.8], [0.6], [0.4], [0.4], [0.0]])
    verdicts = np.array([[1], [0], [1], [1], [0], [0]])
    rows = measure("rules", items_of(judgments(scores, verdicts), "rules"), QUICK)
    got = found(rows, "operation", "a")
    # Expressed are 0.9, 0.6 and one 0.4; scored are 0.9, 0.8, 0.6.
    assert got["precision"].value == pytest.approx(2 / 3)
    assert got["recall"].value == pytest.approx(2 / 3)
    assert got["f1"].value == pytest.approx(2 / 3)
    # Down the ranking: 1 of 1, 2 of 3, and the tie of two brings 3 of 5.
    assert got["average_precision"].value == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)
    # Of 3 × 3 pairs, 0.9 wins 3, 0.6 wins 2, 0.4 wins 1 and ties 1.
    assert got["auroc"].value == pytest.approx((3 + 2 + 1.5) / 9)
    assert (got["f1"].n_heads, got["f1"].n_items, got["f1"].n_scored, got["f1"].n_expressed) == (6, 6, 3, 3)


def test_pooled_and_mean_differ_and_say_so() -> None:
    scores = np.array([[1.0, 1.0], [1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    verdicts = np.array([[1, 0], [1, 0], [1, 0], [0, 0]])
    rows = measure("rules", items_of(judgments(scores, verdicts), "rules"), QUICK)
    micro, macro = (found(rows, "overall", "all", average) for average in ("micro", "macro"))
    assert micro["recall"].value == pytest.approx(3 / 4)
    assert macro["recall"].value == pytest.approx((1 + 0) / 2)
    # b is expressed by nobody: it has no precision, so the mean is over a alone.
    assert (macro["precision"].value, macro["precision"].n_operations) == (1.0, 1)
    assert macro["recall"].n_operations == 2


def test_what_is_undefined_is_none_and_never_a_number() -> None:
    scores, nothing = np.array([[0.9], [0.1]]), np.zeros((2, 1))
    rows = measure("rules", items_of(judgments(scores, nothing), "rules"), EvaluateSettings(threshold=0.5))
    got = found(rows, "operation", "a")
    assert values(got) == {
        "precision": None,
        "recall": 0.0,
        "f1": 0.0,
        "average_precision": None,
        "auroc": None,
    }
    assert got["auroc"].chance is None
    assert got["auroc"].p is None
    assert got["recall"].low is None, "two heads are too few for an interval"


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(1, 4))
def test_every_metric_is_that_of_scikit_learn(seed: int, n_heads: int, n_operations: int) -> None:
    scores, verdicts = planted(n_heads, n_operations, seed)
    categories = ("one", "two", "one", "two")[:n_operations]
    rows = measure("rules", items_of(judgments(scores, verdicts, categories=categories), "rules"), QUICK)
    groups = [("operation", "abcd"[column], None, [column]) for column in range(n_operations)]
    groups += [
        ("category", name, "micro", [at for at in range(n_operations) if categories[at] == name])
        for name in set(categories)
    ]
    groups += [("overall", "all", "micro", list(range(n_operations)))]
    for scope, name, average, columns in groups:
        got = values(found(rows, scope, name, average))
        y, v, s = scores[:, columns].ravel() >= 0.5, verdicts[:, columns].ravel(), scores[:, columns].ravel()
        precision, recall, f1, _ = precision_recall_fscore_support(
            y, v, average="binary", zero_division=np.nan
        )
        assert got["precision"] == (pytest.approx(precision) if v.any() else None)
        assert got["recall"] == (pytest.approx(recall) if y.any() else None)
        assert got["f1"] == (pytest.approx(f1) if y.any() or v.any() else None)
        assert got["average_precision"] == (pytest.approx(average_precision_score(v, s)) if v.any() else None)
        assert got["auroc"] == (pytest.approx(roc_auc_score(v, s)) if v.any() and not v.all() else None)


def test_the_permutation_baseline_centres_on_chance() -> None:
    scores, verdicts = planted(400, 5, seed=1)
    options = EvaluateSettings(threshold=0.5, resamples=0, permutations=400)
    rows = measure("rules", items_of(judgments(scores, verdicts), "rules"), options)
    for column in range(5):
        got = found(rows, "operation", "abcde"[column])
        scored, expressed = (scores[:, column] >= 0.5).mean(), verdicts[:, column].mean()
        assert got["auroc"].chance == pytest.approx(0.5, abs=0.01)
        assert got["precision"].chance == pytest.approx(scored, abs=0.01)
        assert got["recall"].chance == pytest.approx(expressed, abs=0.02)
        assert got["average_precision"].chance == pytest.approx(expressed, abs=0.03)
        assert got["auroc"].p == pytest.approx(1 / 401)


def test_shuffled_descriptions_are_at_chance_and_their_p_is_uniform() -> None:
    options = EvaluateSettings(threshold=0.5, resamples=0, permutations=99)
    p = []
    for seed in range(60):
        scores, verdicts = planted(40, 3, seed)
        shuffled = verdicts[np.random.default_rng(seed).permutation(40)]
        rows = measure("rules", items_of(judgments(scores, shuffled), "rules"), options)
        p.append(found(rows, "overall", "all", "micro")["auroc"].p)
    assert np.mean(np.array(p, dtype=float) <= 0.1) == pytest.approx(0.1, abs=0.1)
    assert np.mean(np.array(p, dtype=float)) == pytest.approx(0.5, abs=0.12)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    options = EvaluateSettings(threshold=0.5, resamples=300, permutations=0)
    scores, verdicts = planted(12_000, 2, seed=99)
    everyone = items_of(judgments(scores[:4000], verdicts[:4000]), "rules")
    truth = values(found(measure("rules", everyone, QUICK), "overall", "all", "micro"))
    held = {"f1": 0, "auroc": 0}
    for start in range(4000, 12_000, 80):
        part = slice(start, start + 80)
        rows = measure("rules", items_of(judgments(scores[part], verdicts[part]), "rules"), options)
        got = found(rows, "overall", "all", "micro")
        for name in held:
            held[name] += got[name].low <= truth[name] <= got[name].high
    assert all(85 <= hits <= 100 for hits in held.values()), held


def test_the_same_seed_gives_the_same_numbers() -> None:
    scores, verdicts = planted(30, 3, seed=2)
    options = EvaluateSettings(threshold=0.5, resamples=50, permutations=50, seed=7)
    items = items_of(judgments(scores, verdicts), "rules")
    assert measure("rules", items, options) == measure("rules", items, options)
    assert measure("rules", items, options) != measure("rules", items, options.model_copy(update={"seed": 8}))


def test_a_head_agrees_by_what_both_sides_name() -> None:
    scores, verdicts = (
        np.array([[1, 1, 0], [0, 0, 0], [1, 0, 0]]),
        np.array([[1, 0, 1], [0, 0, 0], [0, 0, 1]]),
    )
    agreement = head_agreement(judgments(scores, verdicts))
    assert agreement == {Head(0, 0): 2 * 1 / 4, Head(0, 2): 0.0}


def test_confidence_has_its_rank_correlation_with_agreement_and_an_interval() -> None:
    rng = np.random.default_rng(3)
    scores, verdicts = rng.integers(0, 2, (60, 5)).astype(float), rng.integers(0, 2, (60, 5))
    rows = judgments(scores, verdicts)
    agreement = head_agreement(rows)
    confidences = {head: float(value + rng.normal()) for head, value in agreement.items()}
    got = reliability("rules", rows, confidences, resamples=200, seed=0)
    pairs = [(confidences[head], value) for head, value in agreement.items()]
    assert got.spearman == pytest.approx(spearmanr(*zip(*pairs, strict=True)).statistic)
    assert got.spearman_low is not None
    assert got.spearman_high is not None
    assert got.spearman_low < got.spearman < got.spearman_high
    constant = reliability("rules", rows, dict.fromkeys(agreement, 0.5), resamples=10, seed=0)
    assert (constant.spearman, constant.spearman_low) == (None, None)


def test_reliability_worked_by_hand() -> None:
    scores = np.array([[1.0], [1.0], [1.0], [0.0], [0.0]])
    verdicts = np.array([[1], [0], [1], [1], [0]])
    heads = [Head(0, 0), Head(0, 1), Head(0, 2), Head(0, 3), Head(1, 0)]
    confidences = dict(zip(heads, (0.9, 0.1, 0.95, -0.2, 0.5), strict=True)) | {Head(1, 1): None}
    rows = judgments(scores, verdicts)
    got = reliability("rules", rows, confidences, resamples=0, seed=0)
    # The last head neither scores nor expresses anything; two wrong ones lie in the first bin, one below 0.
    assert (got.n, got.unchecked, got.without_confidence) == (4, 1, 1)
    assert [(one.n, one.confidence, one.right) for one in got.bins] == [
        (2, pytest.approx(0.05), 0.0),
        (2, pytest.approx(0.925), 1.0),
    ]
    assert got.ece == pytest.approx((2 * 0.05 + 2 * 0.075) / 4)


def test_without_confidences_there_is_nothing_to_show() -> None:
    rows = judgments(np.array([[1.0]]), np.array([[1]]))
    got = reliability("rules", rows, {Head(0, 0): None}, resamples=0, seed=0)
    assert "confidence" in (got.why_not or "")
    assert got.without_confidence == 1
