"""Phi-1, 1.5 and 2: attention and MLP read the residual stream in parallel, through the block's one norm.

The bias of ``lm_head`` is left out of the map.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from headscribe.mapping.families.llama_like import VALUE, llama_like
from headscribe.mapping.families.norms import Norm
from headscribe.mapping.families.parts import linear_output, mlp, output_bias, value_bias

_OUTPUT = "layers.{layer}.self_attn.dense"
_NORM = Norm("layers.{layer}.input_layernorm", centred=True)

FAMILY = replace(
    llama_like(
        "phi", "Phi", keys={"eps": "layer_norm_eps"}, defaults={"activation": "gelu_new", "eps": 1e-5}
    ),
    output=partial(linear_output, name=_OUTPUT),
    mlp=partial(mlp, rise="layers.0.mlp.fc1", fall="layers.0.mlp.fc2"),
    final_norm=Norm("final_layernorm", centred=True),
    attention_norm=_NORM,
    mlp_norm=_NORM,
    value_bias=partial(value_bias, name=VALUE),
    output_bias=partial(output_bias, name=_OUTPUT),
)
