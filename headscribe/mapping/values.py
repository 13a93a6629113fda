"""What a head's value of a token is, as the running model computes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch

from headscribe.core.heads import Head
from headscribe.core.settings import MapSettings
from headscribe.mapping.salience import value_head
from headscribe.mapping.source_view import View, source_vectors, view_of_layer

if TYPE_CHECKING:
    from jaxtyping import Float

    from headscribe.mapping.checkpoint import Checkpoint
    from headscribe.mapping.devices import Arithmetic


def head_values(
    checkpoint: Checkpoint, settings: MapSettings, arithmetic: Arithmetic, head: Head, ids: Sequence[int]
) -> Float[torch.Tensor, "n d_head"]:
    """a_s + b_V of some sources, with the norm in front of attention (definitions section 8): [n, d_head].

    Norms are folded in whatever the settings say of the map: the model never runs without them.

    Args:
        checkpoint: the model.
        settings: those of the map; their source view counts.
        arithmetic: dtype and device of the result.
        head: the head.
        ids: the sources' token ids.
    """
    rows = torch.tensor(ids, device=arithmetic.device)
    vectors = source_vectors(checkpoint, view_of_layer(settings, head.layer), arithmetic, rows, "fold")
    ov = checkpoint.ov(head.layer, arithmetic.dtype, arithmetic.device, norms="fold")
    place = value_head(head.head, len(ov.w_o), len(ov.w_v))
    return vectors @ ov.w_v[place] + ov.value_bias[place]


def later_values(
    checkpoint: Checkpoint, view: View, arithmetic: Arithmetic, ids: Sequence[int]
) -> Iterator[Float[torch.Tensor, "n_kv_heads n d_head"]]:
    """a_s of some sources in a view, layer by layer from 1 on, norms folded in: [n_kv_heads, n, d_head]."""
    rows = torch.tensor(ids, device=arithmetic.device)
    vectors = source_vectors(checkpoint, view, arithmetic, rows, "fold")
    for layer in range(1, checkpoint.facts.n_layers):
        yield vectors @ checkpoint.ov(layer, arithmetic.dtype, arithmetic.device, norms="fold").w_v
