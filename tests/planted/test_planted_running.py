"""On planted models that run as the map assumes, the running model says what the map says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from headscribe.core.heads import Head
from headscribe.core.settings import RELATION_HEAD
from headscribe.eval.check.ablation import hits_without
from headscribe.eval.check.dynamic import Hits, dynamic_hits
from headscribe.eval.check.prompts import TokenPrompt, task_prompts, word_prompts
from headscribe.inference.running_model import RunningModel
from headscribe.mapping.checkpoint import Checkpoint
from tests.eval.check.readouts import WeightsReadout, open_both
from tests.mapping.tiny_models import FAMILY_NAMES
from tests.planted.cases import Found, lists, scores_above
from tests.planted.models import Size, save_readable, words_of
from tests.planted.planting import Planting, plant

AROUND = ("a", "document", "about")
TEMPLATE = " a document about {source}"
SIZE = Size(layers=3, heads=4, kv_heads=2)
EARLY, MIDDLE, LAST, RIVAL = Head(0, 1), Head(1, 2), Head(2, 1), Head(2, 3)
FRENCH, NATIONALITY, PAST = (
    lists()[name] for name in ("english_to_french", "country_to_nationality", "verb_to_past_tense")
)
OPERATIONS = [FRENCH, NATIONALITY, PAST]
WHISPERS = [Planting(EARLY, FRENCH, strength=0.001), Planting(MIDDLE, NATIONALITY, True, strength=0.01)]
SPEAKER = Planting(LAST, PAST, strength=10.0)
OTHERS = [EARLY, MIDDLE, Head(1, 0), Head(2, 0), RIVAL]
ABLE = 0.7


@dataclass(frozen=True)
class Planted:
    folder: Path
    checkpoint: Checkpoint
    model: RunningModel

    def dynamic(self, prompts: Sequence[TokenPrompt]) -> Hits:
        return dynamic_hits(self.model, [prompts], WeightsReadout(self.checkpoint), k=10)[0]


def make(family: str, folder: Path, plantings: list[Planting]) -> Planted:
    save_readable(family, folder / "base", (*words_of(OPERATIONS), *AROUND), SIZE)
    plant(folder / "base", folder / "planted", plantings, silent=AROUND)
    return Planted(folder / "planted", *open_both(folder / "planted"))


@pytest.fixture(scope="module", params=FAMILY_NAMES)
def planted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return make(request.param, tmp_path_factory.mktemp(request.param), [*WHISPERS, SPEAKER])


def relation_heads(name: str, tables: Sequence[list[list[int]]], n: int) -> Found:
    return {
        (Head(layer, head), name, suppress): hits / n
        for suppress, table in zip((False, True), tables, strict=True)
        for layer, row in enumerate(table)
        for head, hits in enumerate(row)
        if hits / n >= RELATION_HEAD
    }


def test_dynamic_scores_agree_with_static_ones(planted: Planted) -> None:
    static = scores_above(planted.folder, OPERATIONS)
    assert set(static) == {
        (EARLY, FRENCH.name, False), (MIDDLE, NATIONALITY.name, True), (LAST, PAST.name, False)
    }  # fmt: skip
    vocabulary = planted.checkpoint.vocabulary
    forced: Found = {}
    context: Found = {}
    for operation in OPERATIONS:
        prompts = word_prompts(operation, TEMPLATE, vocabulary.word_id, vocabulary.encode).prompts
        hits = planted.dynamic(prompts)
        assert hits.n == len(operation.pairs)
        forced |= relation_heads(operation.name, (hits.forced, hits.forced_suppression), hits.n)
        context |= relation_heads(operation.name, (hits.context, hits.context_suppression), hits.n)
    for dynamic in (forced, context):
        assert dynamic == pytest.approx(static, abs=0.1)


def accuracies(planted: Planted, heads: Sequence[Head]) -> list[float]:
    """Next-token accuracy for past tenses with the first 0, 1, 2, … heads silenced."""
    vocabulary = planted.checkpoint.vocabulary
    prompts = task_prompts(PAST, TEMPLATE, vocabulary.word_id, vocabulary.encode).prompts
    return [hits / len(prompts) for hits in hits_without(planted.model, prompts, [heads])[0]]


def test_silencing_the_planted_head_takes_the_ability_and_others_do_not(planted: Planted) -> None:
    able, unable = accuracies(planted, [LAST])
    assert able >= ABLE
    assert unable == 0
    assert min(accuracies(planted, OTHERS)) >= able - 0.1


@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma2", "olmo2"])
def test_silencing_a_planted_suppressor_gives_the_ability_back(family: str, tmp_path: Path) -> None:
    planted = make(family, tmp_path, [SPEAKER, Planting(RIVAL, PAST, suppress=True, strength=20.0)])
    held_back, free = accuracies(planted, [RIVAL])
    assert held_back == 0
    assert free >= ABLE
