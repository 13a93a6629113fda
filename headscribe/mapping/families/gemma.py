"""Gemma 1: Llama's layout, norm weights stored less 1, the embedding scaled on input, a wide head."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from headscribe.mapping.families.family import Dimensions, Read
from headscribe.mapping.families.llama_like import llama_like

if TYPE_CHECKING:
    from headscribe.mapping.families.family import TensorMap

SCALED_EMBEDDING = "The embedding is scaled by √d_model before the norm of the first MLP, as the model does."

_DECLARED = llama_like(
    "gemma",
    "Gemma",
    norm_offset=1.0,
    scaled_embedding=True,
    defaults={"d_head": 256, "tied": True, "activation": "gelu_pytorch_tanh"},
    notes=(SCALED_EMBEDDING,),
)


def _mlp(read: Read, dims: Dimensions) -> TensorMap:
    # the first releases say "gelu" where the tanh approximation was trained; transformers corrects it too
    activation = "gelu_pytorch_tanh" if dims.activation == "gelu" else dims.activation
    return _DECLARED.mlp(read, replace(dims, activation=activation))


FAMILY = replace(_DECLARED, mlp=_mlp)
