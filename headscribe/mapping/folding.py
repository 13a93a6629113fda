"""W_V, W_O and their biases of a layer, with the norms around attention folded in (definitions section 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from headscribe.core.settings import Norms
from headscribe.mapping.facts import OV

if TYPE_CHECKING:
    from headscribe.mapping.families.family import Dimensions, Family
    from headscribe.mapping.reading import Reader


@dataclass(slots=True)
class StoredLayer:
    """A layer's attention as it lies in the checkpoint, with the norms that shall be folded in.

    Attributes:
        w_v, w_o: as in ``OV``.
        value_bias, output_bias: as in ``OV``; None where the layer has none.
        front: weight and, of a LayerNorm, bias of the norm in front of attention, [d_model] each.
        behind: of each norm that follows, in this order, whether it centres and its weight, [d_model].
        copied: whether the tensors share no memory with the file system.
    """

    w_v: torch.Tensor
    w_o: torch.Tensor
    value_bias: torch.Tensor | None
    output_bias: torch.Tensor | None
    front: tuple[torch.Tensor, torch.Tensor | None] | None
    behind: list[tuple[bool, torch.Tensor]]
    copied: bool


def read_layer(family: Family, read: Reader, dims: Dimensions, layer: int, norms: Norms) -> StoredLayer:
    """Read what ``folded`` makes a layer's OV circuits from; ``Checkpoint.ov`` says what ``norms`` does."""
    w_v, w_o = family.value(read, dims, layer), family.output(read, dims, layer)
    front = family.attention_norm if norms == "fold" else None
    behind = (family.behind_attention, family.final_norm if norms == "fold" else None)
    return StoredLayer(
        w_v,
        w_o,
        value_bias=family.value_bias(read, dims, layer),
        output_bias=family.output_bias(read, dims, layer),
        front=(front.weight(read, dims, layer), front.bias(read, dims, layer)) if front else None,
        behind=[(norm.centred, norm.weight(read, dims, layer)) for norm in behind if norm],
        copied=read.copied,
    )


def folded(layer: StoredLayer) -> OV:
    """The OV circuits of a layer; a layer that is a copy is multiplied in place, and used up by that."""
    w_v, w_o, values, outputs = layer.w_v, layer.w_o, layer.value_bias, layer.output_bias
    values = w_v.new_zeros(w_v.shape[0], w_v.shape[2]) if values is None else values
    outputs = w_o.new_zeros(w_o.shape[2]) if outputs is None else outputs
    if layer.front:
        weight, shift = layer.front
        if shift is not None:
            # β W_V, [d_model] @ [n_kv_heads, d_model, d_head]
            values = values + shift @ w_v
        w_v = w_v.mul_(weight[:, None]) if layer.copied else w_v * weight[:, None]
    if layer.behind and not layer.copied:
        w_o, outputs = w_o.clone(), outputs.clone()
    for centred, weight in layer.behind:
        for written in (w_o, outputs):
            if centred:
                written.sub_(written.mean(-1, keepdim=True))
            written.mul_(weight)
    return OV(w_v, w_o, values, outputs)
