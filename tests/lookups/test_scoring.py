"""Head explanation scores: the definition, their intervals, and the comparison with random neurons."""

from __future__ import annotations

import random

import pytest

from headscribe.core.descriptions import Status
from headscribe.core.heads import Head
from headscribe.core.lookup_scores import Pair, PairScore, Verdict
from headscribe.core.lookups import Arm, Neuron
from headscribe.lookups.scoring import NO_ANSWER, ONE_CLASS, arm_difference, arm_scores, score_pair, skewness

PAIR = Pair(Neuron(3, 7), Head(1, 2))


def verdicts(*answers: tuple[bool, bool | None]) -> list[Verdict]:
    return [
        Verdict(PAIR, rank, active, (rank,), said, Status.FAILED if said is None else Status.OK)
        for rank, (active, said) in enumerate(answers)
    ]


def pair(neuron: int, score: float | None, arm: Arm = "next-token", head: int = 0) -> PairScore:
    left_out = ONE_CLASS if score is None else None
    return PairScore(Pair(Neuron(3, neuron), Head(1, head)), arm, score, left_out=left_out)


def test_the_score_is_the_mean_of_both_rates() -> None:
    found = score_pair(
        PAIR, "random", verdicts((True, True), (True, False), (False, False), (False, False), (False, True))
    )
    assert found.true_positive_rate == 1 / 2
    assert found.true_negative_rate == pytest.approx(2 / 3)
    assert found.score == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert (found.n_active, found.n_inactive, found.left_out) == (2, 3, None)


def test_always_yes_scores_a_half_however_unequal_the_classes() -> None:
    assert score_pair(PAIR, "random", verdicts(*[(True, True)] * 9, (False, True))).score == 0.5


def test_prompts_of_one_class_are_no_score() -> None:
    found = score_pair(PAIR, "random", verdicts((True, True), (True, True)))
    assert (found.score, found.left_out) == (None, ONE_CLASS)


def test_a_prompt_without_an_answer_is_neither_right_nor_wrong() -> None:
    found = score_pair(PAIR, "random", verdicts((True, True), (True, None), (False, False)))
    assert (found.score, found.n_unanswered) == (1.0, 1)
    found = score_pair(PAIR, "random", verdicts((True, None), (False, False)))
    assert (found.score, found.left_out) == (None, NO_ANSWER)


@pytest.mark.parametrize("accuracy", [0.55, 0.75, 0.95])
def test_the_interval_holds_a_known_accuracy_about_nineteen_times_in_twenty(accuracy: float) -> None:
    draw, held, tries = random.Random(accuracy), 0, 400
    for _ in range(tries):
        answers = [(active, active == (draw.random() < accuracy)) for active in [True] * 5 + [False] * 5]
        found = score_pair(PAIR, "random", verdicts(*answers))
        assert found.low is not None
        assert found.high is not None
        assert 0 <= found.low <= found.high <= 1
        held += found.low <= accuracy <= found.high
    assert held / tries > (0.88 if accuracy > 0.9 else 0.93)  # ten prompts, nearly faultless: 0.90


def test_equal_prompts_do_not_narrow_the_interval() -> None:
    four = verdicts((True, True), (True, False), (False, False), (False, True))
    often = [verdict for verdict in four for _ in range(10)]
    once, again = score_pair(PAIR, "random", four), score_pair(PAIR, "random", often)
    assert (again.low, again.high) == pytest.approx((once.low, once.high))
    assert (again.n_active, again.n_inactive, again.n_distinct) == (20, 20, 4)


def test_an_arm_counts_what_is_left_out_and_leaves_the_other_arm_alone() -> None:
    pairs = [pair(1, 0.6), pair(1, 0.8, head=1), pair(2, 0.7), pair(3, None), pair(4, 0.1, "random")]
    found = arm_scores("next-token", pairs)
    assert (found.n_pairs, found.n_neurons, found.left_out) == (4, 3 - 1, {ONE_CLASS: 1})
    assert found.mean == pytest.approx(0.7)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= 0.7 <= found.high


def test_an_arm_without_scores_has_no_mean_and_one_neuron_no_interval() -> None:
    assert arm_scores("random", []).mean is None
    alone = arm_scores("next-token", [pair(1, 0.6), pair(1, 0.9, head=1)])
    assert (alone.mean, alone.low, alone.high) == (0.75, None, None)


def test_a_planted_difference_between_the_arms_is_found_within_its_interval() -> None:
    draw = random.Random(0)
    pairs = [pair(n, draw.gauss(0.7, 0.1)) for n in range(60)]
    pairs += [pair(n, draw.gauss(0.55, 0.1), "random") for n in range(60)]
    found = arm_difference(pairs)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert 0 < found.low < 0.15 < found.high
    assert arm_difference(pairs[:60]) is None


def test_pairs_of_one_neuron_do_not_narrow_the_interval() -> None:
    draw = random.Random(1)
    values = [draw.gauss(0.6, 0.1) for _ in range(10)]
    once = arm_scores("next-token", [pair(n, value) for n, value in enumerate(values)])
    often = arm_scores("next-token", [pair(n, v, head=h) for n, v in enumerate(values) for h in range(20)])
    assert (once.low, once.high) == pytest.approx((often.low, often.high))


def test_skewness_is_the_third_standardised_moment() -> None:
    assert skewness([1, 2, 3]) == pytest.approx(0)
    assert skewness([0, 0, 0, 4]) == pytest.approx(2 / 3**0.5)
    assert skewness([1, 1, 1]) is None
    assert skewness([1, 2]) is None
