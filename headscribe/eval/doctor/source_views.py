"""Which source view is nearest to what heads read while the model runs; no labels are needed for that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.inference.running_model import RunningModel

if TYPE_CHECKING:
    from jaxtyping import Float


@torch.inference_mode()
def values_in_text(
    model: RunningModel, texts: Sequence[Sequence[int]], ids: Sequence[int]
) -> list[Float[Tensor, "n_kv_heads n d_head"]]:
    """Per layer the values of tokens at the end of texts, means over the texts.

    Args:
        model: the running model.
        texts: token ids of some texts.
        ids: the tokens.
    """
    sums: list[Tensor] = []
    for text in texts:
        seen = model.watch(torch.tensor([[*text, id] for id in ids]))
        last = [values[:, :, -1].transpose(0, 1).float() for values in seen.values]
        sums = [a + b for a, b in zip(sums, last, strict=True)] if sums else last
    return [one / len(texts) for one in sums]


def agreement(
    mapped: Iterator[Float[Tensor, "n_kv_heads n d_head"]],
    running: Sequence[Float[Tensor, "n_kv_heads n d_head"]],
) -> float:
    """Mean cosine between what a view makes of values and what the model has, each less its mean over tokens.

    Without their means, as what all tokens share says nothing of how sources differ. Layer 0 is left out:
    it reads the embedding in every view that asks it to.

    Args:
        mapped: a view's values of the tokens, layer by layer from 1 on.
        running: ``values_in_text`` of the same tokens, every layer.
    """
    found = [
        torch.cosine_similarity(_specific(ours.float()), _specific(theirs), dim=-1).mean()
        for ours, theirs in zip(mapped, running[1:], strict=True)
    ]
    return float(torch.stack(found).mean()) if found else 1.0


def _specific(values: Tensor) -> Tensor:
    return values - values.mean(1, keepdim=True)
