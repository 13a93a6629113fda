"""Section 4 of the definitions, by plain hooks on a running transformers model; nothing of the package."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from tests.reference.definitions import in_order
from tests.reference.weights import Weights, attention_of, blocks_of, output_of


@dataclass
class Seen:
    """One pass: what enters each attention, [length, d]; z at the last position, [H, d_h]; logits, [V]."""

    inputs: list[Tensor]
    z: list[Tensor]
    logits: Tensor


@torch.no_grad()
def run(model: Any, heads: int, ids: Sequence[int], silenced: Collection[tuple[int, int]] = ()) -> Seen:
    """Run one prompt, with the z of some (layer, head) set to zero at the last position."""
    seen = Seen([], [], torch.empty(0))

    def enter(_module: Any, args: Any, kwargs: Any) -> None:
        seen.inputs.append((args[0] if args else kwargs["hidden_states"])[0])

    def write(layer: int, _module: Any, args: Any) -> Any:
        z = args[0].view(*args[0].shape[:2], heads, -1).clone()
        seen.z.append(z[0, -1].clone())
        z[:, -1, [head for at, head in silenced if at == layer]] = 0
        return z.flatten(2)

    with ExitStack() as hooks:
        for layer, block in enumerate(blocks_of(model)):
            attention = attention_of(block)
            hooks.callback(attention.register_forward_pre_hook(enter, with_kwargs=True).remove)
            output = output_of(attention)
            hooks.callback(output.register_forward_pre_hook(partial(write, layer)).remove)
        seen.logits = model(torch.tensor([list(ids)]), use_cache=False).logits[0, -1]
    return seen


def dynamic(
    model: Any, w: Weights, prompts: Sequence[tuple[Sequence[int], int, int]], rows: Tensor, k: int
) -> Tensor:
    """Hits of every head: [with context, without; promoted, suppressed; L, H].

    Args:
        model: the running model.
        w: its weights.
        prompts: ids, the position of the source, and the target.
        rows: targets that take part.
        k: how many of the largest (smallest) logits are searched.
    """
    counts = torch.zeros(2, 2, len(w.layers), len(w.layers[0].w_o), dtype=torch.long)
    for ids, source_at, target in prompts:
        seen = run(model, counts.shape[3], ids)
        for layer, at in enumerate(w.layers):
            forced = seen.inputs[layer][source_at] @ at.w_v + at.b_v
            for kind, z in enumerate((seen.z[layer], forced)):
                for head, logits in enumerate(torch.einsum("he,hed->hd", z, at.w_o) @ w.u):
                    counts[kind, 0, layer, head] += target in in_order(logits, rows)[:k]
                    counts[kind, 1, layer, head] += target in in_order(logits, rows, largest=False)[:k]
    return counts


def right_answers(
    model: Any, heads: int, prompts: Sequence[tuple[Sequence[int], int]], order: Sequence[tuple[int, int]]
) -> list[int]:
    """Prompts whose largest logit is their target, with the first 0, 1, 2, … heads silenced."""
    return [
        sum(int(run(model, heads, ids, order[:n]).logits.argmax()) == target for ids, target in prompts)
        for n in range(len(order) + 1)
    ]
