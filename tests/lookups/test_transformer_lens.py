"""Congruence, activations, truncation and attributions equal those computed through TransformerLens."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch

from headscribe.core.lookups import Neuron, TopPrompt
from headscribe.inference.blocks import Blocks
from headscribe.inference.weights import ResidualWeights
from headscribe.lookups.activations import strongest_prompts
from headscribe.lookups.attribution import head_attributions, prompt_heads
from headscribe.lookups.neurons import congruence
from headscribe.lookups.reading import Reading
from headscribe.lookups.truncation import truncate
from tests.eval.check.readouts import open_both
from tests.mapping.tiny_models import HEADS, LAYERS, MLP_WIDTH, VOCABULARY, save_tiny

pytest.importorskip("transformer_lens")

NEURONS = [Neuron(layer, index) for layer in (1, 3) for index in (1, 11, MLP_WIDTH - 1)]
N = 2
CLOSE = {"rtol": 1e-4, "atol": 1e-4}


@dataclass
class Both:
    """One checkpoint, as Headscribe and as TransformerLens run it."""

    ours: Blocks
    theirs: Any
    prefix: tuple[int, ...]
    caches: dict[tuple[int, ...], Any] = field(default_factory=dict)

    @property
    def reading(self) -> Reading:
        return Reading(prefix=self.prefix, batch_tokens=64)

    def cache(self, ids: tuple[int, ...] | list[int]) -> Any:
        """Everything of one prompt, by the hooks of TransformerLens, prefix in front."""
        key = (*self.prefix, *ids)
        if key not in self.caches:
            self.caches[key] = self.theirs.run_with_cache(torch.tensor([key]), names_filter=_wanted)[1]
        return self.caches[key]

    def activations(self, neuron: Neuron, ids: tuple[int, ...] | list[int]) -> torch.Tensor:
        post = self.cache(ids)[f"blocks.{neuron.layer}.mlp.hook_post"][0, :, neuron.neuron]
        return post[len(self.prefix) :]


def _wanted(name: str) -> bool:
    return name.endswith(("attn.hook_z", "mlp.hook_post"))


@pytest.fixture(scope="module", params=["gpt2", "gpt_neox"])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Both:
    from transformer_lens.model_bridge import TransformerBridge
    from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp(request.param)
    save_tiny(request.param, folder)
    theirs = TransformerBridge.boot_transformers(
        str(folder),
        hf_model=AutoModelForCausalLM.from_pretrained(str(folder), dtype=torch.float32),
        tokenizer=PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json")),
        device="cpu",
    )
    theirs.enable_compatibility_mode(disable_warnings=True)
    prefix = (0,) if request.param == "gpt2" else ()
    return Both(Blocks(open_both(Path(folder))[1]), theirs, prefix)


@pytest.fixture(scope="module")
def texts() -> list[tuple[int, list[int]]]:
    draw = torch.Generator().manual_seed(3)
    lengths = (5, 12, 25, 9, 25, 2)
    return [
        (number, torch.randint(1, VOCABULARY, (length,), generator=draw).tolist())
        for number, length in enumerate(lengths)
    ]


def _strongest(both: Both, texts: list[tuple[int, list[int]]]) -> list[TopPrompt]:
    return strongest_prompts(both.ours, texts, NEURONS, n=N, split="explain", reading=both.reading).prompts


@torch.inference_mode()
@pytest.mark.parametrize("layer", range(LAYERS))
def test_congruence(both: Both, layer: int) -> None:
    tokens = torch.arange(40, VOCABULARY)
    found = congruence(ResidualWeights(both.ours), layer, MLP_WIDTH, tokens)
    value, at = (both.theirs.W_out[layer] @ both.theirs.W_U[:, 40:]).max(dim=1)
    torch.testing.assert_close(found.value, value, **CLOSE)
    assert found.token.tolist() == tokens[at].tolist()


@torch.inference_mode()
def test_the_strongest_texts_and_their_activations(both: Both, texts: list[tuple[int, list[int]]]) -> None:
    found = _strongest(both, texts)
    expected = []
    for neuron in NEURONS:
        peaks = [(*both.activations(neuron, ids).max(dim=0), number, ids) for number, ids in texts]
        peaks = sorted(
            ((float(v), -number, int(at), ids) for v, at, number, ids in peaks if v > 0), reverse=True
        )
        expected += [(neuron, -number, at, tuple(ids[: at + 1])) for _, number, at, ids in peaks[:N]]
    assert [(one.neuron, one.text, one.position, one.ids) for one in found] == expected
    for one in found:
        theirs = both.activations(one.neuron, texts[one.text][1])[one.position]
        assert one.activation == pytest.approx(float(theirs), abs=1e-4)


@torch.inference_mode()
def test_truncation(both: Both, texts: list[tuple[int, list[int]]]) -> None:
    tops = _strongest(both, texts)
    prompts, left_out = truncate(both.ours, tops, split="explain", reading=both.reading)
    assert not left_out
    assert any(prompt.cut for prompt in prompts)
    for top, prompt in zip(tops, prompts, strict=True):
        short, long = 0, len(top.ids)
        while long - short > 1:
            middle = (short + long) // 2
            enough = both.activations(top.neuron, top.ids[-middle:])[-1] >= 0.8 * top.activation
            short, long = (short, middle) if enough else (middle, long)
        assert (prompt.cut, prompt.ids) == (top.ids[:-long], top.ids[-long:])
        theirs = both.activations(top.neuron, prompt.ids)
        torch.testing.assert_close(torch.tensor(prompt.activations), theirs, **CLOSE)


@torch.inference_mode()
def test_attributions_and_active_heads(both: Both, texts: list[tuple[int, list[int]]]) -> None:
    tops = _strongest(both, texts)
    prompts, _ = truncate(both.ours, tops, split="explain", reading=both.reading)
    ours = list(head_attributions(both.ours, prompts, reading=both.reading))
    found = prompt_heads(both.ours, prompts, reading=both.reading)
    for prompt, table, heads in zip(prompts, ours, found, strict=True):
        layer, index = prompt.neuron
        cache = both.cache(prompt.ids)
        z = torch.stack([cache[f"blocks.{earlier}.attn.hook_z"][0, -1] for earlier in range(layer)])
        written = torch.einsum("lhe,lhed->lhd", z, both.theirs.W_O[:layer])
        theirs = written @ both.theirs.W_in[layer, :, index]
        torch.testing.assert_close(table, theirs, **CLOSE)
        threshold = theirs.mean() + 2 * theirs.std()
        assert list(heads.active) == [tuple(place) for place in (theirs > threshold).nonzero().tolist()]
        assert heads.n_heads == layer * HEADS
    assert any(one.active for one in found)
