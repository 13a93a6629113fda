"""The layout that Llama introduced and many families share: separate V and O, RMSNorm, a gated MLP.

Weights are linear layers stored [out, in] and lie under ``layers.{i}.``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from headscribe.mapping.families.family import Dimensions, Family, Read
from headscribe.mapping.families.norms import Norm
from headscribe.mapping.families.parts import (
    gated_mlp,
    linear_output,
    output_bias,
    value_bias,
    value_from_rows,
)

if TYPE_CHECKING:
    import torch

VALUE = "layers.{layer}.self_attn.v_proj"
_OUTPUT = "layers.{layer}.self_attn.o_proj"


def llama_like(  # noqa: PLR0913 - one argument per way in which families differ
    name: str,
    classes: str,
    *,
    attention_norm: str | None = "input_layernorm",
    behind_attention: str | None = None,
    mlp_norm: str | None = "post_attention_layernorm",
    behind_mlp: str | None = None,
    norm_offset: float = 0.0,
    scaled_embedding: bool = False,
    keys: Mapping[str, str] | None = None,
    defaults: Mapping[str, Any] | None = None,
    notes: tuple[str, ...] = (),
) -> Family:
    """Declare a family by how it differs from Llama.

    Args:
        name: the family's name, also its ``model_type``.
        classes: what its classes begin with, as ``Llama`` in ``LlamaForCausalLM``.
        attention_norm: the norm in front of attention, None if values are read from the residual stream.
        behind_attention: a norm behind attention.
        mlp_norm: the norm in front of the MLP, None if the MLP reads the residual stream itself.
        behind_mlp: a norm behind the MLP.
        norm_offset: what is added to every norm's stored weight.
        scaled_embedding: whether the embedding is multiplied by √d_model on input.
        keys: names in ``config.json`` that differ.
        defaults: what ``config.json`` may leave out.
        notes: one sentence for each thing done beyond the paper's definitions.
    """

    def norm(below: str | None) -> Norm | None:
        return None if below is None else Norm(f"layers.{{layer}}.{below}", offset=norm_offset)

    return Family(
        name=name,
        architectures=(f"{classes}ForCausalLM", f"{classes}Model"),
        model_types=(name,),
        embedding="embed_tokens.weight",
        unembedding="lm_head.weight",
        value=_value,
        output=partial(linear_output, name=_OUTPUT),
        mlp=partial(gated_mlp, name="layers.0.mlp"),
        final_norm=Norm("norm", offset=norm_offset),
        attention_norm=norm(attention_norm),
        behind_attention=norm(behind_attention),
        mlp_norm=norm(mlp_norm),
        behind_mlp=norm(behind_mlp),
        value_bias=_value_bias,
        output_bias=_output_bias,
        scaled_embedding=scaled_embedding,
        keys=keys or {},
        defaults={"activation": "silu", "eps": 1e-6, **(defaults or {})},
        notes=notes,
    )


def _value(read: Read, dims: Dimensions, layer: int) -> torch.Tensor:
    shape = (dims.n_kv_heads * dims.d_head, dims.d_model)
    return value_from_rows(read(f"{VALUE.format(layer=layer)}.weight", shape), dims)


def _value_bias(read: Read, dims: Dimensions, layer: int) -> torch.Tensor | None:
    return value_bias(read, dims, layer, name=VALUE) if dims.attention_bias else None


def _output_bias(read: Read, dims: Dimensions, layer: int) -> torch.Tensor | None:
    return output_bias(read, dims, layer, name=_OUTPUT) if dims.attention_bias else None
