"""What labels amount to: hand-worked values, second implementations, and a pool of known quality."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from headscribe.core.descriptions import Status
from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.core.settings import StudySettings
from headscribe.core.statistics import wilson
from headscribe.eval.people.estimates import estimate
from headscribe.eval.people.predicting import auroc, prediction
from headscribe.eval.people.reliability import kappas, reliability
from headscribe.pipeline.people.agreement import agreement_of, measure_agreement
from headscribe.pipeline.people.export import export_for_people
from headscribe.pipeline.people.import_labels import import_labels
from headscribe.pipeline.people.section import people_additions
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.people.keys import read_key
from tests.pipeline.people.planted_run import make_run, planted_confidence
from tests.pipeline.people.simulated import Annotator, fill_csv, read_csv, write_csv

Answers = dict[Head, dict[str, bool]]


def test_a_share_counts_each_head_once_however_many_judged_it() -> None:
    found = estimate([(1, [[True, True, True], [False], [True, False]])])
    assert found.share == pytest.approx((1 + 0 + 0.5) / 3)
    assert (found.heads, found.labels) == (3, 6)
    assert (found.low, found.high) == pytest.approx(wilson(1.5, 3))
    assert found.bootstrap_low is None  # three heads are too few for a bootstrap


def test_parts_of_the_model_are_weighted_by_their_size() -> None:
    found = estimate([(30, [[True], [True]]), (10, [[False]] * 8), (5, [])])
    assert found.share == pytest.approx(30 / 40)
    effective = 1 / (0.75**2 / 2 + 0.25**2 / 8)
    assert (found.low, found.high) == pytest.approx(wilson(0.75 * effective, effective))
    equal = estimate([(6, [[True]] * 6), (3, [[False]] * 3)])
    assert (equal.low, equal.high) == pytest.approx(wilson(6, 9))


def test_nobody_judged_gives_no_share() -> None:
    assert estimate([(3, []), (0, [[True]])]).share is None


def test_the_bootstrap_agrees_with_scipys() -> None:
    from scipy.stats import bootstrap

    rng = random.Random(0)
    heads = [[rng.random() < 0.6 for _ in range(3)] for _ in range(40)]
    found = estimate([(1, heads)])
    means = [np.mean(head) for head in heads]
    other = bootstrap((means,), np.mean, method="percentile", rng=1).confidence_interval
    assert (found.bootstrap_low, found.bootstrap_high) == pytest.approx(tuple(other), abs=0.02)


def by_head(columns: dict[str, str]) -> Answers:
    """``{"anna": "10.", …}``: one character per head; a point where there is no answer."""
    length = len(next(iter(columns.values())))
    return {
        Head(0, place): {name: said[place] == "1" for name, said in columns.items() if said[place] != "."}
        for place in range(length)
    }


def test_krippendorffs_alpha_of_his_own_example() -> None:
    # Krippendorff 2011, "Computing Krippendorff's alpha-reliability", example A: two observers, binary.
    found = reliability("pattern_visible", by_head({"a": "0100000010", "b": "1110010000"}))
    assert found.alpha == pytest.approx(0.095, abs=5e-4)
    assert (found.heads, found.labels) == (10, 20)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.095 < found.high


def test_heads_with_one_answer_say_nothing_about_agreement() -> None:
    found = reliability("pattern_visible", by_head({"a": "1011", "b": "10.."}))
    assert (found.heads, found.alpha) == (2, 1.0)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"a": "111", "b": "111"}, "all answers are the same"),
        ({"a": "1..", "b": ".01"}, "no head has answers of two annotators"),
    ],
)
def test_where_alpha_is_undefined_it_says_why(columns: dict[str, str], reason: str) -> None:
    found = reliability("description_fits", by_head(columns))
    assert (found.alpha, found.reason) == (None, reason)


def test_kappa_of_a_hand_worked_table() -> None:
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed 0.7, expected 0.5 · 0.6 + 0.5 · 0.4 = 0.5.
    one = "1" * 25 + "0" * 25
    other = "1" * 20 + "0" * 5 + "1" * 10 + "0" * 15
    (found,) = kappas("pattern_visible", by_head({"anna": one, "ben": other}))
    assert found.kappa == pytest.approx(0.4)
    assert (found.agree, found.heads) == (pytest.approx(0.7), 50)


def test_kappa_is_given_for_each_pair_that_shares_heads() -> None:
    found = list(kappas("pattern_visible", by_head({"a": "10.", "b": "100", "c": "..1"})))
    assert [(row.one, row.other, row.kappa) for row in found] == [("a", "b", 1.0), ("b", "c", 0.0)]


def test_auroc_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    for _ in range(5):
        x, y = rng.integers(0, 6, 40) / 5, rng.integers(0, 4, 40) / 3
        split = y.copy()
        split[:5] = 0.5
        kept = split != 0.5
        assert auroc(x[None], split[None])[0] == pytest.approx(roc_auc_score(split[kept] > 0.5, x[kept]))


def test_a_prediction_of_three_heads_by_hand() -> None:
    heads = [Head(0, 0), Head(0, 1), Head(0, 2)]
    found = prediction(
        "p", dict(zip(heads, [0.9, 0.4, 0.5], strict=True)), dict(zip(heads, [1, 0.6, 0], strict=True))
    )
    assert (found.auroc, found.spearman) == (0.5, 0.5)
    assert found.auroc_low is None


@pytest.mark.parametrize(
    ("values", "accepted", "reason"),
    [
        ([0.1, 0.2], [1, 0], "fewer than three heads have both"),
        ([0.5] * 4, [1, 0, 1, 0], "the predictor, or what people say, is the same for every head"),
        ([0.1, 0.2, 0.3], [1, 0.9, 0.8], "people accept all of these descriptions, or none"),
    ],
)
def test_a_prediction_without_a_number_says_why(
    values: list[float], accepted: list[float], reason: str
) -> None:
    heads = [Head(0, number) for number in range(len(values))]
    found = prediction(
        "p", dict(zip(heads, values, strict=True)), dict(zip(heads, map(float, accepted), strict=True))
    )
    assert found.reason == reason
    assert None in {found.auroc, found.spearman}


POOL = (0.9, 0.9, 0.9)


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunDir, frozenset[Head]]:
    """120 heads, all judged by three annotators who are right nine times in ten; and the fitting heads."""
    folder = tmp_path_factory.mktemp("pool")
    run = make_run(folder / "run", n_layers=8, n_heads=15, status=lambda head: Status.OK)
    every = [Head(layer, head) for layer in range(8) for head in range(15)]
    fitting = frozenset(head for head in every if head.head >= 6)  # the confident ones: 60%
    patterns = frozenset(head for head in every if head.layer < 6)  # 75%
    settings = StudySettings(sample="all", groups="2", controls=40)
    made = export_for_people(run.path, folder / "out", kind="csv", settings=settings, annotators="3")
    truths = read_key(made.key).truths
    files = [
        fill_csv(sheet, Annotator(name, accuracy, patterns, fitting), truths)
        for sheet, name, accuracy in zip(made.files, made.annotators, POOL, strict=True)
    ]
    assert import_labels(run.path, files).exit_code == 0
    return run, fitting


def test_a_pool_of_known_quality_is_recovered_within_its_intervals(
    pool: tuple[RunDir, frozenset[Head]],
) -> None:
    found = measure_agreement(pool[0].path)
    says_yes = {"pattern": 0.75 * 0.9 + 0.25 * 0.1, "plausible": 0.6 * 0.9 + 0.4 * 0.1}
    for name, expected in says_yes.items():
        got = getattr(found.overall, name)
        assert (got.heads, got.labels) == (120, 360)
        assert got.low < expected < got.high
        assert got.bootstrap_low < expected < got.bootstrap_high
    for row, expected in zip(found.reliability, says_yes.values(), strict=True):
        # Two annotators differ in 2 · 0.9 · 0.1 of the heads; two answers drawn from all, in 2 p (1 − p).
        alpha = 1 - 0.18 / (2 * expected * (1 - expected))
        assert row.low is not None
        assert row.high is not None
        assert row.low < alpha < row.high
    assert [(row.wrong, row.repeats) for row in found.controls] == [(40, 80)] * 3
    low, high = wilson(sum(row.wrong_accepted for row in found.controls), 120)
    assert low < 0.1 < high
    low, high = wilson(sum(row.repeats_changed for row in found.controls), 240)
    assert low < 0.18 < high
    assert len(found.kappas) == 6


def test_the_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(11)
    held = 0
    for seed in range(300):
        truth = rng.random(40) < 0.5
        said = np.where(rng.random((40, 2)) < 0.85, truth[:, None], ~truth[:, None])
        found = estimate([(1, [list(map(bool, row)) for row in said])], seed)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.5 <= found.high
    assert held >= 0.93 * 300


def test_confidence_predicts_people_where_it_was_planted_to(pool: tuple[RunDir, frozenset[Head]]) -> None:
    run, fitting = pool
    found = agreement_of(run)
    (confidence,) = found.predictions
    assert confidence.predictor == "confidence"
    values = {row.head: planted_confidence(row.head) for row in run.descriptions()}
    fits = [value for head, value in values.items() if head in fitting]
    assert min(fits) > max(value for head, value in values.items() if head not in fitting) - 1e-9
    assert confidence.auroc is not None
    assert confidence.auroc > 0.9
    assert any("not evaluated yet" in note for note in found.notes)


def test_the_result_is_kept_as_json_and_is_the_same_again(pool: tuple[RunDir, frozenset[Head]]) -> None:
    import json

    run = pool[0]
    first = measure_agreement(run.path)
    text = (run.path / "people" / "agreement.json").read_text()
    assert json.loads(text)["overall"]["plausible"]["heads"] == 120
    assert measure_agreement(run.path) == first
    assert (run.path / "people" / "agreement.json").read_text() == text
    assert [row.group for row in measure_agreement(run.path, groups="0-1,2-7").groups] == ["L0–L1", "L2–L7"]


def study(tmp_path: Path, names: str = "anna,ben") -> tuple[RunDir, list[Path]]:
    run = make_run(tmp_path / "run", n_layers=2, n_heads=5)
    settings = StudySettings(sample="all", groups="2", controls=1)
    made = export_for_people(run.path, tmp_path / "out", kind="csv", settings=settings, annotators=names)
    return run, list(made.files)


def fill(sheet: Path, pattern: str, fits: str) -> None:
    write_csv(
        sheet, [row | {"pattern_visible": pattern, "description_fits": fits} for row in read_csv(sheet)]
    )


def test_unclear_heads_are_kept_apart_from_described_ones(tmp_path: Path) -> None:
    run, sheets = study(tmp_path, "anna")
    fill(sheets[0], "no", "yes")
    import_labels(run.path, sheets)
    overall = agreement_of(run).overall
    assert (overall.answered, overall.described) == (9, 7)
    assert (overall.pattern.share, overall.pattern.heads) == (0.0, 9)
    assert (overall.plausible.share, overall.plausible.heads) == (1.0, 7)
    assert (overall.unclear_right.share, overall.unclear_right.heads) == (1.0, 2)


def test_a_wrong_description_that_everybody_accepts_is_named(tmp_path: Path) -> None:
    run, sheets = study(tmp_path)
    for sheet in sheets:
        fill(sheet, "yes", "yes")
    import_labels(run.path, sheets)
    found = agreement_of(run)
    (wrong,) = (
        truth for truth in read_key(next((run.path / "people").glob("key-*"))).truths if truth.kind == "wrong"
    )
    assert found.accepted_wrong == ((wrong.head, wrong.described),)
    assert [(row.wrong_accepted, row.repeats_changed) for row in found.controls] == [(1, 0), (1, 0)]
    assert all(row.fits_n == 2 for row in found.verdicts)  # controls are in no head's verdict


def test_labels_of_descriptions_that_have_changed_are_left_out_and_counted(tmp_path: Path) -> None:
    run, sheets = study(tmp_path, "anna")
    fill(sheets[0], "yes", "yes")
    import_labels(run.path, sheets)
    people = tmp_path / "people"
    (run.path / "people").rename(people)
    changed = Head(1, 0)
    again = make_run(
        tmp_path / "again",
        n_layers=2,
        n_heads=5,
        text=lambda head: "New." if head == changed else _text(head),
    )
    people.rename(again.path / "people")
    found = agreement_of(again)
    assert found.stale >= 1
    assert changed not in {row.head for row in found.verdicts}
    assert len(found.verdicts) == 8


def _text(head: Head) -> str:
    from tests.pipeline.people.planted_run import planted_text

    return planted_text(head)


def test_without_labels_or_without_the_key_it_says_so(tmp_path: Path) -> None:
    run, sheets = study(tmp_path, "anna")
    with pytest.raises(BadStore, match="this run has no labels"):
        measure_agreement(run.path)
    assert people_additions(run) is None
    fill(sheets[0], "yes", "")
    import_labels(run.path, sheets)
    next((run.path / "people").glob("key-*")).unlink()
    with pytest.raises(BadStore, match="is missing"):
        measure_agreement(run.path)
    additions = people_additions(run)
    assert additions is not None
    assert additions.sections[0].lead.startswith("Cannot be shown: the key of export")
