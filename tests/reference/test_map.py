"""Source views, salient mappings, top pairs and scores (definitions 1 to 3) of every family."""

from __future__ import annotations

import random

import pytest
import torch

from headscribe.core.heads import Head
from headscribe.core.progress import Silent
from headscribe.core.settings import MapSettings
from headscribe.mapping.head_maps import map_heads
from headscribe.mapping.scores import score_pairs
from headscribe.mapping.top_pairs import top_pairs
from headscribe.operations import Operation
from tests.reference import definitions
from tests.reference.conftest import Case

FLOAT64 = MapSettings(dtype="float64", salient=12, targets=4)


def view_of(view: str, head: Head) -> str:
    """The paper's rule: layer 0 reads the embedding."""
    return view if view != "auto" else "raw" if head.layer == 0 else "first-mlp"


@pytest.mark.parametrize(("view", "padded"), [("auto", "drop"), ("raw", "keep"), ("first-mlp", "keep")])
def test_salient_mappings(case: Case, view: str, padded: str) -> None:
    rows = case.rows if padded == "drop" else torch.arange(len(case.weights.e))
    wanted = FLOAT64.model_copy(update={"source_view": view, "padded_rows": padded})
    for found in map_heads(case.checkpoint, wanted, case.heads):
        where = case.weights, view_of(view, found.head), *found.head
        m, saliency = definitions.head_map(*where), definitions.saliency(*where)
        assert [row.source.id for row in found.mappings] == definitions.in_order(saliency, rows)[:12].tolist()
        for row in found.mappings:
            entries, promoted = m[row.source.id], [target.id for target in row.targets]
            suppressed = [target.id for target in row.suppressed]
            assert row.saliency == pytest.approx(float(saliency[row.source.id]))
            assert promoted == definitions.in_order(entries, rows)[:4].tolist()
            assert suppressed == definitions.in_order(entries, rows, largest=False)[:4].tolist()
            assert row.logits == pytest.approx(entries[promoted].tolist())
            assert row.suppressed_logits == pytest.approx(entries[suppressed].tolist())


def test_top_pairs(case: Case) -> None:
    for head in case.heads[1:]:
        m = definitions.head_map(case.weights, view_of("auto", head), *head)
        found = top_pairs(case.checkpoint, FLOAT64, head, 50)
        expected = definitions.top_pairs(m, case.rows, 50)
        assert [(pair.source.id, pair.target.id) for pair in found] == expected
        assert [pair.logit for pair in found] == pytest.approx([float(m[pair]) for pair in expected])


@pytest.mark.parametrize("view", ["auto", "first-mlp"])
def test_operation_scores(case: Case, view: str) -> None:
    draw = random.Random(view)
    tokens = case.rows.tolist()
    pairs = [(draw.choice(tokens), draw.choice(tokens)) for _ in range(40)]
    lists = [(Operation(f"k{k}", "any", 1, "", "", None, ()), pairs, k) for k in (1, 10, len(tokens) // 8)]
    wanted = FLOAT64.model_copy(update={"source_view": view})
    scores = score_pairs(case.checkpoint, wanted, lists, case.heads, Silent())
    assert sum(score.hits for score in scores) > 0
    for head in case.heads:
        m = definitions.head_map(case.weights, view_of(view, head), *head)
        for score in scores:
            if score.head == head:
                expected = definitions.hits(m, pairs, case.rows, score.k)
                assert (score.hits, score.suppression_hits) == expected
