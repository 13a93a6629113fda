"""Attributions are what each head's output gives along the direction that a neuron of any kind reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from headscribe.core.heads import Head
from headscribe.core.lookups import CutPrompt, HeadActivity, Neuron, PromptHeads, TopPrompt
from headscribe.inference.blocks import Blocks
from headscribe.inference.weights import ResidualWeights
from headscribe.lookups import attribution
from headscribe.lookups.attribution import (
    FEWEST_HEADS,
    activity,
    head_attributions,
    pairs_to_explain,
    prompt_heads,
)
from headscribe.lookups.reading import Reading
from tests.eval.check.readouts import open_both
from tests.mapping.tiny_models import HEADS, VOCABULARY, save_tiny


def _prompt(neuron: Neuron, ids: tuple[int, ...]) -> CutPrompt:
    top = TopPrompt(neuron, 0, len(ids) - 1, 1.0, ids)
    return CutPrompt(top, ids, (), (0.0,) * len(ids))


def _prompts() -> list[CutPrompt]:
    draw = torch.Generator().manual_seed(9)
    neurons = (Neuron(3, 4), Neuron(1, 60), Neuron(3, 4), Neuron(2, 0), Neuron(3, 75), Neuron(1, 60))
    lengths = (5, 9, 2, 1, 9, 3)
    return [
        _prompt(neuron, tuple(torch.randint(1, VOCABULARY, (length,), generator=draw).tolist()))
        for neuron, length in zip(neurons, lengths, strict=True)
    ]


@pytest.fixture(scope="module", params=["gpt2", "phi", "phi3", "llama", "qwen2", "gemma2", "olmo2"])
def blocks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Blocks:
    folder: Path = tmp_path_factory.mktemp(request.param)
    save_tiny(request.param, folder)
    return Blocks(open_both(folder)[1])


def _norm_weight(blocks: Blocks, layer: int, name: str | None) -> Tensor:
    weight: Any = 1.0 if name is None else blocks.part(layer, name).weight.detach() + blocks.layout.offset
    return torch.as_tensor(weight)


def _by_the_modules(blocks: Blocks, prompt: CutPrompt) -> Tensor:
    """The same attributions from the model's own modules: a gradient, and one head at a time through W_O."""
    layer, index = prompt.neuron
    layout, shape = blocks.layout, blocks.model.shape
    taken: dict[str, Tensor] = {}
    mlp = blocks.part(layer, layout.fall.rpartition(".")[0])
    hooks = [
        mlp.register_forward_pre_hook(lambda _, x: taken.update(x=x[0])),
        blocks.part(layer, layout.fall).register_forward_pre_hook(lambda _, x: taken.update(post=x[0])),
        blocks.part(layer, layout.rise[0]).register_forward_hook(lambda _, __, y: taken.update(pre=y)),
    ]
    for earlier in range(layer):
        module = blocks.part(earlier, layout.output)
        key = f"z{earlier}"
        hooks.append(module.register_forward_pre_hook(lambda _, x, key=key: taken.update({key: x[0]})))
    with torch.enable_grad():
        blocks.model.network(torch.tensor([prompt.ids]), use_cache=False)
        # a plain neuron's input weights are those of what its activation gets
        (wanted,) = torch.autograd.grad(taken["post" if blocks.gated else "pre"][0, -1, index], taken["x"])
    for hook in hooks:
        hook.remove()
    read = wanted[0, -1] * _norm_weight(blocks, layer, layout.mlp_norm)
    centred = ResidualWeights(blocks).centred
    table = torch.zeros(layer, shape.n_heads)
    for earlier in range(layer):
        z = taken[f"z{earlier}"][0, -1].detach().view(shape.n_heads, shape.d_head)
        z = z - ResidualWeights(blocks).constant_z(earlier)
        module = blocks.part(earlier, layout.output)
        behind = _norm_weight(blocks, earlier, layout.behind_attention)
        for head in range(shape.n_heads):
            alone = torch.zeros_like(z)
            alone[head] = z[head]
            with torch.no_grad():
                written = (module(alone.view(1, -1)) - module(torch.zeros(1, z.numel())))[0] * behind
            table[earlier, head] = (written - written.mean() if centred else written) @ read
    return table


def test_attributions_equal_what_the_modules_give(blocks: Blocks) -> None:
    prompts = _prompts()
    found = list(head_attributions(blocks, prompts, reading=Reading(batch_tokens=20)))
    for prompt, table in zip(prompts, found, strict=True):
        assert table.shape == (prompt.neuron.layer, HEADS)
        torch.testing.assert_close(table, _by_the_modules(blocks, prompt), rtol=1e-3, atol=1e-4)


def test_groups_of_neurons_change_nothing(blocks: Blocks, monkeypatch: pytest.MonkeyPatch) -> None:
    together = list(head_attributions(blocks, _prompts()))
    monkeypatch.setattr(attribution, "GROUP", 1)
    for one, other in zip(together, head_attributions(blocks, _prompts()), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_a_head_is_active_above_the_mean_by_two_deviations(blocks: Blocks) -> None:
    prompts = _prompts()
    tables = head_attributions(blocks, prompts)
    for prompt, table, one in zip(prompts, tables, prompt_heads(blocks, prompts), strict=True):
        assert one.prompt is prompt
        assert one.n_heads == table.numel()
        assert one.mean == pytest.approx(float(table.mean()), abs=1e-5)
        assert one.deviation == pytest.approx(float(table.std(correction=1)), rel=1e-4)
        expected = {
            Head(layer, head): pytest.approx(float(table[layer, head]), rel=1e-5)
            for layer in range(prompt.neuron.layer)
            for head in range(HEADS)
            if table[layer, head] > one.mean + 2 * one.deviation
        }
        assert one.active == expected


def test_with_fewer_than_six_heads_none_can_be_active() -> None:
    def highest(n: int) -> float:
        values = torch.zeros(n, dtype=torch.float64)
        values[0] = 1
        return float((1 - values.mean()) / values.std())

    assert highest(FEWEST_HEADS - 1) < 2 < highest(FEWEST_HEADS)


def test_the_consistency_table_counts_active_prompts_by_pair() -> None:
    first, second = Neuron(2, 1), Neuron(2, 5)
    a, b = Head(0, 1), Head(1, 0)

    def found(neuron: Neuron, active: dict[Head, float]) -> PromptHeads:
        return PromptHeads(_prompt(neuron, (1,)), 0.0, 1.0, active, 12)

    rows = activity(
        [found(first, {a: 3.0}), found(second, {b: 2.5}), found(first, {a: 5.0, b: 4.0}), found(first, {}),
         found(first, {a: 4.0})]
    )  # fmt: skip
    assert rows == [
        HeadActivity(first, a, 4, 3, 4.0),
        HeadActivity(first, b, 4, 1, 4.0),
        HeadActivity(second, b, 1, 1, 2.5),
    ]
    assert pairs_to_explain(rows) == rows[:2]
