"""The best heads of an operation, by scores as they were counted or less the shuffled ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headscribe.core.errors import BadOption
from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.core.summaries import operation_summaries, score_kind


def score(head: int, hits: int, shuffled: float, suppressed: int = 0, beside: float = 0.0) -> OperationScore:
    return OperationScore(
        Head(1, head), "copying", "algorithmic", hits, suppressed, 1, 40,
        shuffled_score=shuffled, shuffled_suppression_score=beside,
    )  # fmt: skip


def in_parts(one: OperationScore) -> OperationScore:
    """The same scores, as those of a specific part; of the map itself everything is a hit."""
    return replace(
        one, hits=40, suppression_hits=40, shuffled_score=0.5, shuffled_suppression_score=0.5,
        specific_hits=one.hits, specific_suppression_hits=one.suppression_hits,
        specific_shuffled_score=one.shuffled_score,
        specific_suppression_shuffled_score=one.shuffled_suppression_score,
    )  # fmt: skip


WHATEVER, BECAUSE, SUPPRESSOR = score(0, 36, 0.9), score(1, 20, 0.05), score(2, 1, 0.0, 30, 0.25)
ALL = [WHATEVER, BECAUSE, SUPPRESSOR]


def test_raw_scores_name_the_head_that_promotes_most_whatever_the_source() -> None:
    (found,) = operation_summaries(ALL)
    assert (found.best_head, found.best_score, found.best_shuffled) == (Head(1, 0), 0.9, 0.9)
    assert (found.n_heads, found.n_suppressing) == (2, 1)
    assert (found.most_suppressing, found.best_suppression) == (Head(1, 2), 0.75)
    assert found.suppression_shuffled == 0.25


def test_scores_beyond_shuffled_name_the_head_that_goes_by_the_source() -> None:
    (found,) = operation_summaries(ALL, wanted="beyond-shuffled")
    assert (found.best_head, found.best_score, found.best_shuffled) == (Head(1, 1), 0.5, 0.05)
    assert (found.n_heads, found.n_suppressing) == (1, 1)


def test_maps_in_parts_go_by_what_is_beyond_the_shuffled_score_of_the_specific_part() -> None:
    parts = [in_parts(one) for one in ALL]
    assert operation_summaries(parts) == operation_summaries(ALL, wanted="beyond-shuffled")
    assert operation_summaries(parts, wanted="raw") == operation_summaries(ALL)
    assert [one.effect for one in parts] == pytest.approx([0.0, 0.45, 0.025])
    assert [one.effect for one in ALL] == pytest.approx([0.9, 0.5, 0.025])
    assert parts[2].suppression_effect == 0.5


def test_maps_of_older_versions_have_no_shuffled_scores() -> None:
    old = [replace(one, shuffled_score=None, shuffled_suppression_score=None) for one in ALL]
    assert score_kind(old) == "raw"
    assert operation_summaries(old)[0].best_shuffled is None
    with pytest.raises(BadOption, match="no shuffled scores"):
        score_kind(old, "beyond-shuffled")
