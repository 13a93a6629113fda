"""Tiny random checkpoints of every family, saved by transformers itself, with every dimension different."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

VOCABULARY = 331
LAYERS, KV_HEADS, HEADS, HEAD_WIDTH, FREE_HEAD_WIDTH, WIDTH, MLP_WIDTH = 4, 2, 6, 10, 14, 60, 76

WORDS = ("love", "hate", "big", "small", "old", "young", "hot", "cold", "France", "Paris", "Spain", "Madrid")
"""Words that ``save_tokenizer`` gives one token each, with a leading space."""

FAMILY_NAMES = (
    "gpt2",
    "gpt_neox",
    "phi",
    "phi3",
    "llama",
    "mistral",
    "qwen2",
    "qwen3",
    "gemma",
    "gemma2",
    "gemma3",
    "gemma3_multimodal",
    "olmo2",
)

_COMMON = {
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "intermediate_size": MLP_WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "max_position_embeddings": 32,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "pad_token_id": None,
}
GROUPED = {**_COMMON, "num_key_value_heads": KV_HEADS}
_FREE = {**GROUPED, "head_dim": FREE_HEAD_WIDTH}
NEEDED: dict[str, tuple[str, dict[str, Any]]] = {
    "gpt2": (
        "GPT2",
        {
            "vocab_size": VOCABULARY,
            "n_embd": WIDTH,
            "n_inner": MLP_WIDTH,
            "n_layer": LAYERS,
            "n_head": HEADS,
            "n_positions": 32,
            "bos_token_id": 0,
            "eos_token_id": 0,
        },
    ),
    "gpt_neox": ("GPTNeoX", _COMMON | {"rope_parameters": {"rope_type": "default", "rope_theta": 1e4,
                                                           "partial_rotary_factor": 0.2}}),
    "phi": ("Phi", GROUPED | {"rope_parameters": {"rope_type": "default", "rope_theta": 1e4,
                                                   "partial_rotary_factor": 0.4}}),
    "phi3": ("Phi3", GROUPED),
    "llama": ("Llama", _FREE),
    "mistral": ("Mistral", _FREE),
    "qwen2": ("Qwen2", GROUPED),
    "qwen3": ("Qwen3", _FREE),
    "gemma": ("Gemma", _FREE),
    "gemma2": ("Gemma2", _FREE),
    "gemma3": ("Gemma3", _FREE),
    "gemma3_multimodal": ("Gemma3", _FREE),
    "olmo2": ("Olmo2", GROUPED),
}  # fmt: skip
"""By family: what its classes begin with, and its configuration."""


def save_tiny(
    family: str,
    folder: Path,
    *,
    dtype: torch.dtype = torch.float32,
    seed: int = 0,
    base_class: bool = False,
    shard_size: str | None = None,
    **overrides: Any,
) -> torch.nn.Module:
    """Save a tiny random checkpoint of a family, with a tokenizer, and give the float32 model it came from.

    Every norm's weight and every bias is random too, so that leaving one out shows.

    Args:
        family: one of ``FAMILY_NAMES``.
        folder: where to save; made if need be.
        dtype: how the weights are stored. The model returned has the stored values, in float32.
        seed: seeds the weights.
        base_class: save without the language-model head, as ``GPT2Model`` and its like do.
        shard_size: save in shards of at most this size, such as ``20KB``.
        overrides: other values for the configuration.
    """
    torch.manual_seed(seed)
    model = _build(family, overrides)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_((torch.randn(parameter.shape) * 0.3).to(dtype))
    model.tie_weights()
    saved = model.base_model if base_class else model
    saved.to(dtype).save_pretrained(folder, **({"max_shard_size": shard_size} if shard_size else {}))
    save_tokenizer(folder)
    return model.float().eval()


def _build(family: str, overrides: dict[str, Any]) -> Any:
    import transformers

    classes, numbers = NEEDED[family]
    settings = {**numbers, **overrides}
    if family == "gemma3_multimodal":
        vision = transformers.SiglipVisionConfig(
            hidden_size=24,
            intermediate_size=28,
            num_hidden_layers=LAYERS + 1,
            num_attention_heads=3,
            image_size=28,
            patch_size=14,
        )
        config = transformers.Gemma3Config(
            text_config=settings, vision_config=vision.to_dict(), mm_tokens_per_image=4, image_token_index=1
        )
        return transformers.Gemma3ForConditionalGeneration(config)
    config = getattr(transformers, f"{classes}{'TextConfig' if family == 'gemma3' else 'Config'}")(**settings)
    head = "LMHeadModel" if family == "gpt2" else "ForCausalLM"
    return getattr(transformers, classes + head)(config)


def save_tokenizer(folder: Path, words: tuple[str, ...] = WORDS) -> int:
    """Save a byte-level tokenizer in which each word with a leading space is one token; give its size."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {
        token: id for id, token in enumerate(["<|end|>", *alphabet, *(f"Ġ{word}" for word in words)])
    }
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken("<|end|>", special=True)])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    return tokenizer.get_vocab_size()
