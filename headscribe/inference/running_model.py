"""A transformers model that runs while its heads are watched, or silenced at the last position."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from headscribe.core.errors import UnhookableAttention
from headscribe.core.heads import Head
from headscribe.inference.finite import require_finite
from headscribe.inference.hooks import IMPLEMENTATION, Tap, register, tapped

if TYPE_CHECKING:
    from jaxtyping import Float, Int

_LOADING = (OSError, ValueError, TypeError, KeyError, AttributeError, ImportError, RuntimeError)
"""What transformers raises for a folder that it cannot load."""

_Silent = Mapping[int, tuple[slice | list[int], list[int]]]
"""By layer: heads to silence in all rows, or one head in each of some rows."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a checkpoint says of itself, and the running model must agree with."""

    n_layers: int
    n_heads: int
    n_kv_heads: int
    d_head: int


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


class RunningModel:
    """A causal language model in evaluation mode.

    Attributes:
        network: the transformers model itself, for what else looks inside it.
        shape: the checkpoint's numbers.
        device: where it runs.
        n_positions: the longest prompt it takes, None if it does not say.
        n_logits: entries of its logits.
        bos_id: its beginning-of-text token, None where its configuration names none.
    """

    def __init__(self, model: Any, shape: Shape) -> None:
        self.network, self.shape = model, shape
        self.device: torch.device = model.device
        text = model.config.get_text_config()
        self.n_positions: int | None = getattr(text, "max_position_embeddings", None)
        self.n_logits = int(text.vocab_size)
        bos = getattr(text, "bos_token_id", None)
        self.bos_id: int | None = bos if isinstance(bos, int) and 0 <= bos < self.n_logits else None

    @torch.inference_mode()
    def watch(self, ids: Int[Tensor, "batch length"], *, keep_keys: bool = False) -> Watched:
        """Run prompts as they are, and keep what the heads read and give.

        Args:
            ids: token ids of prompts of one length, [batch, length].
            keep_keys: keep what ``silenced`` needs.

        Raises:
            UnhookableAttention: a layer's attention could not be seen, or has not the checkpoint's shape.
        """
        found = Watched(ids.to(self.device))
        found.logits = self._logits(_Watch(found, keep_keys), input_ids=found.ids)
        self._check(found)
        return found

    @torch.inference_mode()
    def silenced(self, watched: Watched, heads: Collection[Head]) -> Float[Tensor, "batch vocab"]:
        """Next-token logits with some heads' z set to zero at the last position: [batch, vocab].

        Nothing changes at earlier positions, so only the last one is run again, on the clean keys and values
        of the others.

        Args:
            watched: of the same prompts, with its keys.
            heads: the heads to silence together.
        """
        by_layer: dict[int, list[int]] = {}
        for layer, head in sorted(set(heads)):
            by_layer.setdefault(layer, []).append(head)
        return self._last_again(watched, {layer: (slice(None), some) for layer, some in by_layer.items()})

    @torch.inference_mode()
    def silenced_each(self, watched: Watched, heads: Sequence[Head | None]) -> Float[Tensor, "batch vocab"]:
        """As ``silenced``, with one head, or none, per prompt: [batch, vocab].

        Args:
            watched: of the same prompts, with its keys.
            heads: one entry per prompt.
        """
        silent: dict[int, tuple[list[int], list[int]]] = {}
        for row, head in enumerate(heads):
            if head is not None:
                rows, indices = silent.setdefault(head.layer, ([], []))
                rows.append(row)
                indices.append(head.head)
        return self._last_again(watched, silent)

    def _last_again(self, watched: Watched, silent: _Silent) -> Tensor:
        last = torch.full_like(watched.ids[:, -1:], watched.ids.shape[1] - 1)
        return self._logits(_Silence(watched, silent), input_ids=watched.ids[:, -1:], position_ids=last)

    def _logits(self, tap: Tap, **inputs: Tensor) -> Tensor:
        with tapped(tap):
            logits: Tensor = self.network(**inputs, use_cache=False, logits_to_keep=1).logits
        return require_finite(logits[:, -1], "the next token's logits are")

    def _check(self, found: Watched) -> None:
        shape, batch = self.shape, len(found.ids)
        seen = [tuple(z.shape) for z in found.z]
        if seen != [(batch, shape.n_heads, shape.d_head)] * shape.n_layers:
            raise UnhookableAttention(
                f"the heads of {len(seen)} of {shape.n_layers} layers could be watched, of shapes "
                f"{sorted({s[1:] for s in seen})}",
                where=type(self.network).__name__,
                do="See docs/checks.md for the families that work",
            )


class _Watch:
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
        self._found.values.append(value)
        if self._keep_keys:
            self._found.keys.append(key)
            self._found.masks.append(None if mask is None else mask[..., -1:, : key.shape[2]])
        return key, value, mask

    def leave(self, layer: int, z: Tensor) -> Tensor:  # noqa: ARG002 - the tap's signature
        self._found.z.append(z[:, -1].clone())
        return z


class _Silence:
    """Puts the earlier positions of a clean pass in front of the last one, and zeroes heads there."""

    def __init__(self, watched: Watched, silent: _Silent) -> None:
        self._watched, self._silent = watched, silent

    def enter(
        self,
        layer: int,
        key: Tensor,
        value: Tensor,
        mask: Tensor | None,  # noqa: ARG002 - the clean pass has the right one
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        seen = self._watched
        key = torch.cat([seen.keys[layer][:, :, :-1], key], dim=2)
        value = torch.cat([seen.values[layer][:, :, :-1], value], dim=2)
        return key, value, seen.masks[layer]

    def leave(self, layer: int, z: Tensor) -> Tensor:
        if layer in self._silent:
            rows, heads = self._silent[layer]
            z = z.clone()
            z[rows, -1, heads] = 0
        return z


def load_model(folder: Path, shape: Shape, *, dtype: torch.dtype, device: torch.device) -> RunningModel:
    """Load a checkpoint's folder into the running model; no code of the checkpoint is run.

    Args:
        folder: a transformers checkpoint on this machine.
        shape: what the folder's configuration says.
        dtype: arithmetic; float32 for the reference's numbers.
        device: where to run; it must hold the whole model.

    Raises:
        UnhookableAttention: transformers cannot run it, or not with an attention that can be watched.
    """
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    loader: Any = AutoModelForCausalLM

    register()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model, info = loader.from_pretrained(
            str(folder),
            dtype=dtype,
            attn_implementation=IMPLEMENTATION,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except (*_LOADING, SafetensorError) as error:
        raise UnhookableAttention(
            f"transformers cannot run this model: {error}"[:300], where=folder, do="See docs/checks.md"
        ) from error
    if missing := sorted(info["missing_keys"]):
        raise UnhookableAttention(
            f"{len(missing)} weights would be made up, such as {missing[0]}",
            where=folder,
            do="Give a checkpoint with all its weights",
        )
    return RunningModel(model.eval().to(device), shape)
