"""One place where attention can be watched and changed, in every family of transformers models.

Models loaded with ``attn_implementation=IMPLEMENTATION`` compute attention by their own eager code (so
softcaps, sliding windows, scaling and grouped heads are theirs), but let a ``Tap`` see what goes in and out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from torch import Tensor

from headscribe.core.errors import UnhookableAttention
from headscribe.inference.finite import require_finite

if TYPE_CHECKING:
    from jaxtyping import Float

IMPLEMENTATION = "headscribe"
"""Name under which the attention is registered with transformers."""

_EAGER = "eager_attention_forward"


class Tap:
    """What is told of every attention layer of a forward pass, in order; this one changes nothing."""

    def enter(
        self,
        layer: int,  # noqa: ARG002 - for others
        key: Float[Tensor, "batch n_kv_heads length d_head"],
        value: Float[Tensor, "batch n_kv_heads length d_head"],
        mask: Float[Tensor, "rows 1 queries length"] | None,
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Gives what shall be attended to.

        Args:
            layer: the layer's index.
            key: [batch, n_kv_heads, length, d_head], positions already rotated in.
            value: [batch, n_kv_heads, length, d_head], the value bias included.
            mask: additive, [batch or 1, 1, queries, length]; None where everything is visible.
        """
        return key, value, mask

    def leave(
        self,
        layer: int,  # noqa: ARG002 - for others
        z: Float[Tensor, "batch queries n_heads d_head"],
    ) -> Float[Tensor, "batch queries n_heads d_head"]:
        """Gives what goes through W_O, from z: [batch, queries, n_heads, d_head]."""
        return z


_tap: ContextVar[Tap | None] = ContextVar("headscribe_tap", default=None)


@contextmanager
def tapped(tap: Tap) -> Iterator[None]:
    """Let a tap see the forward passes made inside the block, in this thread."""
    token = _tap.set(tap)
    try:
        yield
    finally:
        _tap.reset(token)


def register() -> None:
    """Make the implementation known to transformers; again and again is fine."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import eager_mask

    AttentionInterface.register(IMPLEMENTATION, _attention)
    # without a mask of its own the models would run without any
    AttentionMaskInterface.register(IMPLEMENTATION, eager_mask)


def _attention(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **settings: Any
) -> tuple[Tensor, Tensor | None]:
    """The module's own eager attention, with the tap before and behind it."""
    eager = getattr(sys.modules[type(module).__module__], _EAGER, None)
    if eager is None:
        raise UnhookableAttention(
            "this model's code has no eager attention function",
            where=type(module).__name__,
            do="Update transformers, or see docs/checks.md for the families that work",
        )
    tap = _tap.get()
    if tap is None:
        result: tuple[Tensor, Tensor | None] = eager(module, query, key, value, attention_mask, **settings)
        return result
    layer: int = module.layer_idx
    require_finite(value, f"layer {layer} has values that are")
    key, value, mask = tap.enter(layer, key, value, attention_mask)
    z, weights = eager(module, query, key, value, mask, **settings)
    require_finite(z, f"layer {layer} has heads that give")
    return tap.leave(layer, z), weights
