"""What the rules add from a head's operation scores, and what stays as the rows have it."""

from __future__ import annotations

import pytest

from headscribe.agent.rules.scored import with_scores
from headscribe.core.descriptions import Outcome, Status
from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.core.scored_sentence import without_scores

FOUND = Outcome(Status.OK, pattern="Copies.", description="Copies the source.", confidence=0.4, n_tests=30)
UNCLEAR = Outcome(Status.UNCLEAR, pattern="Unclear", n_tests=30)


def score(operation: str, hits: int, *, suppressed: int = 0, shuffled: float = 0.05) -> OperationScore:
    """Of 40 pairs; the whole map's hits are others, so that the specific part's are told from them."""
    return OperationScore(
        Head(1, 2), operation, "knowledge", hits=39, suppression_hits=38, k=10, n_pairs=40,
        specific_hits=hits, specific_suppression_hits=suppressed, specific_shuffled_score=shuffled,
        specific_suppression_shuffled_score=shuffled, shuffled_score=0.5, shuffled_suppression_score=0.5,
        above_chance=hits > 4, suppression_above_chance=suppressed > 4,
    )  # fmt: skip


def test_the_strongest_operations_of_the_specific_part_follow_what_the_rows_show() -> None:
    scores = [
        score("noun_to_plural", 14),
        score("country_to_capital", 30),
        score("verb_to_gerund", 0, suppressed=20),
        score("copying", 15),
        score("letter_to_next", 2),
    ]
    found = with_scores(FOUND, scores)
    assert found.description == (
        "Copies the source. By its operation scores, it maps a country to its capital (30 of 40 pairs, 2 by "
        "chance); suppresses, for a verb, its gerund (20 of 40 pairs, 2 by chance); 2 more are above chance."
    )
    assert (found.status, found.pattern, found.confidence) == (Status.OK, FOUND.pattern, FOUND.confidence)
    assert without_scores(found.description) == FOUND.description


def test_the_order_is_by_score_less_shuffled_score() -> None:
    scores = [score("noun_to_plural", 30, shuffled=0.7), score("country_to_capital", 8, shuffled=0.0)]
    said = with_scores(FOUND, scores).description or ""
    assert "it maps a country to its capital (8 of 40 pairs, 0 by chance); 1 more is" in said


def test_an_unclear_head_says_the_operation_and_stays_unclear_unless_it_is_strong() -> None:
    weak = with_scores(UNCLEAR, [score("country_to_capital", 6)])
    assert (weak.status, weak.description) == (Status.UNCLEAR, None)
    assert weak.pattern == (
        "Unclear. By its operation scores, it maps a country to its capital (6 of 40 pairs, 2 by chance)."
    )
    strong = with_scores(UNCLEAR, [score("country_to_capital", 20)])
    assert strong.status is Status.OK
    assert (strong.description or "").startswith("No rule was found in its rows. By its operation scores, it")
    assert (strong.confidence, strong.n_tests) == (0.0, 30), "the share of rows that a rule explains"


@pytest.mark.parametrize("outcome", [FOUND, UNCLEAR, Outcome(Status.FAILED, error="no answer")])
def test_nothing_is_said_of_what_chance_would_give(outcome: Outcome) -> None:
    assert with_scores(outcome, [score("country_to_capital", 3)]) == outcome
    assert with_scores(outcome, []) == outcome


def test_a_failure_gets_no_words() -> None:
    failed = Outcome(Status.FAILED, error="no answer")
    assert with_scores(failed, [score("country_to_capital", 30)]) == failed
