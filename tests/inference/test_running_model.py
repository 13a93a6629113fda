"""The watched model is the stock model, and silencing equals zeroing the output projection's input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from headscribe.core.errors import UnhookableAttention
from headscribe.core.heads import Head
from headscribe.inference import hooks
from headscribe.inference.running_model import RunningModel, Shape, load_model
from tests.eval.check.readouts import open_both
from tests.mapping.tiny_models import FAMILY_NAMES, HEADS, VOCABULARY, save_tiny

SLIDING = {"mistral": 3, "phi3": 3, "gemma2": 3, "gemma3": 3, "gemma3_multimodal": 3}
SILENCED = (Head(0, 1), Head(2, 0), Head(2, HEADS - 1), Head(3, 3))


def _ids() -> torch.Tensor:
    return torch.randint(2, VOCABULARY, (3, 9), generator=torch.Generator().manual_seed(7))


@pytest.fixture(scope="module", params=FAMILY_NAMES)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Any, RunningModel]:
    """The stock model with transformers' own eager attention, and the watched one."""
    from transformers import AutoModelForCausalLM

    folder = tmp_path_factory.mktemp(request.param)
    window = {"sliding_window": SLIDING[request.param]} if request.param in SLIDING else {}
    save_tiny(request.param, folder, **window)
    stock = AutoModelForCausalLM.from_pretrained(
        str(folder), dtype=torch.float32, attn_implementation="eager"
    )
    return stock.eval(), open_both(folder)[1]


def _projections(stock: Any) -> list[torch.nn.Module]:
    """Every layer's output projection, in order; the vision tower has none of these names."""
    ends = ("attn.c_proj", "attention.dense", "self_attn.dense", "self_attn.o_proj")
    return [module for name, module in stock.named_modules() if name.endswith(ends)]


@torch.inference_mode()
def test_logits_equal_the_stock_model(pair: tuple[Any, RunningModel]) -> None:
    stock, model = pair
    torch.testing.assert_close(model.watch(_ids()).logits, stock(_ids()).logits[:, -1], rtol=1e-5, atol=1e-5)


@torch.inference_mode()
def test_z_is_what_the_output_projection_gets(pair: tuple[Any, RunningModel]) -> None:
    stock, model = pair
    got: list[torch.Tensor] = []
    hooked = [
        module.register_forward_pre_hook(lambda _, inputs: got.append(inputs[0][:, -1].clone()))
        for module in _projections(stock)
    ]
    stock(_ids())
    for hook in hooked:
        hook.remove()
    for z, theirs in zip(model.watch(_ids()).z, got, strict=True):
        torch.testing.assert_close(z.flatten(1), theirs, rtol=1e-5, atol=1e-5)


def test_silencing_another_head_on_each_prompt_equals_silencing_it_on_all(
    pair: tuple[Any, RunningModel],
) -> None:
    _, model = pair
    watched = model.watch(_ids(), keep_keys=True)
    each = model.silenced_each(watched, [SILENCED[0], None, SILENCED[1]])
    for row, heads in enumerate([SILENCED[:1], (), SILENCED[1:2]]):
        torch.testing.assert_close(each[row], model.silenced(watched, heads)[row], rtol=1e-5, atol=1e-5)


@torch.inference_mode()
def test_silencing_equals_zeroing_heads_in_a_whole_pass(pair: tuple[Any, RunningModel]) -> None:
    stock, model = pair

    def zero(heads: list[int]) -> Any:
        def hook(_: torch.nn.Module, inputs: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
            x = inputs[0].clone()
            x.view(*x.shape[:2], HEADS, -1)[:, -1, heads] = 0
            return (x,)

        return hook

    hooked = [
        module.register_forward_pre_hook(zero([head.head for head in SILENCED if head.layer == layer]))
        for layer, module in enumerate(_projections(stock))
    ]
    theirs = stock(_ids()).logits[:, -1]
    for hook in hooked:
        hook.remove()
    watched = model.watch(_ids(), keep_keys=True)
    torch.testing.assert_close(model.silenced(watched, SILENCED), theirs, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(theirs, watched.logits, atol=1e-2)


@torch.inference_mode()
def test_steering_equals_adding_to_what_the_output_projection_gets(pair: tuple[Any, RunningModel]) -> None:
    stock, model = pair
    ids, heads = _ids()[:1], [Head(0, 1), Head(2, HEADS - 1), Head(3, 0)]
    d_head = model.shape.d_head
    values = torch.randn(len(heads), d_head, generator=torch.Generator().manual_seed(3))
    got = model.steered(model.watch(ids, keep_keys=True), heads, values)
    for row, head in enumerate(heads):

        def add(_: torch.nn.Module, inputs: tuple[torch.Tensor], *, of: int = row) -> tuple[torch.Tensor]:
            x = inputs[0].clone()
            x.view(*x.shape[:2], HEADS, d_head)[:, -1, heads[of].head] += values[of]
            return (x,)

        hook = _projections(stock)[head.layer].register_forward_pre_hook(add)
        theirs = stock(ids).logits[0, -1]
        hook.remove()
        torch.testing.assert_close(got[row], theirs, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(got[0], got[1], atol=1e-2)


def test_silencing_nothing_changes_nothing(pair: tuple[Any, RunningModel]) -> None:
    _, model = pair
    watched = model.watch(_ids(), keep_keys=True)
    torch.testing.assert_close(model.silenced(watched, ()), watched.logits, rtol=1e-4, atol=1e-4)


def test_values_hold_the_value_bias(tmp_path: Path) -> None:
    stock = save_tiny("gpt2", tmp_path)
    model = open_both(tmp_path)[1]
    ids = _ids()
    with torch.inference_mode():
        hidden = stock.transformer.wte(ids) + stock.transformer.wpe(torch.arange(ids.shape[1]))
        block = stock.transformer.h[0]
        value = block.attn.c_attn(block.ln_1(hidden)).chunk(3, -1)[2]
    torch.testing.assert_close(
        model.watch(ids).values[0].transpose(1, 2).flatten(2), value, rtol=1e-5, atol=1e-5
    )


def test_a_model_whose_attention_passes_by_is_a_clear_error(tmp_path: Path) -> None:
    stock = save_tiny("llama", tmp_path)  # runs its own eager attention, unseen
    model = RunningModel(stock, Shape(4, 6, 2, 14))
    with pytest.raises(UnhookableAttention, match="0 of 4 layers could be watched"):
        model.watch(_ids())


def test_an_attention_without_eager_code_is_a_clear_error() -> None:
    from transformers import AttentionInterface

    hooks.register()
    x = torch.zeros(1, 1, 1, 1)
    with pytest.raises(UnhookableAttention, match="no eager attention"):
        AttentionInterface()[hooks.IMPLEMENTATION](Path(), x, x, x, None)


def test_a_folder_that_transformers_cannot_run_is_a_clear_error(tmp_path: Path) -> None:
    save_tiny("llama", tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(UnhookableAttention, match="cannot run this model"):
        load_model(tmp_path, Shape(4, 6, 2, 14), dtype=torch.float32, device=torch.device("cpu"))
