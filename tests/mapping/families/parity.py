"""What must hold of any family: what is read from disk is what transformers runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from headscribe.mapping.checkpoint import open_checkpoint
from headscribe.mapping.facts import OV
from tests.mapping.modules import attention, blocks, norm_behind_attention
from tests.mapping.tiny_models import (
    FREE_HEAD_WIDTH,
    HEAD_WIDTH,
    HEADS,
    KV_HEADS,
    LAYERS,
    VOCABULARY,
    WIDTH,
    WORDS,
)

Saved = tuple[str, Path, Any]
"""A family, the folder of its tiny checkpoint, and the model that was saved there."""


def check_facts(saved: Saved) -> None:
    """The numbers come from the configuration."""
    family, folder, model = saved
    facts = open_checkpoint(str(folder)).facts
    config = model.config.get_text_config()
    assert facts.family == family.removesuffix("_multimodal")
    assert (facts.n_layers, facts.n_heads, facts.d_model) == (LAYERS, HEADS, WIDTH)
    assert facts.n_kv_heads == (getattr(config, "num_key_value_heads", None) or HEADS)
    assert facts.d_head in (HEAD_WIDTH, FREE_HEAD_WIDTH)
    assert facts.d_head == (getattr(config, "head_dim", None) or HEAD_WIDTH)
    assert (facts.vocab_size, facts.n_tokens) == (VOCABULARY, 257 + len(WORDS))
    assert facts.tied == config.tie_word_embeddings
    assert facts.dtype == "float32"


def check_embeddings(saved: Saved) -> None:
    """E and U are the model's own."""
    _, folder, model = saved
    checkpoint = open_checkpoint(str(folder))
    embedding, unembedding = checkpoint.embedding(), checkpoint.unembedding()
    assert torch.equal(embedding, model.get_input_embeddings().weight)
    assert torch.equal(unembedding, model.get_output_embeddings().weight)
    assert (unembedding is embedding) == checkpoint.facts.tied


def check_attention(saved: Saved) -> None:
    """Attention to one token is the sum over heads plus biases."""
    family, folder, model = saved
    checkpoint = open_checkpoint(str(folder))
    inputs, outputs = _watch(model, family, token=5)
    for layer in range(LAYERS):
        ov, facts = checkpoint.ov(layer), checkpoint.facts
        assert ov.w_v.shape == (facts.n_kv_heads, facts.d_model, facts.d_head)
        assert ov.w_o.shape == (facts.n_heads, facts.d_head, facts.d_model)
        expected = _sum_over_heads(inputs[layer], ov) + _biases(blocks(model, family)[layer], ov)
        assert torch.allclose(expected, _folded(model, family, layer, outputs[layer]), rtol=1e-4, atol=1e-4)


def check_first_mlp(saved: Saved) -> None:
    """The first-mlp view is norm and MLP of block 0."""
    family, folder, model = saved
    ids = torch.tensor([3, 1, 4, VOCABULARY - 1])
    block, x = blocks(model, family)[0], model.get_input_embeddings()(ids)  # Gemma's module scales
    norm = {"gpt2": "ln_2", "phi": "input_layernorm", "gemma2": "pre_feedforward_layernorm"}
    norm["gemma3"] = norm["gemma3_multimodal"] = norm["gemma2"]
    if family != "olmo2":
        x = getattr(block, norm.get(family, "post_attention_layernorm"))(x)
    checkpoint = open_checkpoint(str(folder))
    view = checkpoint.first_mlp()(checkpoint.embedding()[ids])
    assert torch.allclose(view, block.mlp(x), rtol=1e-4, atol=1e-4)


def _sum_over_heads(x: torch.Tensor, ov: OV) -> torch.Tensor:
    group = len(ov.w_o) // KV_HEADS if len(ov.w_v) == KV_HEADS else 1
    terms = [x @ ov.w_v[head // group] @ ov.w_o[head] for head in range(len(ov.w_o))]
    return torch.stack(terms).sum(0)


def _biases(block: Any, ov: OV) -> torch.Tensor:
    """b_V W_O summed over the heads, plus b_O, where the module has them."""
    parameters = dict(attention(block).named_parameters())
    b_v = torch.zeros(ov.w_v.shape[0], 1, ov.w_v.shape[2])
    if "v_proj.bias" in parameters:
        b_v = parameters["v_proj.bias"].view_as(b_v)
    if "c_attn.bias" in parameters:
        b_v = parameters["c_attn.bias"].chunk(3)[2].view_as(b_v)
    if "query_key_value.bias" in parameters:
        b_v = parameters["query_key_value.bias"].view(len(b_v), 3, -1)[:, 2:]
    b_o = [value for name, value in parameters.items() if name in _OUTPUT_BIASES]
    group = len(ov.w_o) // len(ov.w_v)
    return (b_v.repeat_interleave(group, 0) @ ov.w_o).sum(0)[0] + sum(b_o, torch.zeros(ov.w_o.shape[2]))


_OUTPUT_BIASES = ("o_proj.bias", "dense.bias", "c_proj.bias")


def _folded(model: Any, family: str, layer: int, output: torch.Tensor) -> torch.Tensor:
    """Attention's output times the weight of the norm behind it, without that norm's scale per token."""
    if (norm := norm_behind_attention(blocks(model, family)[layer], family)) is None:
        return output
    weight = norm.weight
    return output * (weight if family == "olmo2" else 1 + weight)


@torch.no_grad()
def _watch(model: Any, family: str, token: int) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """What enters and leaves every layer's attention when the model reads one token."""
    inputs, outputs, hooks = [], [], []

    def watch(_module: Any, args: Any, kwargs: Any, output: Any) -> None:
        inputs.append((args[0] if args else kwargs["hidden_states"])[0, 0])
        outputs.append(output[0][0, 0])

    for block in blocks(model, family):
        hook = attention(block).register_forward_hook(watch, with_kwargs=True)
        hooks.append(hook)
    model(torch.tensor([[token]]))
    for hook in hooks:
        hook.remove()
    return inputs, outputs
