"""Operation scores: exact counts, whatever is decided early."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from headscribe.core.heads import Head
from headscribe.core.progress import Silent
from headscribe.core.settings import MapSettings
from headscribe.mapping.pair_table import pair_table
from headscribe.mapping.ranks import among_largest
from headscribe.mapping.scores import score_heads, score_pairs
from headscribe.mapping.screen import Screen
from headscribe.mapping.source_view import VocabularyRows, view_of_layer
from tests.mapping.memory_checkpoint import MemoryCheckpoint, in_order, operation, random_checkpoint

FLOAT64 = MapSettings(dtype="float64")


def random_pairs(seed: int, n: int, vocab: int, without: tuple[int, ...] = ()) -> list[tuple[int, int]]:
    ids = torch.tensor([id for id in range(vocab) if id not in without])
    drawn = torch.randint(0, len(ids), (n, 2), generator=torch.Generator().manual_seed(seed))
    return [(int(ids[s]), int(ids[t])) for s, t in drawn.tolist()]


def expected_hits(
    checkpoint: MemoryCheckpoint, head: Head, view: str, pairs: list[tuple[int, int]], k: int
) -> tuple[int, int]:
    m = checkpoint.m(head, view)
    kept = [id for id in range(len(m)) if id not in checkpoint.vocabulary.padded]
    up = sum(t in in_order(m[s], kept)[:k] for s, t in pairs)
    down = sum(t in in_order(m[s], kept, largest=False)[:k] for s, t in pairs)
    return up, down


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    whole=st.booleans(),
    groups=st.sampled_from([(3, 3), (4, 2)]),
    padded=st.sampled_from([(), (5, 59), (58, 59)]),
    k=st.integers(1, 12),
)
def test_hits_are_what_sorting_every_row_gives(
    seed: int, whole: bool, groups: tuple[int, int], padded: tuple[int, ...], k: int
) -> None:
    heads, kv_heads = groups
    checkpoint = random_checkpoint(
        seed, vocab=60, layers=2, heads=heads, kv_heads=kv_heads, d_model=7, whole=whole, padded=padded
    )
    lists = [
        (operation("first", []), random_pairs(seed, 40, 60, padded), k),
        (operation("second", []), random_pairs(seed + 1, 25, 60, padded), 1),
    ]
    scores = score_pairs(checkpoint.opened(), FLOAT64, lists, checkpoint.heads, Silent())
    found = {(score.head, score.operation): (score.hits, score.suppression_hits) for score in scores}
    for head in checkpoint.heads:
        for named, pairs, its_k in lists:
            expected = expected_hits(checkpoint, head, view_of_layer(FLOAT64, head.layer), pairs, its_k)
            assert found[head, named.name] == expected


def test_a_planted_operation_scores_1_and_its_negative_suppresses() -> None:
    vocab = 64
    target_of = torch.arange(vocab).roll(9)
    checkpoint = MemoryCheckpoint(
        e=torch.eye(vocab), u=torch.eye(vocab), w_v=torch.eye(vocab)[None, None].repeat(1, 2, 1, 1),
        w_o=torch.stack([torch.eye(vocab)[target_of], -torch.eye(vocab)[target_of]])[None],
        mlp=torch.eye(vocab),
    )  # fmt: skip
    copying = operation("planted copying", [(s, int(target_of[s])) for s in range(40)])
    scores, skipped = score_heads(checkpoint.opened(), MapSettings(), [copying], checkpoint.heads)
    assert [(score.score, score.suppression_score, score.k) for score in scores] == [(1, 0, 1), (0, 1, 1)]
    assert skipped == []


def test_an_operation_with_fewer_than_30_pairs_is_skipped_with_its_count() -> None:
    checkpoint = random_checkpoint(1, layers=1)
    enough, few = (
        operation("enough", [(n, n) for n in range(30)]),
        operation("few", [(n, n) for n in range(29)]),
    )
    scores, skipped = score_heads(checkpoint.opened(), MapSettings(), [few, enough], checkpoint.heads)
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


def test_a_head_of_zeros_scores_nothing_but_the_first_ids() -> None:
    checkpoint = random_checkpoint(3, layers=1)
    checkpoint.w_o[0, 0] = 0
    pairs = [(n, 52 - n) for n in range(53)]
    (score,) = score_pairs(
        checkpoint.opened(), FLOAT64, [(operation("a", []), pairs, 10)], [Head(0, 0)], Silent()
    )
    assert (score.hits, score.suppression_hits) == (10, 10)


@pytest.mark.parametrize("whole", [False, True])
def test_width_of_a_block_and_size_of_the_sample_change_no_answer(whole: bool) -> None:
    checkpoint = random_checkpoint(4, vocab=400, layers=1, d_model=9, whole=whole)
    rows, pairs = VocabularyRows(399, (11,), 2), random_pairs(5, 200, 399, (11,))
    table = pair_table([(operation("a", []), pairs, 10)], torch.device("cpu"))
    head = Head(0, 0)
    written = checkpoint.matrix(head, "raw")[table.sources[table.source_of]]
    targets = table.targets[table.target_of]
    m = checkpoint.m(head, "raw")
    kept = [id for id in range(399) if id != 11]
    asked = list(dict.fromkeys(pairs))
    up = [t in in_order(m[s], kept)[:10] for s, t in asked]
    down = [t in in_order(m[s], kept, largest=False)[:10] for s, t in asked]
    for width in (1, 37, 399, None):
        assert among_largest(written, checkpoint.u, targets, table.k, rows, width).tolist() == up
        assert among_largest(-written, checkpoint.u, targets, table.k, rows, width).tolist() == down
    values = checkpoint.e[table.sources] @ checkpoint.w_v[0, 0]
    decided = []
    for sample in (0, 8, 96, 397, 10_000):
        open_ = Screen(checkpoint.u, rows, table, sample).still_open(values, checkpoint.w_o[0, 0])
        assert bool((open_ | ~torch.tensor([up, down])).all()), "a pair that is a hit was ruled out"
        decided.append(int((~open_).sum()))
    assert decided[0] == 0
    assert decided[-1] > len(asked)


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
    scores, _ = score_heads(checkpoint.opened(), MapSettings(k=setting), named, [Head(0, 0)])
    assert [score.k for score in scores] == ([10, 1] if setting == "auto" else [3, 3])
