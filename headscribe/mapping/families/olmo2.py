"""OLMo-2: Llama's layout with norms behind attention and behind the MLP only."""

from headscribe.mapping.families.llama_like import llama_like

FAMILY = llama_like(
    "olmo2",
    "Olmo2",
    attention_norm=None,
    behind_attention="post_attention_layernorm",
    mlp_norm=None,
    behind_mlp="post_feedforward_layernorm",
    defaults={"eps": 1e-5},
    notes=(
        "The norm behind attention is folded into W_O's columns; its scale per token is left out.",
        "No norm precedes the first MLP, so the first-mlp view has none.",
    ),
)
