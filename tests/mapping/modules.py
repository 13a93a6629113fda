"""The parts of a running transformers model, by family, for comparing them with what is read from disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

NORMS_BEHIND = ("gemma2", "gemma3", "gemma3_multimodal", "olmo2")
"""Families that norm what attention and the MLP write."""

LAYER_NORMS = ("gpt2", "gpt_neox", "phi")
"""Families whose norms are LayerNorms."""


def blocks(model: Any, family: str) -> Any:
    """The list of blocks."""
    if family == "gemma3_multimodal":
        return model.model.language_model.layers
    return model.base_model.h if family == "gpt2" else model.base_model.layers


def attention(block: Any) -> Any:
    """The attention of a block."""
    return _first(block, ("attn", "attention", "self_attn"))


def output_projection(block: Any) -> Any:
    """What multiplies the heads' z with W_O."""
    return _first(attention(block), ("o_proj", "dense", "c_proj"))


def final_norm(model: Any, family: str) -> Any:
    """The norm in front of the unembedding."""
    decoder = model.model.language_model if family == "gemma3_multimodal" else model.base_model
    return _first(decoder, ("norm", "ln_f", "final_layer_norm", "final_layernorm"))


def norm_behind_attention(block: Any, family: str) -> Any:
    """The norm behind attention, None in families without one."""
    return block.post_attention_layernorm if family in NORMS_BEHIND else None


def _first(module: Any, names: tuple[str, ...]) -> Any:
    return next(getattr(module, name) for name in names if hasattr(module, name))


def linear_part(norm: nn.Module, vectors: Tensor, *, centred: bool) -> Tensor:
    """What a norm does to vectors, [n, d_model], but for its bias and its scale per vector.

    A norm divides by the same length in every vector that is given this way, whatever it is, so what is left
    is linear: it is found by the module's own numbers, not by reading its weight.
    """
    inside = vectors - vectors.mean(-1, keepdim=True) if centred else vectors
    eps = float(_first(norm, ("eps", "variance_epsilon")))
    scale = (inside.square().mean(-1, keepdim=True) + eps).sqrt()
    shift: Tensor = norm(torch.zeros_like(vectors))
    linear: Tensor = (norm(vectors) - shift) * scale
    return linear


@contextmanager
def seen_before(module: nn.Module) -> Iterator[list[Tensor]]:
    """What goes into a module in the passes inside, one tensor per pass."""
    inputs: list[Tensor] = []

    def see(_: nn.Module, args: Any, kwargs: Any) -> None:
        inputs.append(args[0] if args else kwargs["hidden_states"])

    hook = module.register_forward_pre_hook(see, with_kwargs=True)
    yield inputs
    hook.remove()


@contextmanager
def changed(module: nn.Module, change: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Let a module give something else in the passes inside; of several things, the first is changed."""

    def give(_: nn.Module, __: Any, output: Any) -> Any:
        return (change(output[0]), *output[1:]) if isinstance(output, tuple) else change(output)

    hook = module.register_forward_hook(give)
    yield
    hook.remove()
