"""Accuracy while heads are silenced at the last position (definitions section 4; MAPS section 4.2)."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence

import torch

from headscribe.core.heads import Head
from headscribe.eval.check.dynamic import BATCH_LOGITS, BATCH_TOKENS
from headscribe.eval.check.prompts import TokenPrompt, batches
from headscribe.inference.running_model import RunningModel

RANDOM_DRAWS = 5
CONTROL_ACCURACY = 0.2
"""A control task's base accuracy differs from the operation's by at most this."""
CONTROL_OVERLAP = 0.15
"""A smaller share than this of the silenced heads is among a control task's own top heads."""

_ROUNDING = 1e-9
_LIMITS = ((300, 30), (500, 50), (1000, 100), (1500, 150))
_MOST = 250


def removal_limit(n_heads: int) -> int:
    """How many heads are silenced at most in a model of so many heads in all (definitions section 4)."""
    return next((limit for below, limit in _LIMITS if n_heads < below), _MOST)


def top_heads(scores: Mapping[Head, float], limit: int) -> list[Head]:
    """The heads with the highest scores above 0, strongest first; among equal scores the later head first."""
    ranked = sorted(scores, key=lambda head: (scores[head], head), reverse=True)[:limit]
    return [head for head in ranked if scores[head] > 0]


def random_heads(heads: Iterable[Head], without: Sequence[Head], *, seed: int, draw: int) -> list[Head]:
    """As many other heads in random order; fewer where the model has not so many others."""
    others = sorted(set(heads) - set(without))
    chosen = random.Random(f"{seed}/{draw}").sample(others, len(others))
    return chosen[: len(without)]


def apart(silenced: Sequence[Head], heads: Iterable[Head]) -> bool:
    """Whether hardly any of the silenced heads is among a task's own top heads (definitions section 4)."""
    return len(set(silenced) & set(heads)) < CONTROL_OVERLAP * len(silenced)


def alike(base: float, other: float) -> bool:
    """Whether two base accuracies are near enough for the one task to be the other's control."""
    return abs(base - other) <= CONTROL_ACCURACY + _ROUNDING


def hits_without(
    model: RunningModel, prompts: Sequence[TokenPrompt], orders: Sequence[Sequence[Head]]
) -> list[list[int]]:
    """How many prompts are continued with their target, with the first 0, 1, 2, … heads silenced together.

    Silencing a head sets its z to zero at the last position; its value bias goes with it, the layer's output
    bias and the head at earlier positions stay. The prediction is the largest of all logits, padded rows
    included.

    Args:
        prompts: prompts of any lengths.
        orders: heads in the order in which they are silenced; several such orders share one clean pass.

    Returns:
        For every order, one count more than it has heads; the first is the same for all.
    """
    rows = max(1, BATCH_LOGITS // model.n_logits)
    hits = [[0] * (len(heads) + 1) for heads in orders]
    for places, ids in batches(prompts, BATCH_TOKENS, rows, model.n_positions):
        targets = torch.tensor([prompts[place].target for place in places], device=model.device)
        watched = model.watch(ids, keep_keys=any(orders))
        clean = _right(watched.logits, targets)
        for heads, counts in zip(orders, hits, strict=True):
            counts[0] += clean
            for count in range(1, len(heads) + 1):
                counts[count] += _right(model.silenced(watched, heads[:count]), targets)
    return hits


def _right(logits: torch.Tensor, targets: torch.Tensor) -> int:
    return int((logits.argmax(-1) == targets).sum())
