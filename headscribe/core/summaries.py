"""A short view of many scores: the best heads of each operation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from headscribe.core.end_scores import EndScore, ScoreKind, Scores
from headscribe.core.errors import BadOption
from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.core.settings import RELATION_HEAD


@dataclass(frozen=True, slots=True)
class OperationSummary:
    """One operation over all scored heads.

    The best head has the highest score of the kind asked for; among equal ones the later head is named, as in
    the reference code (oracle README, "Order and ties"). Scores, shuffled scores and marks are those of the
    leading score (docs/definitions.md, section 2); ``n_heads`` counts the heads with a score of that kind of
    at least the threshold, ``n_suppressing`` those with such a suppression score.
    """

    operation: str
    category: str
    n_pairs: int
    k: int
    best_head: Head
    best_score: float
    n_heads: int
    most_suppressing: Head
    best_suppression: float
    best_shuffled: float | None
    best_above_chance: bool | None
    n_suppressing: int
    suppression_shuffled: float | None
    suppression_above_chance: bool | None


def score_kind(scores: Iterable[OperationScore], wanted: Scores = "auto") -> ScoreKind:
    """The kind of scores that heads of one map are compared by.

    Raises:
        BadOption: shuffled scores are wanted and were not computed for all, as in maps of older versions.
    """
    if wanted == "raw":
        return wanted
    records = list(scores)
    if wanted == "beyond-shuffled":
        if any(record.promotion.shuffled is None for record in records):
            do = "Score the model anew with --force"
            raise BadOption("this map has no shuffled scores", where="--scores beyond-shuffled", do=do)
        return wanted
    return "beyond-shuffled" if any(record.kind == "beyond-shuffled" for record in records) else "raw"


def operation_summaries(
    scores: Iterable[OperationScore], threshold: float = RELATION_HEAD, wanted: Scores = "auto"
) -> list[OperationSummary]:
    """Summarise scores per operation, in order of category and name.

    Args:
        scores: scores of any heads for any operations, of one map.
        threshold: score from which a head counts; the paper's relation heads use 0.15.
        wanted: the kind of scores that heads are compared by.

    Raises:
        BadOption: as ``score_kind``.
    """
    records = list(scores)
    by = score_kind(records, wanted)
    by_operation: dict[str, list[OperationScore]] = {}
    for score in records:
        by_operation.setdefault(score.operation, []).append(score)
    summaries = [_summary(rows, threshold, by) for rows in by_operation.values()]
    return sorted(summaries, key=lambda row: (row.category, row.operation))


def _summary(rows: list[OperationScore], threshold: float, kind: ScoreKind) -> OperationSummary:
    head, best, n_heads = _best([(row.head, row.promotion) for row in rows], threshold, kind)
    suppressor, most, n_suppressing = _best([(row.head, row.suppression) for row in rows], threshold, kind)
    return OperationSummary(
        operation=rows[0].operation,
        category=rows[0].category,
        n_pairs=rows[0].n_pairs,
        k=rows[0].k,
        best_head=head,
        best_score=best.score,
        n_heads=n_heads,
        most_suppressing=suppressor,
        best_suppression=most.score,
        best_shuffled=best.shuffled,
        best_above_chance=best.above_chance,
        n_suppressing=n_suppressing,
        suppression_shuffled=most.shuffled,
        suppression_above_chance=most.above_chance,
    )


def _best(ends: list[tuple[Head, EndScore]], threshold: float, kind: ScoreKind) -> tuple[Head, EndScore, int]:
    """The head with the highest score of a kind, that score, and how many heads reach the threshold."""
    head, best = max(ends, key=lambda one: (one[1].by(kind), one[0]))
    return head, best, sum(end.by(kind) >= threshold for _, end in ends)
