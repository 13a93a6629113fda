"""What a running model says next, with one head and without what the head writes at the last position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from headscribe.core.heads import Head
from headscribe.inference.running_model import RunningModel

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Chance:
    """A token's probability of being the next one, with the head and without it."""

    id: int
    present: float
    ablated: float


@dataclass(frozen=True, slots=True)
class NextTokens:
    """The next tokens of one text.

    Attributes:
        likeliest: with the head, likeliest first.
        ablated: the likeliest without it.
        raised: those that the head makes likelier, by the difference of the probabilities.
        lowered: those that it makes less likely.
    """

    likeliest: tuple[Chance, ...]
    ablated: tuple[Chance, ...]
    raised: tuple[Chance, ...]
    lowered: tuple[Chance, ...]


@torch.inference_mode()
def next_tokens(model: RunningModel, ids: Sequence[int], head: Head, top: int) -> NextTokens:
    """Run a text as it is, and once more with the head's z set to zero at the last position.

    Args:
        ids: of the text, at least one and no more than the model's positions.
        head: the head to silence.
        top: tokens wanted in each list.

    Raises:
        UnhookableAttention: a layer's attention could not be seen.
        NotFinite: the model gives NaN or infinity.
    """
    seen = model.watch(torch.tensor([list(ids)], dtype=torch.long), keep_keys=True)
    # [2, vocab]: the probability of each next token with the head, and without it
    both = torch.cat([seen.logits, model.silenced(seen, [head])]).double().softmax(1)
    moved = both[0] - both[1]

    def first(order: Tensor) -> tuple[Chance, ...]:
        chosen = order.topk(min(top, len(order))).indices
        return tuple(Chance(*row) for row in zip(chosen.tolist(), *both[:, chosen].tolist(), strict=True))

    return NextTokens(first(both[0]), first(both[1]), first(moved), first(-moved))
