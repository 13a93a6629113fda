"""GPT-2: q, k and v side by side in the columns of one Conv1D, which is stored [in, out]."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch

from headscribe.mapping.families.family import Dimensions, Family, Read
from headscribe.mapping.families.norms import Norm
from headscribe.mapping.families.parts import activation, output_bias

if TYPE_CHECKING:
    from headscribe.mapping.families.family import TensorMap


def _value(read: Read, dims: Dimensions, layer: int) -> torch.Tensor:
    d = dims.d_model
    columns = read(f"h.{layer}.attn.c_attn.weight", (d, 3 * d), columns=slice(2 * d, 3 * d))
    return columns.reshape(d, dims.n_heads, dims.d_head).transpose(0, 1)


def _value_bias(read: Read, dims: Dimensions, layer: int) -> torch.Tensor:
    d = dims.d_model
    bias = read(f"h.{layer}.attn.c_attn.bias", (3 * d,), slice(2 * d, 3 * d))
    return bias.view(dims.n_heads, dims.d_head)


def _output(read: Read, dims: Dimensions, layer: int) -> torch.Tensor:
    weight = read(f"h.{layer}.attn.c_proj.weight", (dims.d_model, dims.d_model))
    return weight.reshape(dims.n_heads, dims.d_head, dims.d_model)


def _conv1d(read: Read, name: str, n_in: int, n_out: int) -> TensorMap:
    return partial(_affine, read(f"{name}.weight", (n_in, n_out)), read(f"{name}.bias", (n_out,)))


def _affine(weight: torch.Tensor, bias: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    return torch.addmm(bias, x, weight)


def _mlp(read: Read, dims: Dimensions) -> TensorMap:
    rise = _conv1d(read, "h.0.mlp.c_fc", dims.d_model, dims.d_mlp)
    fall = _conv1d(read, "h.0.mlp.c_proj", dims.d_mlp, dims.d_model)
    act = activation(dims)
    return lambda x: fall(act(rise(x)))


FAMILY = Family(
    name="gpt2",
    architectures=("GPT2LMHeadModel", "GPT2Model"),
    model_types=("gpt2",),
    embedding="wte.weight",
    unembedding="lm_head.weight",
    value=_value,
    output=_output,
    mlp=_mlp,
    final_norm=Norm("ln_f", centred=True),
    attention_norm=Norm("h.{layer}.ln_1", centred=True),
    mlp_norm=Norm("h.{layer}.ln_2", centred=True),
    value_bias=_value_bias,
    output_bias=partial(output_bias, name="h.{layer}.attn.c_proj"),
    keys={
        "n_layers": "n_layer",
        "n_heads": "n_head",
        "d_model": "n_embd",
        "d_mlp": "n_inner",
        "eps": "layer_norm_epsilon",
        "activation": "activation_function",
    },
    defaults={"activation": "gelu_new", "eps": 1e-5, "tied": True},
)
