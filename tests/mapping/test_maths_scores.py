"""Operation scores: exact counts, whatever is decided early."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from headscribe.core.heads import Head
from headscribe.core.progress import Silent
from headscribe.core.records import OperationScore
from headscribe.core.settings import MapSettings
from headscribe.mapping.row_ends import Questions, row_ends
from headscribe.mapping.scores import score_heads, score_pairs
from headscribe.mapping.source_view import VocabularyRows, view_of_layer
from tests.mapping.memory_checkpoint import MemoryCheckpoint, in_order, operation, random_checkpoint

FLOAT64 = MapSettings(view="paper", dtype="float64")


def random_pairs(seed: int, n: int, vocab: int, without: tuple[int, ...] = ()) -> list[tuple[int, int]]:
    ids = torch.tensor([id for id in range(vocab) if id not in without])
    drawn = torch.randint(0, len(ids), (n, 2), generator=torch.Generator().manual_seed(seed))
    return [(int(ids[s]), int(ids[t])) for s, t in drawn.tolist()]


def expected(
    checkpoint: MemoryCheckpoint, head: Head, view: str, pairs: list[tuple[int, int]], k: int
) -> tuple[float, ...]:
    """Score, suppression score, and both shuffled scores, from sorted rows of the whole map."""
    m = checkpoint.m(head, view)
    kept = [id for id in range(len(m)) if id not in checkpoint.vocabulary.padded]
    ends = [
        {s: set(in_order(m[s], kept, largest=largest)[:k]) for s, _ in pairs} for largest in (True, False)
    ]
    others = [(s, t) for i, (s, _) in enumerate(pairs) for j, (_, t) in enumerate(pairs) if i != j]
    mismatched = others or pairs
    return tuple(
        sum(t in end[s] for s, t in some) / len(some) for some in (pairs, mismatched) for end in ends
    )


def found(score: OperationScore) -> tuple[float | None, ...]:
    shuffled = (score.shuffled_score, score.shuffled_suppression_score)
    return (score.score, score.suppression_score, *shuffled)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    whole=st.booleans(),
    groups=st.sampled_from([(3, 3), (4, 2)]),
    padded=st.sampled_from([(), (5, 59), (58, 59)]),
    k=st.integers(1, 12),
    few=st.integers(1, 60),
)
def test_scores_are_what_sorting_every_row_gives(
    seed: int, whole: bool, groups: tuple[int, int], padded: tuple[int, ...], k: int, few: int
) -> None:
    heads, kv_heads = groups
    checkpoint = random_checkpoint(
        seed, vocab=60, layers=2, heads=heads, kv_heads=kv_heads, d_model=7, whole=whole, padded=padded
    )
    first = random_pairs(seed, 40, 60, padded)
    lists = [
        (operation("first", []), first, k),
        (operation("second", []), random_pairs(seed + 1, 25, 60, padded), 1),
        (operation("of few sources", []), [(s % few % 5, t) for s, t in first], k),
        (operation("to few targets", []), [(s, t % few % 5) for s, t in first], k),
        (operation("to one target", []), [(s, 3) for s, _ in first], k),
    ]
    scores = score_pairs(checkpoint.opened(), FLOAT64, lists, checkpoint.heads, Silent())
    by_name = {(score.head, score.operation): found(score) for score in scores}
    for head in checkpoint.heads:
        for named, pairs, its_k in lists:
            view = view_of_layer(FLOAT64, head.layer)
            assert by_name[head, named.name] == pytest.approx(expected(checkpoint, head, view, pairs, its_k))


def test_a_planted_operation_scores_1_and_its_negative_suppresses() -> None:
    vocab = 64
    target_of = torch.arange(vocab).roll(9)
    checkpoint = MemoryCheckpoint(
        e=torch.eye(vocab), u=torch.eye(vocab), w_v=torch.eye(vocab)[None, None].repeat(1, 2, 1, 1),
        w_o=torch.stack([torch.eye(vocab)[target_of], -torch.eye(vocab)[target_of]])[None],
        mlp=torch.eye(vocab),
    )  # fmt: skip
    copying = operation("planted copying", [(s, int(target_of[s])) for s in range(40)])
    scores, skipped = score_heads(checkpoint.opened(), MapSettings(view="paper"), [copying], checkpoint.heads)
    assert [(score.score, score.suppression_score, score.k) for score in scores] == [(1, 0, 1), (0, 1, 1)]
    assert skipped == []


def test_an_operation_with_fewer_than_30_pairs_is_skipped_with_its_count() -> None:
    checkpoint = random_checkpoint(1, layers=1)
    enough, few = (
        operation("enough", [(n, n) for n in range(30)]),
        operation("few", [(n, n) for n in range(29)]),
    )
    scores, skipped = score_heads(
        checkpoint.opened(), MapSettings(view="paper"), [few, enough], checkpoint.heads
    )
    assert {score.operation for score in scores} == {"enough"}
    assert [(row.operation, row.n_pairs, row.needed) for row in skipped] == [("few", 29, 30)]


def test_repeated_pairs_count_as_often_as_they_are_listed() -> None:
    checkpoint = random_checkpoint(2, layers=1)
    pairs = random_pairs(2, 40, 53)
    (once,) = score_pairs(
        checkpoint.opened(), FLOAT64, [(operation("a", []), pairs, 9)], [Head(0, 0)], Silent()
    )
    (twice,) = score_pairs(
        checkpoint.opened(), FLOAT64, [(operation("a", []), pairs * 2, 9)], [Head(0, 0)], Silent()
    )
    assert once.hits > 0
    assert (twice.hits, twice.n_pairs) == (2 * once.hits, 80)
    assert found(twice) == expected(checkpoint, Head(0, 0), "raw", pairs * 2, 9)


def test_a_head_of_zeros_scores_nothing_but_the_first_ids() -> None:
    checkpoint = random_checkpoint(3, layers=1)
    checkpoint.w_o[0, 0] = 0
    pairs = [(n, 52 - n) for n in range(53)]
    (score,) = score_pairs(
        checkpoint.opened(), FLOAT64, [(operation("a", []), pairs, 10)], [Head(0, 0)], Silent()
    )
    assert (score.hits, score.suppression_hits) == (10, 10)


def test_a_head_that_does_the_same_whatever_the_source_scores_as_shuffled_with_common_targets_too() -> None:
    checkpoint = random_checkpoint(3, layers=1)
    checkpoint.w_o[0, 0] = 0
    pairs = [(n, 3 if n < 40 else n) for n in range(53)]
    (score,) = score_pairs(
        checkpoint.opened(), FLOAT64, [(operation("a", []), pairs, 10)], [Head(0, 0)], Silent()
    )
    assert score.hits == 40
    assert score.shuffled_score == pytest.approx(score.score)


@pytest.mark.parametrize("whole", [False, True])
def test_width_of_a_block_changes_no_end_of_a_row(whole: bool) -> None:
    checkpoint = random_checkpoint(4, vocab=400, layers=1, d_model=9, whole=whole)
    rows, kept = VocabularyRows(399, (11,), 2), [id for id in range(399) if id != 11]
    m = checkpoint.m(Head(0, 0), "raw")[:50]
    values, columns = checkpoint.e[:50] @ checkpoint.w_v[0, 0], checkpoint.u[:399] @ checkpoint.w_o[0, 0].T
    k, row = torch.arange(50) % 7 + 1, torch.arange(50)
    for end, signed in enumerate((m, -m)):
        order = [in_order(one, kept) for one in signed]
        # the entry asked about: the k-th largest, but for rounding
        last = torch.stack([one[ids[n - 1]] for one, ids, n in zip(signed, order, k.tolist(), strict=True)])
        asked = Questions(torch.full_like(row, end), row, last + 1e-9, k)
        for width in (16, 48, 400, 2048):
            found = row_ends(values, columns, rows, asked, width)
            assert found[end].rows.tolist() == row.tolist()
            assert not len(found[1 - end].rows)
            for ids, expected_ids, n in zip(found[end].ids.tolist(), order, k.tolist(), strict=True):
                assert ids[:n] == expected_ids[:n]
            settled = row_ends(values, columns, rows, replace(asked, reach=last - 1e9), width)
            assert not len(settled[end].rows)


def test_scores_are_the_same_for_any_selection_of_heads() -> None:
    checkpoint = random_checkpoint(6)
    named = operation("a", random_pairs(6, 50, 53))
    scores, _ = score_heads(checkpoint.opened(), FLOAT64, [named], checkpoint.heads)
    some, _ = score_heads(checkpoint.opened(), FLOAT64, [named], [Head(2, 1), Head(0, 3)])
    assert some == [score for score in scores if score.head in {Head(0, 3), Head(2, 1)}]


@pytest.mark.parametrize("setting", ["auto", 3])
def test_k_comes_from_the_setting_or_the_rule(setting: Any) -> None:
    checkpoint = random_checkpoint(7, layers=1)
    named = [operation("any", random_pairs(7, 30, 53)), operation("copying", random_pairs(8, 30, 53))]
    scores, _ = score_heads(checkpoint.opened(), MapSettings(view="paper", k=setting), named, [Head(0, 0)])
    assert [score.k for score in scores] == ([10, 1] if setting == "auto" else [3, 3])
