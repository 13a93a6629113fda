"""Gemma 2: as Gemma 1, with a norm behind attention too and a norm of its own in front of the MLP."""

from headscribe.mapping.families.gemma import SCALED_EMBEDDING
from headscribe.mapping.families.llama_like import llama_like

FOLDED_NORM = (
    "The norm behind attention is folded into W_O's columns as 1 + w; its scale per token is left out."
)

FAMILY = llama_like(
    "gemma2",
    "Gemma2",
    behind_attention="post_attention_layernorm",
    mlp_norm="pre_feedforward_layernorm",
    behind_mlp="post_feedforward_layernorm",
    norm_offset=1.0,
    scaled_embedding=True,
    keys={"activation": "hidden_activation"},
    defaults={"d_head": 256, "n_kv_heads": 4, "tied": True, "activation": "gelu_pytorch_tanh"},
    notes=(FOLDED_NORM, SCALED_EMBEDDING),
)
