"""What block 0 makes of a token before any attention, and what a head's own norm makes of a source vector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from headscribe.mapping.families.family import Dimensions, Family, Read, TensorMap


def embedding_scale(family: Family, dims: Dimensions) -> float:
    """What the model multiplies an embedding by on input."""
    return dims.d_model**0.5 if family.scaled_embedding else 1.0


def first_mlp(family: Family, read: Read, dims: Dimensions) -> TensorMap:
    """E -> MLP_0(norm_0(E)), without residual (definitions section 1)."""
    mlp, scale = family.mlp(read, dims), embedding_scale(family, dims)
    norm = family.mlp_norm.whole(read, dims) if family.mlp_norm else _same
    return lambda rows: mlp(norm(_times(rows, scale)))


def residual(family: Family, read: Read, dims: Dimensions) -> TensorMap:
    """E -> E + MLP_0(norm_0(E)), with a norm behind the MLP where the model has one (section 8).

    Blocks whose MLP reads the stream beside attention, not behind it, give the same: attention is left out.
    """
    mlp, scale = first_mlp(family, read, dims), embedding_scale(family, dims)
    norm = family.behind_mlp.whole(read, dims) if family.behind_mlp else _same
    return lambda rows: torch.add(norm(mlp(rows)), rows, alpha=scale)


def head_norm(family: Family, dims: Dimensions) -> TensorMap:
    """The norm in front of attention without its weight and bias; the identity where there is none."""
    return family.attention_norm.unweighted(dims) if family.attention_norm else _same


def _same(rows: torch.Tensor) -> torch.Tensor:
    return rows


def _times(rows: torch.Tensor, scale: float) -> torch.Tensor:
    return rows if scale == 1.0 else rows * scale
