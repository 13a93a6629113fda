"""Removing heads and neurons equals zeroing them in the stock model; effects carry honest intervals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from headscribe.core.heads import Head
from headscribe.core.lookups import REMOVED, Ablation, CutPrompt, Neuron, PromptHeads, TopPrompt
from headscribe.inference.blocks import Blocks
from headscribe.lookups.ablation import ablate, effect
from headscribe.lookups.reading import Reading
from tests.eval.check.readouts import open_both
from tests.mapping.tiny_models import VOCABULARY, save_tiny

FIRST, SECOND, UNUSED = Neuron(3, 4), Neuron(2, 7), Neuron(1, 1)
HEADS_OF = {FIRST: [Head(0, 1), Head(2, 5)], SECOND: [Head(1, 0)]}
TOKENS = {FIRST: 17, SECOND: 200, UNUSED: 3}


@pytest.fixture(scope="module", params=["gpt2", "gemma2"])
def blocks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Blocks:
    folder: Path = tmp_path_factory.mktemp(request.param)
    save_tiny(request.param, folder)
    return Blocks(open_both(folder)[1])


def _found() -> list[PromptHeads]:
    draw = torch.Generator().manual_seed(2)
    made = []
    for neuron, length in ((FIRST, 6), (SECOND, 6), (FIRST, 2), (UNUSED, 6), (FIRST, 6)):
        ids = tuple(torch.randint(1, VOCABULARY, (length,), generator=draw).tolist())
        prompt = CutPrompt(TopPrompt(neuron, 0, length - 1, 1.0, ids), ids, (), (1.0,) * length)
        active = {Head(2, 5): 1.0} if len(made) == 0 else {}
        made.append(PromptHeads(prompt, 0.0, 1.0, active, 12))
    return made


@torch.inference_mode()
def _probability(
    blocks: Blocks, ids: tuple[int, ...], token: int, head: Head | None, neuron: Neuron | None
) -> float:
    """A whole pass of the model with the inputs of its own modules zeroed at the last position."""
    layout, shape, hooks = blocks.layout, blocks.model.shape, []
    if head is not None:
        columns = slice(head.head * shape.d_head, (head.head + 1) * shape.d_head)
        hooks.append(_zero(blocks.part(head.layer, layout.output), columns))
    if neuron is not None:
        hooks.append(_zero(blocks.part(neuron.layer, layout.fall), slice(neuron.neuron, neuron.neuron + 1)))
    logits = blocks.model.network(torch.tensor([ids]), use_cache=False).logits[0, -1]
    for hook in hooks:
        hook.remove()
    return float(logits.softmax(-1)[token])


def _zero(module: Any, columns: slice) -> Any:
    def hook(_: Any, inputs: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
        x = inputs[0].clone()
        x[:, -1, columns] = 0
        return (x,)

    return module.register_forward_pre_hook(hook)


@pytest.mark.parametrize("batch_tokens", [1, 4096])
def test_removals_equal_zeroing_inputs_in_whole_passes(blocks: Blocks, batch_tokens: int) -> None:
    found, reading = _found(), Reading(prefix=(5,), batch_tokens=batch_tokens)
    rows = ablate(blocks, found, HEADS_OF, TOKENS, reading=reading)
    assert len(rows) == 3 * (3 * 2 + 1)
    for one in found:
        neuron, ids = one.prompt.neuron, (5, *one.prompt.ids)
        before = _probability(blocks, ids, TOKENS[neuron], None, None)
        for head in HEADS_OF.get(neuron, []):
            for removed in REMOVED:
                without = (head if removed != "neuron" else None, neuron if removed != "head" else None)
                (row,) = (
                    row
                    for row in rows
                    if (row.neuron, row.head, row.removed) == (neuron, head, removed)
                    and row.before == pytest.approx(before, rel=1e-3)
                )
                expected = _probability(blocks, ids, TOKENS[neuron], *without)
                assert row.after == pytest.approx(expected, rel=1e-3, abs=1e-7)
                assert row.active == (head in one.active)


def _row(change: float, *, active: bool, neuron: Neuron = FIRST) -> Ablation:
    return Ablation(neuron, Head(0, 0), "head", active, 0.5, 0.5 + change)


def test_an_effect_is_the_difference_of_mean_changes() -> None:
    rows = [
        _row(-0.3, active=True),
        _row(-0.1, active=True),
        _row(0.02, active=False),
        _row(0.0, active=False),
    ]
    found = effect(rows, "head")
    assert (found.active, found.inactive) == (pytest.approx(-0.2), pytest.approx(0.01))
    assert found.difference == pytest.approx(-0.21)
    assert (found.n_active, found.n_inactive, found.n_pairs) == (2, 2, 1)
    assert found.low is not None
    assert found.high is not None
    assert found.low < -0.21 < found.high < 0
    assert effect(rows, "head") == found


def test_prompts_of_one_neuron_count_together_in_the_interval() -> None:
    """A hundred prompts of one neuron that all say the same are one piece of evidence, not a hundred."""
    neurons = [Neuron(2, index) for index in range(4)]
    changes = (-0.4, -0.2, 0.2, 0.3)
    rows = [
        _row(change if active else 0.0, active=active, neuron=neuron)
        for neuron, change in zip(neurons, changes, strict=True)
        for active in (True, False)
        for _ in range(50)
    ]
    found = effect(rows, "head")
    assert found.low is not None
    assert found.high is not None
    assert found.low < -0.1
    assert found.high > 0.1


@pytest.mark.parametrize("rows", [[], [_row(0.1, active=True)], [_row(0.1, active=False)] * 3])
def test_without_both_kinds_of_prompts_there_is_no_difference(rows: list[Ablation]) -> None:
    found = effect(rows, "head")
    assert (found.difference, found.low, found.high) == (None, None, None)
