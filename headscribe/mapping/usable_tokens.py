"""Which tokens can stand for themselves: the usable sources S (definitions section 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.mapping.undertrained import Undertrained, undertrained_tokens

if TYPE_CHECKING:
    from jaxtyping import Bool

    from headscribe.core.settings import MapSettings
    from headscribe.mapping.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class UsableTokens:
    """The usable rows of the vocabulary, and why the others are not.

    Attributes:
        mask: [vocab] of bool, on the CPU: rows of tokens that decode to text by themselves and were trained.
        left_out: how many rows each reason left out, a row under the first that holds: ``without a token``,
            ``special``, ``byte pieces``, ``without text``, ``undertrained``.
        undertrained: the undertrained tokens, special ones and byte pieces among them included.
    """

    mask: Bool[Tensor, " vocab"]
    left_out: dict[str, int]
    undertrained: Undertrained


def usable_tokens(checkpoint: Checkpoint, settings: MapSettings) -> UsableTokens:
    """The usable tokens of a checkpoint.

    Args:
        checkpoint: an open checkpoint; U, and E of an untied model, are read to find undertrained tokens.
        settings: device and dtype in which these are held.

    Raises:
        BadOption: the device cannot be used.
        DamagedCheckpoint: a tensor cannot be read.
    """
    vocabulary, size = checkpoint.vocabulary, checkpoint.facts.vocab_size
    undertrained = undertrained_tokens(checkpoint, settings)
    reasons = {
        "without a token": vocabulary.padded,
        "special": vocabulary.controls,
        "byte pieces": vocabulary.byte_pieces,
        "without text": [id for id, text in enumerate(vocabulary.texts(range(size))) if not text],
        "undertrained": undertrained.ids,
    }
    mask, left_out = torch.ones(size, dtype=torch.bool), {}
    for reason, ids in reasons.items():
        before = int(mask.sum())
        mask[list(ids)] = False
        left_out[reason] = before - int(mask.sum())
    return UsableTokens(mask, left_out, undertrained)
