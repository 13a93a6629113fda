"""A planted neuron, head and context are found, and no other, with the effect that they have."""

from __future__ import annotations

from pathlib import Path

import pytest

from headscribe.core.lookups import Ablation, CutPrompt, PromptHeads
from headscribe.inference.blocks import Blocks
from headscribe.lookups.ablation import ablate, effect
from headscribe.lookups.activations import Strongest, strongest_prompts
from headscribe.lookups.attribution import activity, pairs_to_explain, prompt_heads
from headscribe.lookups.neurons import choose_neurons
from headscribe.lookups.truncation import truncate
from headscribe.mapping.checkpoint import Checkpoint
from tests.eval.check.readouts import open_both
from tests.planted.lookups import (
    CONTEXT,
    HEAD,
    NEURON,
    TARGET,
    TRIGGER,
    WRITTEN,
    planted_texts,
    save_planted_lookup,
)

N = 10
TEXTS = planted_texts(N)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkpoint, Blocks]:
    folder: Path = tmp_path_factory.mktemp("planted")
    save_planted_lookup(folder)
    checkpoint, model = open_both(folder)
    return checkpoint, Blocks(model)


@pytest.fixture(scope="module")
def strongest(opened: tuple[Checkpoint, Blocks]) -> Strongest:
    checkpoint, blocks = opened
    texts = [(at, checkpoint.vocabulary.encode(one.text, False)[0]) for at, one in enumerate(TEXTS)]
    return strongest_prompts(blocks, texts, [NEURON], n=2 * N, split="explain")


@pytest.fixture(scope="module")
def prompts(opened: tuple[Checkpoint, Blocks], strongest: Strongest) -> list[CutPrompt]:
    kept, left_out = truncate(opened[1], strongest.prompts, split="explain")
    assert not left_out
    return kept


@pytest.fixture(scope="module")
def heads(opened: tuple[Checkpoint, Blocks], prompts: list[CutPrompt]) -> list[PromptHeads]:
    return prompt_heads(opened[1], prompts)


@pytest.fixture(scope="module")
def ablations(opened: tuple[Checkpoint, Blocks], heads: list[PromptHeads]) -> list[Ablation]:
    checkpoint, blocks = opened
    target = checkpoint.vocabulary.word_id(TARGET)
    assert target is not None
    return ablate(blocks, heads, {NEURON: [HEAD]}, {NEURON: target})


def test_the_neuron_and_its_token_have_the_highest_congruence(opened: tuple[Checkpoint, Blocks]) -> None:
    checkpoint, blocks = opened
    texts = checkpoint.vocabulary.texts(range(checkpoint.facts.vocab_size))
    found = choose_neurons(blocks, [NEURON.layer], texts, per_layer=1)
    assert (found[0].neuron, found[0].token.text) == (NEURON, f" {TARGET}")
    assert found[0].congruence == pytest.approx(WRITTEN, abs=0.01)


def test_the_strongest_prompts_are_those_with_the_trigger(strongest: Strongest) -> None:
    assert {one.text for one in strongest.prompts} == {
        at for at, one in enumerate(TEXTS) if one.active is not None
    }


def test_truncation_keeps_the_context_and_nothing_else(
    opened: tuple[Checkpoint, Blocks], prompts: list[CutPrompt]
) -> None:
    for prompt in prompts:
        kept = "".join(opened[0].vocabulary.texts(prompt.ids))
        if TEXTS[prompt.top.text].active:
            assert kept.startswith(f" {CONTEXT}")
            assert kept.endswith(f" {TRIGGER}")
        else:
            assert kept == f" {TRIGGER}"


def test_the_head_is_active_exactly_in_the_context(heads: list[PromptHeads]) -> None:
    for one in heads:
        assert (HEAD in one.active) == TEXTS[one.prompt.top.text].active


def test_the_pair_is_explained_with_its_share(heads: list[PromptHeads]) -> None:
    rows = {row.head: row for row in pairs_to_explain(activity(heads))}
    assert rows[HEAD].share == 0.5
    assert rows[HEAD].attribution == max(row.attribution for row in rows.values())


def test_without_the_head_the_token_is_less_probable_in_the_context_alone(ablations: list[Ablation]) -> None:
    found = effect(ablations, "head")
    assert found.active is not None
    assert found.active < -0.2
    assert found.inactive == pytest.approx(0, abs=0.05)
    assert found.high is not None
    assert found.high < 0
    assert (found.n_active, found.n_inactive, found.n_pairs) == (N, N, 1)


def test_without_the_neuron_it_is_less_probable_everywhere(ablations: list[Ablation]) -> None:
    found, both = effect(ablations, "neuron"), effect(ablations, "both")
    assert found.active is not None
    assert found.inactive is not None
    assert max(found.active, found.inactive) < -0.2
    assert both.active == pytest.approx(found.active, abs=0.02)
