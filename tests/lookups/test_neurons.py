"""Next-token neurons: which layers, which tokens, which neurons, and the random ones beside them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from headscribe.core.errors import BadOption, BadTokenizer
from headscribe.inference.blocks import Blocks
from headscribe.inference.weights import ResidualWeights
from headscribe.lookups import neurons
from headscribe.lookups.neurons import choose_layers, choose_neurons, congruence, eligible_tokens
from tests.eval.check.readouts import open_both
from tests.mapping.tiny_models import MLP_WIDTH, VOCABULARY, save_tiny

TEXTS = [f" w{id}" if id % 3 else f"w{id}" for id in range(VOCABULARY)]


@pytest.fixture(scope="module", params=["gpt2", "llama", "gemma2"])
def blocks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Blocks:
    folder: Path = tmp_path_factory.mktemp(request.param)
    save_tiny(request.param, folder)
    return Blocks(open_both(folder)[1])


@pytest.mark.parametrize(("n_layers", "late"), [(2, (1,)), (3, (2,)), (4, (2, 3)), (12, (8, 9, 10, 11))])
def test_the_last_third_of_the_layers_is_looked_at_by_default(n_layers: int, late: tuple[int, ...]) -> None:
    assert choose_layers(None, n_layers) == late


def test_layers_can_be_chosen() -> None:
    assert choose_layers("L8-9,L11", 12) == (8, 9, 11)


@pytest.mark.parametrize("selection", ["L12", "L3-12", "5", "", "L5H3", "sample:2", "L9-8", "nonsense"])
def test_layers_that_are_none_are_refused(selection: str) -> None:
    with pytest.raises(BadOption, match=r"--layers.*L0 to L11"):
        choose_layers(selection, 12)


@pytest.mark.parametrize("selection", ["L0", "L0-3", "all"])
def test_layer_0_is_refused_as_no_head_comes_before_it(selection: str) -> None:
    with pytest.raises(BadOption, match="no earlier layer has heads"):
        choose_layers(selection, 12)


def test_a_model_of_one_layer_has_nothing_to_look_up() -> None:
    with pytest.raises(BadOption, match="one layer has nothing to look up"):
        choose_layers(None, 1)


def test_a_token_is_eligible_with_a_space_and_two_further_characters() -> None:
    assert eligible_tokens(["an", " an", " a", " ", "", " and", "  a", "\tan"]) == [1, 5, 6]
    with pytest.raises(BadTokenizer, match="two further characters"):
        eligible_tokens(["a", " b"])


@torch.inference_mode()
def test_the_neurons_chosen_have_the_highest_congruence_of_their_layer(blocks: Blocks) -> None:
    weights, eligible = ResidualWeights(blocks), eligible_tokens(TEXTS)
    found = choose_neurons(blocks, (1, 3), TEXTS, per_layer=5)
    unembedding = weights.unembedding(torch.tensor(eligible), weights.unembedding_mean())
    for layer in (1, 3):
        table = weights.written_by_neurons(layer, torch.arange(MLP_WIDTH)) @ unembedding.T
        best = table.max(dim=1).values.topk(5)
        chosen = [one for one in found if one.neuron.layer == layer and one.arm == "next-token"]
        assert [one.neuron.neuron for one in chosen] == best.indices.tolist()
        assert [one.congruence for one in chosen] == pytest.approx(best.values.tolist(), abs=1e-5)
        tokens = [eligible[at] for at in table[best.indices].argmax(dim=1).tolist()]
        assert [(one.token.id, one.token.text) for one in chosen] == [(id, TEXTS[id]) for id in tokens]


def test_blocks_of_tokens_give_what_all_of_them_together_give(
    blocks: Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, tokens = ResidualWeights(blocks), torch.arange(VOCABULARY)
    whole = congruence(weights, 1, MLP_WIDTH, tokens)
    monkeypatch.setattr(neurons, "PRODUCTS", 7 * MLP_WIDTH)
    split = congruence(weights, 1, MLP_WIDTH, tokens)
    torch.testing.assert_close(split.value, whole.value)
    assert torch.equal(split.token, whole.token)


def test_random_neurons_are_others_of_the_same_layers_and_follow_the_seed(blocks: Blocks) -> None:
    found = choose_neurons(blocks, (1, 2), TEXTS, per_layer=6, seed=1)
    arms = {arm: [one.neuron for one in found if one.arm == arm] for arm in ("next-token", "random")}
    assert [neuron.layer for neuron in arms["random"]] == [1] * 6 + [2] * 6
    assert not set(arms["next-token"]) & set(arms["random"])
    assert choose_neurons(blocks, (1, 2), TEXTS, per_layer=6, seed=1) == found
    assert choose_neurons(blocks, (1, 2), TEXTS, per_layer=6, seed=2) != found


def test_a_layer_with_too_few_neurons_gives_those_it_has(blocks: Blocks) -> None:
    found = choose_neurons(blocks, (1,), TEXTS, per_layer=MLP_WIDTH - 2)
    assert [one.arm for one in found].count("random") == 2
