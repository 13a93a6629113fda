"""Phi-3 and Phi-4: Llama's layout with q, k, v fused in one matrix, gate and up in another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from headscribe.mapping.families.family import Dimensions, Read
from headscribe.mapping.families.llama_like import llama_like
from headscribe.mapping.families.parts import activation, linear, value_from_rows

if TYPE_CHECKING:
    import torch

    from headscribe.mapping.families.family import TensorMap


def _value(read: Read, dims: Dimensions, layer: int) -> torch.Tensor:
    before = (dims.n_heads + dims.n_kv_heads) * dims.d_head  # rows of q, then of k
    total = before + dims.n_kv_heads * dims.d_head
    name = f"layers.{layer}.self_attn.qkv_proj.weight"
    return value_from_rows(read(name, (total, dims.d_model), rows=slice(before, total)), dims)


def _mlp(read: Read, dims: Dimensions) -> TensorMap:
    gate_up = linear(read, "layers.0.mlp.gate_up_proj", dims.d_model, 2 * dims.d_mlp, bias=False)
    down = linear(read, "layers.0.mlp.down_proj", dims.d_mlp, dims.d_model, bias=False)
    act = activation(dims)

    def gated(x: torch.Tensor) -> torch.Tensor:
        gate, up = gate_up(x).chunk(2, dim=-1)
        return down(act(gate) * up)

    return gated


FAMILY = replace(
    llama_like("phi3", "Phi3", defaults={"eps": 1e-5}),
    value=_value,
    mlp=_mlp,
)
