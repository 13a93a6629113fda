"""How token sequences of many lengths go through the model: in batches, with what stands in front of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.core.lookups import Neuron
from headscribe.inference.blocks import Blocks

if TYPE_CHECKING:
    from jaxtyping import Int

LONGEST = 1024
"""Tokens of a text that are read where neither the model nor the caller wants fewer."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How texts are read.

    Attributes:
        prefix: ids put in front of every text and every prompt cut from one, such as the beginning-of-text
            token; never counted as one of its tokens, and never a place where a neuron is said to fire.
        longest: tokens read of a text, prefix included; None for the model's limit, at most ``LONGEST``.
        batch_tokens: tokens, padding included, that run together.
    """

    prefix: tuple[int, ...] = ()
    longest: int | None = None
    batch_tokens: int = 4096

    def limit(self, blocks: Blocks) -> int:
        """Tokens of a text that are read, without the prefix."""
        most = [LONGEST if self.longest is None else self.longest]
        if blocks.model.n_positions is not None:
            most.append(blocks.model.n_positions)
        return min(most) - len(self.prefix)


@dataclass(frozen=True, slots=True)
class TokenBatch:
    """Sequences that run together.

    Attributes:
        rows: their places in what was given.
        ids: prefix, tokens, then padding that causal attention never sees: [batch, length].
        ends: how many of the positions in each row are prefix and tokens, [batch].
    """

    rows: list[int]
    ids: Int[Tensor, "batch length"]
    ends: Int[Tensor, " batch"]


def batches(sequences: Sequence[Sequence[int]], reading: Reading) -> Iterator[TokenBatch]:
    """Sequences of like length together, the shortest first; none of them empty."""
    order = sorted(range(len(sequences)), key=lambda place: len(sequences[place]))
    start = 0
    for end in range(1, len(order) + 1):
        longest = len(reading.prefix) + len(sequences[order[min(end, len(order) - 1)]])
        if end == len(order) or longest * (end + 1 - start) > reading.batch_tokens:
            yield _pad(order[start:end], sequences, reading.prefix)
            start = end


def _pad(rows: list[int], sequences: Sequence[Sequence[int]], prefix: tuple[int, ...]) -> TokenBatch:
    ends = [len(prefix) + len(sequences[row]) for row in rows]
    ids = torch.zeros(len(rows), max(ends), dtype=torch.long)
    for at, (row, end) in enumerate(zip(rows, ends, strict=True)):
        ids[at, :end] = torch.tensor([*prefix, *sequences[row]])
    return TokenBatch(rows, ids, torch.tensor(ends))


def post_activations(
    blocks: Blocks, sequences: Sequence[Sequence[int]], neurons: Sequence[Neuron], reading: Reading
) -> list[list[float]]:
    """The post-activation of one neuron per sequence, at each of its tokens.

    Args:
        sequences: token ids without prefix, of any lengths.
        neurons: the neuron to read in each.
        reading: the prefix, and how much runs together.
    """
    found: list[list[float]] = [[] for _ in sequences]
    first = len(reading.prefix)
    for batch in batches(sequences, reading):
        wanted = [neurons[row] for row in batch.rows]
        kept = torch.empty(batch.ids.shape)

        def see(layer: int, post: Tensor, wanted: list[Neuron] = wanted, kept: Tensor = kept) -> None:
            rows = [at for at, neuron in enumerate(wanted) if neuron.layer == layer]
            kept[rows] = post[rows, :, [wanted[at].neuron for at in rows]].float().cpu()

        blocks.run(batch.ids, {neuron.layer for neuron in wanted}, see)
        for row, values, end in zip(batch.rows, kept.tolist(), batch.ends.tolist(), strict=True):
            found[row] = values[first:end]
    return found
