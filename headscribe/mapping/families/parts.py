"""The building blocks that families share: head layouts, biases, activations and MLPs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from headscribe.core.errors import UnsupportedFamily
from headscribe.mapping.families.family import Dimensions, Read

if TYPE_CHECKING:
    from headscribe.mapping.families.family import TensorMap

_ACTIVATIONS: dict[str, TensorMap] = {
    "gelu": functional.gelu,
    "gelu_new": partial(functional.gelu, approximate="tanh"),
    "gelu_fast": partial(functional.gelu, approximate="tanh"),
    "gelu_pytorch_tanh": partial(functional.gelu, approximate="tanh"),
    "relu": functional.relu,
    "silu": functional.silu,
    "swish": functional.silu,
}


def value_from_rows(weight: torch.Tensor, dims: Dimensions) -> torch.Tensor:
    """W_V from a linear layer's rows: [n_kv_heads · d_head, d_model] -> [n_kv_heads, d_model, d_head]."""
    return weight.reshape(dims.n_kv_heads, dims.d_head, dims.d_model).transpose(1, 2)


def output_from_columns(weight: torch.Tensor, dims: Dimensions) -> torch.Tensor:
    """W_O from a linear layer's columns: [d_model, n_heads · d_head] -> [n_heads, d_head, d_model]."""
    return weight.reshape(dims.d_model, dims.n_heads, dims.d_head).permute(1, 2, 0)


def linear_output(read: Read, dims: Dimensions, layer: int, *, name: str) -> torch.Tensor:
    """W_O of a layer from the linear layer ``name``, with ``{layer}`` in it: [n_heads, d_head, d_model]."""
    weight = read(f"{name.format(layer=layer)}.weight", (dims.d_model, dims.n_heads * dims.d_head))
    return output_from_columns(weight, dims)


def value_bias(read: Read, dims: Dimensions, layer: int, *, name: str) -> torch.Tensor:
    """b_V of a layer from the linear layer ``name``, with ``{layer}`` in it: [n_kv_heads, d_head]."""
    bias = read(f"{name.format(layer=layer)}.bias", (dims.n_kv_heads * dims.d_head,))
    return bias.view(dims.n_kv_heads, dims.d_head)


def output_bias(read: Read, dims: Dimensions, layer: int, *, name: str) -> torch.Tensor:
    """b_O of a layer from the linear layer ``name``, with ``{layer}`` in it: [d_model]."""
    return read(f"{name.format(layer=layer)}.bias", (dims.d_model,))


def linear(read: Read, name: str, n_in: int, n_out: int, *, bias: bool) -> TensorMap:
    """A linear layer stored [n_out, n_in]: x W^T + b."""
    weight = read(f"{name}.weight", (n_out, n_in))
    shift = read(f"{name}.bias", (n_out,)) if bias else None
    return partial(functional.linear, weight=weight, bias=shift)


def mlp(read: Read, dims: Dimensions, *, rise: str, fall: str) -> TensorMap:
    """A plain MLP with biases: fall(activation(rise(x)))."""
    up = linear(read, rise, dims.d_model, dims.d_mlp, bias=True)
    down = linear(read, fall, dims.d_mlp, dims.d_model, bias=True)
    act = activation(dims)
    return lambda x: down(act(up(x)))


def gated_mlp(read: Read, dims: Dimensions, *, name: str) -> TensorMap:
    """A gated MLP below ``name``: down(activation(gate(x)) · up(x))."""
    gate = linear(read, f"{name}.gate_proj", dims.d_model, dims.d_mlp, bias=dims.mlp_bias)
    up = linear(read, f"{name}.up_proj", dims.d_model, dims.d_mlp, bias=dims.mlp_bias)
    down = linear(read, f"{name}.down_proj", dims.d_mlp, dims.d_model, bias=dims.mlp_bias)
    act = activation(dims)
    return lambda x: down(act(gate(x)) * up(x))


def activation(dims: Dimensions) -> TensorMap:
    """The MLP's activation function.

    Raises:
        UnsupportedFamily: ``config.json`` names one that is not known here.
    """
    if dims.activation not in _ACTIVATIONS:
        raise UnsupportedFamily(
            f"the activation function {dims.activation} is not supported",
            do="Add it to headscribe/mapping/families/parts.py",
        )
    return _ACTIVATIONS[dims.activation]
