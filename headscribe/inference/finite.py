"""Numbers of a running model are numbers: what overflowed is an error where it arises, never a score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.core.errors import NotFinite

if TYPE_CHECKING:
    from jaxtyping import Float

_NARROW = (torch.float16,)
"""Formats whose largest number activations of real models exceed: 65,504."""


def require_finite(tensor: Float[Tensor, ...], what: str) -> Float[Tensor, ...]:
    """Give the tensor back, if it holds neither NaN nor infinity.

    A comparison with NaN is false whatever it asks: a target whose logit is NaN would have no larger logit
    before it, and count as the first.

    Args:
        tensor: of any shape, dtype and device.
        what: names it in the error, with its layer: "layer 3's attention gives".

    Raises:
        NotFinite: it does not.
    """
    # minimum and maximum show every NaN and infinity without a mask of the tensor's size
    if not tensor.numel() or all(torch.isfinite(extreme) for extreme in torch.aminmax(tensor.detach())):
        return tensor
    wrong = int((~tensor.isfinite()).sum())
    dtype = str(tensor.dtype).removeprefix("torch.")
    raise NotFinite(
        f"{what} NaN or infinity in {dtype} ({wrong:,} of {tensor.numel():,} numbers)",
        do="Run it with --dtype bfloat16 or float32, into another folder"
        if tensor.dtype in _NARROW
        else "Its weights may be damaged: run headscribe doctor MODEL --self-check",
    )
