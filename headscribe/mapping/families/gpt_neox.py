"""GPT-NeoX and Pythia: q, k and v interleaved head by head in one matrix, two norms per block."""

from __future__ import annotations

from functools import partial

import torch

from headscribe.mapping.families.family import Dimensions, Family, Read
from headscribe.mapping.families.norms import Norm
from headscribe.mapping.families.parts import linear_output, mlp, output_bias, value_from_rows

_OUTPUT = "layers.{layer}.attention.dense"


def _value(read: Read, dims: Dimensions, layer: int) -> torch.Tensor:
    name, width = f"layers.{layer}.attention.query_key_value.weight", dims.d_head
    shape = (3 * dims.n_heads * width, dims.d_model)
    parts = [read(name, shape, slice(row, row + width)) for row in range(2 * width, shape[0], 3 * width)]
    # filled in place: where only layouts are checked (device meta), torch.cat would first import torch's
    # compiler, which takes longer than everything else
    joined = parts[0].new_empty(dims.n_heads, width, dims.d_model)  # each head: q, k, v
    for head, part in enumerate(parts):
        joined[head] = part
    return value_from_rows(joined.reshape(-1, dims.d_model), dims)


def _value_bias(read: Read, dims: Dimensions, layer: int) -> torch.Tensor | None:
    if not dims.attention_bias:
        return None
    name = f"layers.{layer}.attention.query_key_value.bias"
    return read(name, (3 * dims.n_heads * dims.d_head,)).view(dims.n_heads, 3, dims.d_head)[:, 2]


def _output_bias(read: Read, dims: Dimensions, layer: int) -> torch.Tensor | None:
    return output_bias(read, dims, layer, name=_OUTPUT) if dims.attention_bias else None


FAMILY = Family(
    name="gpt_neox",
    architectures=("GPTNeoXForCausalLM", "GPTNeoXModel"),
    model_types=("gpt_neox",),
    embedding="embed_in.weight",
    unembedding="embed_out.weight",
    value=_value,
    output=partial(linear_output, name=_OUTPUT),
    mlp=partial(mlp, rise="layers.0.mlp.dense_h_to_4h", fall="layers.0.mlp.dense_4h_to_h"),
    final_norm=Norm("final_layer_norm", centred=True),
    attention_norm=Norm("layers.{layer}.input_layernorm", centred=True),
    mlp_norm=Norm("layers.{layer}.post_attention_layernorm", centred=True),
    value_bias=_value_bias,
    output_bias=_output_bias,
    keys={"eps": "layer_norm_eps"},
    defaults={"activation": "gelu", "eps": 1e-5, "attention_bias": True},
)
