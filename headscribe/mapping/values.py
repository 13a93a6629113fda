"""What heads' values of tokens are, as the running model computes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from headscribe.mapping.source_view import View, source_vectors

if TYPE_CHECKING:
    from jaxtyping import Float

    from headscribe.mapping.checkpoint import Checkpoint
    from headscribe.mapping.devices import Arithmetic


class SourceValues:
    """Values of some tokens in any layer; E' of the tokens is computed once per source view.

    Norms are folded in whatever a map does: the model never runs without them.

    Args:
        checkpoint: the model.
        arithmetic: dtype and device of the results.
        ids: distinct tokens.
    """

    def __init__(self, checkpoint: Checkpoint, arithmetic: Arithmetic, ids: Sequence[int]) -> None:
        self._checkpoint, self._arithmetic = checkpoint, arithmetic
        self._ids = torch.tensor(ids, dtype=torch.long, device=arithmetic.device)
        self._vectors: dict[View, torch.Tensor] = {}

    def of_layer(self, layer: int, view: View) -> Float[torch.Tensor, "n_kv_heads n d_head"]:
        """a_s + b_V (definitions section 8), the tokens in the order given: [n_kv_heads, n, d_head]."""
        dtype, device = self._arithmetic.dtype, self._arithmetic.device
        if view not in self._vectors:
            self._vectors[view] = source_vectors(self._checkpoint, view, self._arithmetic, self._ids, "fold")
        ov = self._checkpoint.ov(layer, dtype, device, norms="fold")
        return self._vectors[view] @ ov.w_v + ov.value_bias[:, None]
