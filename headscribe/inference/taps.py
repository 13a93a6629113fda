"""What watches a forward pass, and what runs its last position again with something changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.inference.hooks import Tap

if TYPE_CHECKING:
    from jaxtyping import Float, Int

Silent = Mapping[int, tuple[slice | list[int], list[int]]]
"""By layer: heads to silence in all rows, or one head in each of some rows."""

Change = Callable[[int, Tensor], Tensor]
"""Given a layer and z, [batch, queries, n_heads, d_head], gives what goes through W_O in its place."""


@dataclass(slots=True)
class Watched:
    """One clean forward pass over prompts of one length; one tensor per layer in each list.

    Attributes:
        ids: [batch, length].
        z: attention-weighted value of each head at the last position, before W_O: [batch, n_heads, d_head].
        values: value vectors with bias: [batch, n_kv_heads, length, d_head].
        keys: [batch, n_kv_heads, length, d_head]; empty unless they were asked for.
        masks: what the last position sees: [batch or 1, 1, 1, length], or None for everything.
        logits: of the next token: [batch, vocab].
    """

    ids: Int[Tensor, "batch length"]
    z: list[Float[Tensor, "batch n_heads d_head"]] = field(default_factory=list)
    values: list[Float[Tensor, "batch n_kv_heads length d_head"]] = field(default_factory=list)
    keys: list[Float[Tensor, "batch n_kv_heads length d_head"]] = field(default_factory=list)
    masks: list[Tensor | None] = field(default_factory=list)
    logits: Tensor = field(default_factory=lambda: torch.empty(0))

    def repeated(self, rows: int) -> Watched:
        """One prompt as so many equal ones, without a copy of its keys and values."""

        def wide(tensors: list[Tensor]) -> list[Tensor]:
            return [one.expand(rows, *one.shape[1:]) for one in tensors]

        return Watched(
            self.ids.expand(rows, -1),
            values=wide(self.values),
            keys=wide(self.keys),
            masks=self.masks,
            logits=self.logits,
        )


class Watch(Tap):
    """Keeps what passes, and changes nothing."""

    def __init__(self, found: Watched, keep_keys: bool) -> None:
        self._found, self._keep_keys = found, keep_keys

    def enter(
        self,
        layer: int,  # noqa: ARG002 - the tap's signature
        key: Tensor,
        value: Tensor,
        mask: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Keep what is attended to."""
        self._found.values.append(value)
        if self._keep_keys:
            self._found.keys.append(key)
            self._found.masks.append(None if mask is None else mask[..., -1:, : key.shape[2]])
        return key, value, mask

    def leave(self, layer: int, z: Tensor) -> Tensor:  # noqa: ARG002 - the tap's signature
        """Keep what the heads give at the last position."""
        self._found.z.append(z[:, -1].clone())
        return z


class LastAgain(Tap):
    """Puts the earlier positions of a clean pass in front of the last one, and changes what heads give."""

    def __init__(self, watched: Watched, change: Change) -> None:
        self._watched, self._change = watched, change

    def enter(
        self,
        layer: int,
        key: Tensor,
        value: Tensor,
        mask: Tensor | None,  # noqa: ARG002 - the clean pass has the right one
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Give the earlier positions' keys and values too."""
        seen = self._watched
        key = torch.cat([seen.keys[layer][:, :, :-1], key], dim=2)
        value = torch.cat([seen.values[layer][:, :, :-1], value], dim=2)
        return key, value, seen.masks[layer]

    def leave(self, layer: int, z: Tensor) -> Tensor:
        """Give what shall go through W_O."""
        return self._change(layer, z)


def zeroed(silent: Silent, layer: int, z: Tensor) -> Tensor:
    """z with some heads' set to zero at the last position."""
    if layer in silent:
        rows, heads = silent[layer]
        z = z.clone()
        z[rows, -1, heads] = 0
    return z


def added(layers: Tensor, heads: Tensor, values: Tensor, layer: int, z: Tensor) -> Tensor:
    """z with each row's value added to the one head of its layer, at the last position."""
    rows = (layers == layer).nonzero().flatten()
    if len(rows):
        z = z.clone()
        z[rows, -1, heads[rows]] += values[rows]
    return z
