"""Large blocks of memory that are used again instead of asked for anew."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


class Scratch:
    """Memory for large results that the next work of the same kind may overwrite.

    The system clears each page of a new block before it can be used, which takes a tenth of the time of the
    product that fills it.

    Args:
        dtype, device: of the tensors.
    """

    def __init__(self, dtype: torch.dtype, device: torch.device) -> None:
        self._dtype, self._device = dtype, device
        self._held: dict[str, Tensor] = {}

    def tensor(self, name: str, shape: Sequence[int]) -> Tensor:
        """A contiguous tensor that holds anything, and is given again for the same name."""
        size = math.prod(shape)
        held = self._held.get(name)
        if held is None or len(held) < size:
            self._held.pop(name, None)  # not to stand beside the larger one
            held = self._held[name] = torch.empty(size, dtype=self._dtype, device=self._device)
        return held[:size].view(*shape)
