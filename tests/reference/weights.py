"""A transformers model's tensors in float64, under the names of the definitions; nothing of the package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Norm:
    """RMSNorm, or LayerNorm where ``centred``: weight γ [d], bias β [d]."""

    weight: Tensor
    bias: Tensor
    eps: float
    centred: bool

    def sized(self, x: Tensor) -> Tensor:
        """x, centred if need be, over its size: [n, d] -> [n, d]; neither γ nor β."""
        x = x - x.mean(-1, keepdim=True) if self.centred else x
        return x / (x.square().mean(-1, keepdim=True) + self.eps).sqrt()

    def __call__(self, x: Tensor) -> Tensor:
        """The norm as the model applies it, [n, d] -> [n, d]."""
        return self.sized(x) * self.weight + self.bias

    def linear(self, x: Tensor) -> Tensor:
        """What it does but for the size and β: centred if need be, then times γ."""
        return self.weight * (x - x.mean(-1, keepdim=True) if self.centred else x)


@dataclass(frozen=True)
class Layer:
    """One entry per query head: w_v [H, d, d_h], b_v [H, d_h], w_o [H, d_h, d]; b_o [d].

    A norm behind attention is folded into w_o and b_o; its size per token is left out.
    """

    w_v: Tensor
    b_v: Tensor
    w_o: Tensor
    b_o: Tensor
    norm: Norm | None


@dataclass(frozen=True)
class Weights:
    """e [V, d] as stored, times ``scale`` on input; u [d, V]; block 0's MLP with the norms around it."""

    e: Tensor
    scale: float
    u: Tensor
    layers: list[Layer]
    norm_0: Norm | None
    mlp_0: Callable[[Tensor], Tensor]
    behind_mlp_0: Norm | None
    final_norm: Norm


MLP_NORMS = {"gpt2": "ln_2", "phi": "input_layernorm", "gemma2": "pre_feedforward_layernorm",
             "gemma3_text": "pre_feedforward_layernorm", "olmo2": None}  # fmt: skip
FOLDED = ("gemma2", "gemma3_text", "olmo2")


def blocks_of(model: Any) -> Any:
    """The transformer blocks of a causal language model."""
    decoder = model.get_decoder()
    return decoder.h if hasattr(decoder, "h") else decoder.layers


def attention_of(block: Any) -> Any:
    """A block's attention."""
    return next(getattr(block, n) for n in ("attn", "attention", "self_attn") if hasattr(block, n))


def output_of(attention: Any) -> Any:
    """The linear layer that holds W_O."""
    return next(getattr(attention, n) for n in ("c_proj", "dense", "o_proj") if hasattr(attention, n))


def weights_of(model: Any) -> Weights:
    """The weights of a model, which is turned into float64."""
    model = model.double().eval().requires_grad_(False)
    config, decoder, blocks = model.config.get_text_config(), model.get_decoder(), blocks_of(model)
    kind, first = config.model_type, blocks[0]
    norm_0 = MLP_NORMS.get(kind, "post_attention_layernorm")
    final = next(getattr(decoder, n) for n in ("ln_f", "final_layer_norm", "final_layernorm", "norm")
                 if hasattr(decoder, n))  # fmt: skip
    return Weights(
        e=model.get_input_embeddings().weight,
        scale=config.hidden_size**0.5 if kind.startswith("gemma") else 1.0,
        u=model.get_output_embeddings().weight.T,
        layers=[_layer(kind, config, block) for block in blocks],
        norm_0=None if norm_0 is None else _norm(kind, getattr(first, norm_0)),
        mlp_0=first.mlp,
        behind_mlp_0=_norm(kind, first.post_feedforward_layernorm) if kind in FOLDED else None,
        final_norm=_norm(kind, final),
    )


def _norm(kind: str, module: Any) -> Norm:
    weight = module.weight + 1 if kind.startswith("gemma") else module.weight
    bias = getattr(module, "bias", None)
    eps = next(getattr(module, n) for n in ("eps", "variance_epsilon") if hasattr(module, n))
    return Norm(weight, torch.zeros_like(weight) if bias is None else bias, eps, bias is not None)


def _layer(kind: str, config: Any, block: Any) -> Layer:
    attention, heads, d = attention_of(block), config.num_attention_heads, config.hidden_size
    values, bias = _values(attention, heads, d)
    out = output_of(attention)
    w_o = (out.weight if kind == "gpt2" else out.weight.T).reshape(heads, -1, d)
    b_o = torch.zeros(d, dtype=torch.float64) if out.bias is None else out.bias
    d_head = w_o.shape[1]
    each = heads // (len(values) // d_head)  # query heads per value head
    if kind in FOLDED:
        gamma = _norm(kind, block.post_attention_layernorm).weight
        w_o, b_o = w_o * gamma, b_o * gamma
    norm = None if kind == "olmo2" else block.ln_1 if kind == "gpt2" else block.input_layernorm
    return Layer(
        w_v=values.view(-1, d_head, d).transpose(1, 2).repeat_interleave(each, 0),
        b_v=bias.view(-1, d_head).repeat_interleave(each, 0),
        w_o=w_o,
        b_o=b_o,
        norm=None if norm is None else _norm(kind, norm),
    )


def _values(attention: Any, heads: int, d: int) -> tuple[Tensor, Tensor]:
    """Rows of the value projection [H_kv · d_h, d], and their bias."""
    if hasattr(attention, "v_proj"):
        weight, bias = attention.v_proj.weight, attention.v_proj.bias
    elif hasattr(attention, "c_attn"):  # stored [in, out]: queries, keys, values
        weight, bias = attention.c_attn.weight.T[2 * d :], attention.c_attn.bias[2 * d :]
    elif hasattr(attention, "query_key_value"):  # head by head: query, key, value
        weight, bias = attention.query_key_value.weight, attention.query_key_value.bias
        weight = weight.view(heads, 3, -1, d)[:, 2].reshape(d, d)
        bias = bias.view(heads, 3, -1)[:, 2].reshape(d)
    else:  # queries of all heads, then keys and values of fewer
        size = (len(attention.qkv_proj.weight) - output_of(attention).weight.shape[1]) // 2
        weight, bias = attention.qkv_proj.weight[-size:], None
    return weight, torch.zeros(len(weight), dtype=torch.float64) if bias is None else bias
