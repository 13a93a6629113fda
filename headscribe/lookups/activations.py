"""The texts in which neurons fire most, found in one pass for all of them (definitions section 7, step 2)."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from headscribe.core.lookups import LeftOut, Neuron, Split, TopPrompt
from headscribe.core.progress import Progress, Silent
from headscribe.inference.blocks import Blocks
from headscribe.lookups.reading import Reading, TokenBatch, batches

EXPLAINED, SCORED = 20, 10
"""Prompts per neuron of each split (definitions section 7)."""

SHORTEST = 2
"""Tokens of a text below which it has no context."""

KEPT_TOKENS = 160
"""Tokens kept of a text, up to where the neuron fires; truncation looks at the last 99 of them."""

BUFFERED_BATCHES = 16
"""Batches whose texts are held together, so that each batch has texts of about one length."""

STAGE = "prompts"


@dataclass(frozen=True, slots=True)
class Strongest:
    """What one pass over the texts of a split gives.

    Attributes:
        prompts: by neuron in the order asked for, the strongest first.
        left_out: texts too short or cut, and neurons that never fire.
        n_texts: texts read.
        n_tokens: tokens read, prefixes and padding not counted.
        seconds: wall-clock time.
    """

    prompts: list[TopPrompt]
    left_out: list[LeftOut]
    n_texts: int
    n_tokens: int
    seconds: float


def strongest_prompts(
    blocks: Blocks,
    texts: Iterable[tuple[int, Sequence[int]]],
    neurons: Sequence[Neuron],
    *,
    n: int,
    split: Split,
    reading: Reading | None = None,
    progress: Progress | None = None,
) -> Strongest:
    """Run the texts once and keep, for each neuron, those in which it fires most.

    A text counts once per neuron, at its highest post-activation (the first, where it is reached twice);
    among equal texts the earlier is kept. Texts longer than the limit are read as far as it reaches. Memory
    does not depend on the number of texts.

    Args:
        texts: number and token ids, without prefix; consumed as a stream.
        neurons: distinct neurons of any layers.
        n: texts kept per neuron, fewer where it fires in fewer.
        split: which texts these are.
        reading: prefix, limit and batch size.
        progress: told after every batch how many texts are done, and tokens per second; the caller starts and
            finishes the stage ``prompts``.
    """
    reading, progress = reading or Reading(), progress or Silent()
    best, skipped = _Best(neurons, n), Counter[str]()
    n_texts = n_tokens = 0
    start = time.perf_counter()
    for part in _parts(texts, reading.limit(blocks), reading.batch_tokens * BUFFERED_BATCHES, skipped):
        sequences = [ids for _, ids in part]
        for batch in batches(sequences, reading):
            values, places = _peaks(blocks, batch, best, len(reading.prefix))
            best.offer(values, places, [part[row] for row in batch.rows])
            n_texts += len(batch.rows)
            n_tokens += int(batch.ends.sum()) - len(batch.rows) * len(reading.prefix)
            rate = n_tokens / (time.perf_counter() - start)
            progress.advance(STAGE, len(batch.rows), f"{rate:,.0f} tokens/s")
    left_out = [LeftOut(reason, count, split=split) for reason, count in sorted(skipped.items())]
    left_out += [LeftOut("never fires", neuron=neuron, split=split) for neuron in best.silent()]
    return Strongest(best.prompts(), left_out, n_texts, n_tokens, time.perf_counter() - start)


class _Best:
    """The strongest texts of each neuron so far."""

    def __init__(self, neurons: Sequence[Neuron], n: int) -> None:
        self._neurons, self._n = neurons, n
        self._heaps: list[list[tuple[float, int, int, tuple[int, ...]]]] = [[] for _ in neurons]
        self._least = torch.zeros(len(neurons))
        self.columns: dict[int, tuple[list[int], list[int]]] = {}
        """By layer: places among the neurons, and their indices in the layer."""
        for place, neuron in enumerate(neurons):
            places, indices = self.columns.setdefault(neuron.layer, ([], []))
            places.append(place)
            indices.append(neuron.neuron)

    def offer(self, values: Tensor, places: Tensor, texts: Sequence[tuple[int, Sequence[int]]]) -> None:
        """Consider each text's peak for every neuron: [batch, neurons] values and positions."""
        enough = (values > 0) & (values >= self._least)
        for row, column in enough.nonzero().tolist():
            text, ids = texts[row]
            at, heap = int(places[row, column]), self._heaps[column]
            kept = tuple(ids[max(0, at + 1 - KEPT_TOKENS) : at + 1])
            entry = (float(values[row, column]), -text, at, kept)  # the smallest is the first to go
            if len(heap) < self._n:
                heapq.heappush(heap, entry)
            else:
                heapq.heappushpop(heap, entry)
            if len(heap) == self._n:
                self._least[column] = heap[0][0]

    def silent(self) -> list[Neuron]:
        """Neurons with no text that makes them positive."""
        return [neuron for neuron, heap in zip(self._neurons, self._heaps, strict=True) if not heap]

    def prompts(self) -> list[TopPrompt]:
        """All that was kept, neuron by neuron, the strongest first."""
        return [
            TopPrompt(neuron, -text, at, value, ids)
            for neuron, heap in zip(self._neurons, self._heaps, strict=True)
            for value, text, at, ids in sorted(heap, reverse=True)
        ]


def _peaks(blocks: Blocks, batch: TokenBatch, best: _Best, first: int) -> tuple[Tensor, Tensor]:
    """Each text's highest post-activation of every neuron, and its token: [batch, neurons] on the CPU."""
    total = sum(len(places) for places, _ in best.columns.values())
    values = torch.empty(len(batch.rows), total)
    where = torch.empty(len(batch.rows), total, dtype=torch.long)
    position = torch.arange(batch.ids.shape[1])
    outside = (position >= batch.ends[:, None]) | (position < first)  # [batch, length]

    def see(layer: int, post: Tensor) -> None:
        places, indices = best.columns[layer]
        wanted = post[:, :, indices].float()
        wanted.masked_fill_(outside.to(wanted.device)[:, :, None], -torch.inf)
        peaks, at = wanted.max(dim=1)
        values[:, places], where[:, places] = peaks.cpu(), at.cpu() - first

    blocks.run(batch.ids, best.columns, see)
    return values, where


def _parts(
    texts: Iterable[tuple[int, Sequence[int]]], limit: int, size: int, skipped: Counter[str]
) -> Iterator[list[tuple[int, Sequence[int]]]]:
    """Texts cut to the limit, in lists of about ``size`` tokens; counts the short and the cut ones."""
    part: list[tuple[int, Sequence[int]]] = []
    tokens = 0
    for number, ids in texts:
        if len(ids) < SHORTEST:
            skipped[f"shorter than {SHORTEST} tokens"] += 1
            continue
        if len(ids) > limit:
            skipped[f"read only to token {limit}"] += 1
        part.append((number, ids[:limit]))
        tokens += len(part[-1][1])
        if tokens >= size:
            yield part
            part, tokens = [], 0
    if part:
        yield part
