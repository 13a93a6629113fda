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
from headscribe.mapping.usable_tokens import usable_tokens
from headscribe.operations import Operation
from tests.reference import definitions
from tests.reference.conftest import Case

FLOAT64 = MapSettings(view="paper", dtype="float64", salient=12, targets=4)
PAPER = FLOAT64
EVERYWHERE = FLOAT64.model_copy(update={"source_view": "first-mlp", "padded_rows": "keep"})
FOLDED = FLOAT64.model_copy(update={"source_view": "residual", "norms": "fold"})
PARTS = FLOAT64.model_copy(update={"view": "parts"})
RAW = FLOAT64.model_copy(update={"source_view": "raw", "norms": "fold"})


def circuit(case: Case, wanted: MapSettings, head: Head) -> definitions.Circuit:
    """A head's circuit; ``auto`` is the rule of the view, by which layer 0 reads the embedding."""
    view, in_parts = wanted.source_view, wanted.view == "parts"
    if view == "auto":
        view = "raw" if head.layer == 0 else "residual" if in_parts else "first-mlp"
    return definitions.circuit(case.weights, view, *head, fold=in_parts or wanted.norms == "fold")


@pytest.mark.parametrize("wanted", [PAPER, EVERYWHERE, FOLDED, RAW], ids=lambda one: one.source_view)
def test_salient_mappings(case: Case, wanted: MapSettings) -> None:
    rows = case.rows if wanted.padded_rows == "drop" else torch.arange(len(case.weights.e))
    for found in map_heads(case.checkpoint, wanted, case.heads):
        c = circuit(case, wanted, found.head)
        m, saliency = definitions.head_map(c, case.weights.u), definitions.saliency(c)
        assert [row.source.id for row in found.mappings] == definitions.in_order(saliency, rows)[:12].tolist()
        for row in found.mappings:
            entries, promoted = m[row.source.id], [target.id for target in row.targets]
            suppressed = [target.id for target in row.suppressed]
            assert row.saliency == pytest.approx(float(saliency[row.source.id]))
            assert promoted == definitions.in_order(entries, rows)[:4].tolist()
            assert suppressed == definitions.in_order(entries, rows, largest=False)[:4].tolist()
            assert row.logits == pytest.approx(entries[promoted].tolist())
            assert row.suppressed_logits == pytest.approx(entries[suppressed].tolist())


@pytest.mark.parametrize("wanted", [PAPER, FOLDED], ids=["paper", "folded"])
def test_top_pairs(case: Case, wanted: MapSettings) -> None:
    for head in case.heads[1:]:
        m = definitions.head_map(circuit(case, wanted, head), case.weights.u)
        found = top_pairs(case.checkpoint, wanted, head, 50)
        expected = definitions.top_pairs(m, case.rows, 50)
        assert [(pair.source.id, pair.target.id) for pair in found] == expected
        assert [pair.logit for pair in found] == pytest.approx([float(m[pair]) for pair in expected])


@pytest.mark.parametrize("wanted", [PAPER, FOLDED, PARTS], ids=["paper", "folded", "parts"])
def test_operation_scores(case: Case, wanted: MapSettings) -> None:
    draw, tokens = random.Random(0), case.rows.tolist()
    pairs = [(draw.choice(tokens), draw.choice(tokens[:60])) for _ in range(40)]
    pairs += pairs[:3]
    lists = [(Operation(f"k{k}", "any", 1, "", "", None, ()), pairs, k) for k in (1, 10, len(tokens) // 8)]
    scores = score_pairs(case.checkpoint, wanted, lists, case.heads, Silent())
    assert sum(score.hits for score in scores) > 0
    usable = usable_tokens(case.checkpoint, wanted).mask.nonzero().flatten()
    for head in case.heads:
        c = circuit(case, wanted, head)
        whole, specific = definitions.head_map(c, case.weights.u), None
        if wanted.view == "parts":
            specific = definitions.parts(c, case.weights.u, usable).standardised(slice(None))
        for score in (one for one in scores if one.head == head):
            found = (score.hits, score.suppression_hits)
            assert found == definitions.hits(whole, pairs, case.rows, score.k)
            shuffled = (score.shuffled_score, score.shuffled_suppression_score)
            assert shuffled == pytest.approx(definitions.shuffled(whole, pairs, case.rows, score.k))
            found = (score.specific_hits, score.specific_suppression_hits)
            shuffled = (score.specific_shuffled_score, score.specific_suppression_shuffled_score)
            if specific is None:
                assert found == shuffled == (None, None)
            else:
                assert found == definitions.hits(specific, pairs, case.rows, score.k)
                assert shuffled == pytest.approx(definitions.shuffled(specific, pairs, case.rows, score.k))
