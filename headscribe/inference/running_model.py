"""A transformers model that runs while its heads are watched, or silenced at the last position."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from headscribe.core.errors import UnhookableAttention
from headscribe.core.heads import Head
from headscribe.inference.finite import require_finite
from headscribe.inference.hooks import IMPLEMENTATION, Tap, register, tapped
from headscribe.inference.taps import Change, LastAgain, Silent, Watch, Watched, added, zeroed

if TYPE_CHECKING:
    from jaxtyping import Float, Int

_LOADING = (OSError, ValueError, TypeError, KeyError, AttributeError, ImportError, RuntimeError)
"""What transformers raises for a folder that it cannot load."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a checkpoint says of itself, and the running model must agree with."""

    n_layers: int
    n_heads: int
    n_kv_heads: int
    d_head: int


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
        found.logits = self._logits(Watch(found, keep_keys), input_ids=found.ids)
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
        silent: Silent = {layer: (slice(None), some) for layer, some in by_layer.items()}
        return self._last_again(watched, partial(zeroed, silent))

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
        return self._last_again(watched, partial(zeroed, silent))

    @torch.inference_mode()
    def steered(
        self, watched: Watched, heads: Sequence[Head], values: Float[Tensor, "rows d_head"]
    ) -> Float[Tensor, "rows vocab"]:
        """Next-token logits of a prompt with a value added to a head's z at its last position: [rows, vocab].

        A head whose z grows by the value of a source writes, besides what it does, what it would write if it
        attended to that source alone.

        Args:
            watched: of one prompt, with its keys.
            heads: one per row; each row is a run of its own.
            values: what is added to that head's z, [rows, d_head], in the model's dtype and on its device.
        """
        layers = torch.tensor([head.layer for head in heads], device=self.device)
        indices = torch.tensor([head.head for head in heads], device=self.device)
        return self._last_again(watched.repeated(len(heads)), partial(added, layers, indices, values))

    def _last_again(self, watched: Watched, change: Change) -> Tensor:
        last = torch.full_like(watched.ids[:, -1:], watched.ids.shape[1] - 1)
        return self._logits(LastAgain(watched, change), input_ids=watched.ids[:, -1:], position_ids=last)

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
