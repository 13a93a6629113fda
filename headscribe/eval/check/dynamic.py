"""Dynamic scores: what heads promote and suppress while the model runs (definitions 4; MAPS 4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from headscribe.eval.check.prompts import TokenPrompt, batches
from headscribe.inference.finite import require_finite
from headscribe.inference.running_model import RunningModel

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

BATCH_TOKENS, BATCH_LOGITS = 4096, 16_000_000
KEPT_NUMBERS = 256_000_000
"""Numbers that the heads' outputs of one round of prompts may take together."""
ROWS = 2048
"""Rows of logits that are decided together."""


class Readout(Protocol):
    """What turns a head's output into an answer; the same weights and rules that the map is made with."""

    def output(self, layer: int) -> Float[Tensor, "n_heads d_head d_model"]:
        """W_O of a layer's heads: [n_heads, d_head, d_model]."""

    def among_largest(
        self, written: Float[Tensor, "n d_model"], targets: Int[Tensor, " n"], k: int
    ) -> Bool[Tensor, " n"]:
        """Whether each target is among a vector's k largest logits: [n, d_model] and [n] -> [n] of bool."""


@dataclass(frozen=True, slots=True)
class Hits:
    """How many prompts' targets each head promotes into the top k, or suppresses into the bottom k.

    All tables are [layer][head] counts out of ``n``; *forced* is without context.
    """

    context: list[list[int]]
    context_suppression: list[list[int]]
    forced: list[list[int]]
    forced_suppression: list[list[int]]
    n: int


def dynamic_hits(
    model: RunningModel, prompt_sets: Sequence[Sequence[TokenPrompt]], readout: Readout, k: int
) -> list[Hits]:
    """Count the hits of every head, for several sets of prompts at once; see ``hits_by_readout``."""
    (found,) = hits_by_readout(model, prompt_sets, [readout], k)
    return found


def hits_by_readout(
    model: RunningModel, prompt_sets: Sequence[Sequence[TokenPrompt]], readouts: Sequence[Readout], k: int
) -> list[list[Hits]]:
    """Count the hits of every head, for several sets of prompts and readouts, in one run of the model.

    *With context* a head's output at the last position is read as it is. *Forced* replaces it by the clean
    value vector at the source, which is what the head would give if it attended to the source alone. Both are
    multiplied by W_O and U; the value bias takes part, the output bias does not, nor any norm but for what a
    readout has of it in W_O.

    Args:
        prompt_sets: prompts of one operation, one set per template, for instance.
        readouts: W_O, and the decision for rows of logits.
        k: how many of the largest (smallest) logits are searched.

    Returns:
        For every readout the hits of each set.
    """
    shape = model.shape
    prompts = [prompt for prompts in prompt_sets for prompt in prompts]
    owner = torch.tensor([place for place, prompts in enumerate(prompt_sets) for _ in prompts])
    # [readout, set, with context or forced, promoted or suppressed, layer, head]
    sizes = len(readouts), len(prompt_sets), 2, 2, shape.n_layers, shape.n_heads
    counts = torch.zeros(sizes, dtype=torch.long)
    per_prompt = shape.n_layers * (shape.n_heads + shape.n_kv_heads) * shape.d_head
    round_size = max(1, KEPT_NUMBERS // per_prompt)
    for first in range(0, len(prompts), round_size):
        part, owners = prompts[first : first + round_size], owner[first : first + round_size]
        z, values = _watch(model, part)
        targets = torch.tensor([prompt.target for prompt in part], device=model.device)
        for layer in range(shape.n_layers):
            heads = torch.stack([z[layer], _of_query_heads(values[layer], shape.n_heads)])
            for which, readout in enumerate(readouts):
                hits = _decide(heads, layer, targets, readout, k)
                for place in range(len(prompt_sets)):
                    counts[which, place, :, :, layer] += hits[..., owners == place].sum(-1)
    return [
        [
            Hits(
                context=table[0][0],
                context_suppression=table[0][1],
                forced=table[1][0],
                forced_suppression=table[1][1],
                n=len(prompts),
            )
            for table, prompts in zip(tables, prompt_sets, strict=True)
        ]
        for tables in counts.tolist()
    ]


def _watch(model: RunningModel, prompts: Sequence[TokenPrompt]) -> tuple[list[Tensor], list[Tensor]]:
    """Per layer z at the last position, and values at the source: [n, n_heads or n_kv_heads, d_head]."""
    shape = model.shape
    z: list[list[Tensor]] = [[] for _ in range(shape.n_layers)]
    values: list[list[Tensor]] = [[] for _ in range(shape.n_layers)]
    order: list[int] = []
    rows = max(1, BATCH_LOGITS // model.n_logits)
    for places, ids in batches(prompts, BATCH_TOKENS, rows, model.n_positions):
        seen = model.watch(ids)
        every = torch.arange(len(places), device=model.device)
        source_at = torch.tensor([prompts[place].source_at for place in places], device=model.device)
        for layer in range(shape.n_layers):
            z[layer].append(seen.z[layer])
            values[layer].append(seen.values[layer][every, :, source_at])
        order += places
    back = torch.tensor(order, device=model.device).argsort()
    return [torch.cat(parts)[back] for parts in z], [torch.cat(parts)[back] for parts in values]


def _of_query_heads(values: Tensor, n_heads: int) -> Tensor:
    """The value vector that each query head reads: [n, n_kv_heads, d_head] -> [n, n_heads, d_head]."""
    return values.repeat_interleave(n_heads // values.shape[1], dim=1)


@torch.inference_mode()
def _decide(heads: Tensor, layer: int, targets: Tensor, readout: Readout, k: int) -> Tensor:
    """Hits of a layer on the CPU: [2 kinds, n, n_heads, d_head] -> [2 kinds, 2 signs, n_heads, n] of bool."""
    w_o, (kinds, n, n_heads, _) = readout.output(layer), heads.shape
    found = []
    size = max(1, ROWS // (2 * kinds * n))
    for first in range(0, n_heads, size):
        some = slice(first, first + size)
        written = torch.einsum("cnhe,hed->chnd", heads[:, :, some].to(w_o.dtype), w_o[some])
        require_finite(written, f"layer {layer} has heads that write")
        # the k smallest logits are the k largest of the negative
        signed = torch.stack([written, -written], dim=1)
        asked = targets.expand(signed.shape[:-1]).reshape(-1)
        answers = readout.among_largest(signed.flatten(0, -2), asked, k)
        found.append(answers.view(signed.shape[:-1]).cpu())
    return torch.cat(found, dim=2)
