"""Heads planted with what they do whatever the source, and because of it: which scores say so."""

from __future__ import annotations

import pytest
import torch

from headscribe.core.progress import Silent
from headscribe.core.records import OperationScore
from headscribe.core.settings import Dtype, MapSettings, MapView
from headscribe.eval.above_chance import mark_above_chance
from headscribe.mapping.scores import score_pairs
from headscribe.operations import Operation
from tests.mapping.memory_checkpoint import MemoryCheckpoint

VOCAB, FIRST_PRONOUN, N_SOURCES, FIRST_TARGET = 120, 100, 36, 50
PRONOUNS = [(source, FIRST_PRONOUN + source % 4) for source in range(N_SOURCES)]
PLURALS = [(source, FIRST_TARGET + source) for source in range(N_SOURCES)]
WHATEVER, BECAUSE, AGAINST, BOTH, NOTHING = range(5)


def planted() -> MemoryCheckpoint:
    """Tokens are axes, and one more axis is in every token; each head reads and writes along axes alone."""
    d_model = VOCAB + 1
    e, u = torch.zeros(VOCAB, d_model), torch.zeros(VOCAB, d_model)
    e[:, :VOCAB] = u[:, :VOCAB] = torch.eye(VOCAB)
    e[:, VOCAB] = 1
    plural = torch.zeros(d_model, d_model)
    for source, target in PLURALS:
        plural[source, target] = 1
    always = torch.zeros(d_model, d_model)
    always[VOCAB, FIRST_PRONOUN : FIRST_PRONOUN + 4] = 5
    nothing = torch.zeros(d_model, d_model)
    w_o = torch.stack([always, plural, -plural, always + plural, nothing])[None]
    w_v = torch.eye(d_model)[None, None].repeat(1, len(w_o[0]), 1, 1)
    return MemoryCheckpoint(e=e, u=u, w_v=w_v, w_o=w_o, mlp=torch.eye(d_model))


def scores(view: MapView, dtype: Dtype = "float64") -> dict[tuple[int, str], OperationScore]:
    checkpoint = planted()
    lists = [
        (Operation(name, "any", 1, "", "", None, ()), pairs, 4)
        for name, pairs in (("pronoun", PRONOUNS), ("plural", PLURALS))
    ]
    settings = MapSettings(view=view, dtype=dtype)
    found = score_pairs(checkpoint.opened(), settings, lists, checkpoint.heads, Silent())
    return {(score.head.head, score.operation): score for score in mark_above_chance(found, VOCAB)}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_what_is_promoted_whatever_the_source_is_no_finding(dtype: Dtype) -> None:
    found = scores("paper", dtype)[WHATEVER, "pronoun"]
    assert (found.score, found.shuffled_score) == (1, 1)
    assert (found.promotion.beyond_shuffled, found.above_chance) == (0, False)
    assert scores("parts", dtype)[WHATEVER, "pronoun"].specific_hits == 0


@pytest.mark.parametrize("view", ["paper", "parts"])
def test_a_mapping_is_a_finding_wherever_it_is_planted(view: MapView) -> None:
    found = scores(view)
    promotes = found[BECAUSE, "plural"].promotion
    assert (promotes.score, promotes.shuffled, promotes.above_chance) == (1, 0, True)
    suppresses = found[AGAINST, "plural"].suppression
    assert (suppresses.score, suppresses.shuffled, suppresses.above_chance) == (1, 0, True)
    above = {key for key, score in found.items() if score.above_chance or score.suppression_above_chance}
    assert above == {(head, "plural") for head in (BECAUSE, AGAINST, BOTH) if view == "parts" or head != BOTH}


def test_a_mapping_behind_a_constant_part_shows_in_the_specific_part_alone() -> None:
    found = scores("parts")[BOTH, "plural"]
    assert (found.score, found.above_chance) == (0, True)
    assert (found.promotion.score, found.promotion.beyond_shuffled) == (1, 1)
    assert found.low > 0.9


def test_a_head_that_does_nothing_scores_as_the_first_ids_would() -> None:
    for score in (scores("paper")[NOTHING, name] for name in ("pronoun", "plural")):
        assert (score.hits, score.suppression_hits, score.shuffled_score) == (0, 0, 0)
        assert score.above_chance is False
