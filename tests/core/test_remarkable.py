"""Which heads are shown first."""

from __future__ import annotations

from headscribe.core.descriptions import Description, Outcome, Status
from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.core.remarkable import remarkable_heads, strong_operations


def row(number: int, confidence: float | None = None) -> Description:
    said = None if confidence is None else "Words."
    status = Status.UNCLEAR if said is None else Status.OK
    return Description(Head(3, number), Outcome(status, description=said, confidence=confidence), "m", "l")


def score(number: int, name: str, up: float, down: float = 0.0, *, chance: float = 0.1) -> OperationScore:
    return OperationScore(
        Head(3, number), name, "knowledge", hits=0, suppression_hits=0, k=10, n_pairs=100,
        specific_hits=round(100 * up), specific_suppression_hits=round(100 * down),
        specific_shuffled_score=chance, specific_suppression_shuffled_score=chance,
        above_chance=up > 0.2, suppression_above_chance=down > 0.2,
    )  # fmt: skip


def test_operations_are_ordered_by_score_less_shuffled_score_on_both_sides() -> None:
    scores = [
        score(1, "a", 0.9, chance=0.6),
        score(1, "b", 0.1, 0.8),
        score(1, "c", 0.19),
        score(1, "d", 0.4),
    ]
    found = [(one.operation, one.suppresses, round(one.effect, 2)) for one in strong_operations(scores)]
    assert found == [("b", True, 0.7), ("a", False, 0.3), ("d", False, 0.3)]


def test_heads_are_ordered_by_what_they_do_most_then_described_ones_by_confidence() -> None:
    rows = [row(0), row(1, 0.2), row(2, 0.9), row(3), row(4, 0.1), row(5, None)]
    scores = [score(3, "a", 0.5), score(4, "a", 0.0, 0.9), score(2, "a", 0.15)]
    found = remarkable_heads(rows, scores)
    assert [one.description.head.head for one in found] == [4, 3, 2, 1, 0, 5]
    assert [one.operation is not None for one in found] == [True, True, False, False, False, False]
