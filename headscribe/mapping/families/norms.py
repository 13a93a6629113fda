"""A norm on the residual stream: where its weight and bias lie, and what it does to vectors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from torch.nn import functional

if TYPE_CHECKING:
    import torch

    from headscribe.mapping.families.family import Dimensions, Read, TensorMap


@dataclass(frozen=True, slots=True)
class Norm:
    """An RMSNorm, x / rms(x) · w, or a LayerNorm, which centres x first and adds a bias.

    Attributes:
        name: of the module below the model's prefix, with ``{layer}`` in it where every layer has one.
        centred: whether it is a LayerNorm.
        offset: what is added to the stored weight; Gemma stores it less 1.
    """

    name: str
    centred: bool = False
    offset: float = 0.0

    def weight(self, read: Read, dims: Dimensions, layer: int = 0) -> torch.Tensor:
        """w as it multiplies, [d_model]."""
        stored = read(f"{self._at(layer)}.weight", (dims.d_model,))
        return stored + self.offset if self.offset else stored

    def bias(self, read: Read, dims: Dimensions, layer: int = 0) -> torch.Tensor | None:
        """What a LayerNorm adds, [d_model]; None of an RMSNorm."""
        return read(f"{self._at(layer)}.bias", (dims.d_model,)) if self.centred else None

    def whole(self, read: Read, dims: Dimensions, layer: int = 0) -> TensorMap:
        """The norm as the model applies it."""
        weight = self.weight(read, dims, layer)
        if not self.centred:
            return partial(functional.rms_norm, normalized_shape=(dims.d_model,), weight=weight, eps=dims.eps)
        bias = self.bias(read, dims, layer)
        return partial(
            functional.layer_norm, normalized_shape=(dims.d_model,), weight=weight, bias=bias, eps=dims.eps
        )

    def unweighted(self, dims: Dimensions) -> TensorMap:
        """The norm without its weight and bias; the same in every layer."""
        function = functional.layer_norm if self.centred else functional.rms_norm
        return partial(function, normalized_shape=(dims.d_model,), eps=dims.eps)

    def _at(self, layer: int) -> str:
        return self.name.format(layer=layer)
