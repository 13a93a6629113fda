"""What the next token's probability loses without head, neuron or both (definitions section 7, step 7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from headscribe.core.heads import Head
from headscribe.core.lookups import Ablation, AblationEffect, Neuron, PromptHeads, Removed
from headscribe.core.progress import Progress, Silent
from headscribe.core.statistics import Interval, percentile_interval, resampled_counts
from headscribe.inference.blocks import Blocks
from headscribe.inference.taps import Watched
from headscribe.lookups.reading import Reading

DRAWS = 2000
"""Bootstrap samples behind an interval."""

STAGE = "ablation"

_Table = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Job:
    """A prompt, and the heads to remove on it one at a time."""

    found: PromptHeads
    heads: tuple[Head, ...]
    token: int

    @property
    def neuron(self) -> Neuron:
        return self.found.prompt.neuron


def ablate(
    blocks: Blocks,
    found: Iterable[PromptHeads],
    heads: Mapping[Neuron, Sequence[Head]],
    tokens: Mapping[Neuron, int],
    *,
    reading: Reading | None = None,
    progress: Progress | None = None,
) -> list[Ablation]:
    """Set heads, neurons and both to zero at the last position, and read the neuron's token's probability.

    A head's z is set to zero (its value bias goes with it, the output bias stays), a neuron's
    post-activation; earlier positions stay as they are. Prompts of one length run together, those of all
    neurons, and each removal runs the last position only.

    Args:
        found: the prompts, with their active heads.
        heads: per neuron, the heads to remove; prompts of other neurons are passed over.
        tokens: per neuron, the id of its token.
        reading: as the prompts were made.
        progress: told of every prompt.

    Returns:
        For every prompt and head, a row for each of ``REMOVED``.
    """
    reading, progress = reading or Reading(), progress or Silent()
    jobs = [
        _Job(one, tuple(heads[neuron]), tokens[neuron])
        for one in found
        if heads.get(neuron := one.prompt.neuron)
    ]
    progress.start(STAGE, len(jobs))
    rows: list[Ablation] = []
    for some in _of_one_length(jobs, reading):
        rows += _Removals(blocks, some, reading.prefix).rows()
        progress.advance(STAGE, len(some))
    progress.finish(STAGE)
    return rows


def effect(rows: Sequence[Ablation], removed: Removed, *, seed: int = 0) -> AblationEffect:
    """The mean change on active against inactive prompts, and the interval of their difference.

    The interval is a percentile bootstrap over neurons, because prompts of one neuron are alike; over
    prompts where all are of one neuron.

    Args:
        rows: of one pair, or of many.
        removed: which of them count.
        seed: of the bootstrap.
    """
    rows = [row for row in rows if row.removed == removed]
    several = len({row.neuron for row in rows}) > 1
    sums: dict[object, _Table] = defaultdict(lambda: np.zeros(4))
    for place, row in enumerate(rows):
        key = row.neuron if several else place
        sums[key] += (row.change, 1, 0, 0) if row.active else (0, 0, row.change, 1)
    table = np.array(list(sums.values())).reshape(-1, 4)
    active_sum, n_active, inactive_sum, n_inactive = table.sum(0)
    active = active_sum / n_active if n_active else None
    inactive = inactive_sum / n_inactive if n_inactive else None
    low = high = difference = None
    if active is not None and inactive is not None:
        difference = float(active - inactive)
        low, high = _interval(table, seed)
    return AblationEffect(
        removed,
        active=None if active is None else float(active),
        inactive=None if inactive is None else float(inactive),
        difference=difference,
        low=low,
        high=high,
        n_active=int(n_active),
        n_inactive=int(n_inactive),
        n_pairs=len({(row.neuron, row.head) for row in rows}),
    )


def _interval(table: _Table, seed: int) -> Interval:
    """95 % interval of the difference of means, from rows of (sum, count, sum, count)."""
    if len(table) < 2:
        return None, None
    active, n_active, inactive, n_inactive = (
        resampled_counts(len(table), DRAWS, np.random.default_rng(seed)) @ table
    ).T
    with np.errstate(divide="ignore", invalid="ignore"):
        return percentile_interval(active / n_active - inactive / n_inactive, defined=0)


def _of_one_length(jobs: Sequence[_Job], reading: Reading) -> Iterator[list[_Job]]:
    by_length: dict[int, list[_Job]] = defaultdict(list)
    for job in jobs:
        by_length[len(job.found.prompt.ids)].append(job)
    for length, some in sorted(by_length.items()):
        size = max(1, reading.batch_tokens // (length + len(reading.prefix)))
        # those with as many heads together: a step removes one head on each prompt
        some.sort(key=lambda job: len(job.heads))
        for first in range(0, len(some), size):
            yield some[first : first + size]


class _Removals:
    """A clean pass over prompts of one length, and what removals at the last position change."""

    def __init__(self, blocks: Blocks, jobs: Sequence[_Job], prefix: tuple[int, ...]) -> None:
        self._blocks, self._jobs = blocks, jobs
        self._ids = torch.tensor([(*prefix, *job.found.prompt.ids) for job in jobs])
        self._tokens = torch.tensor([job.token for job in jobs], device=blocks.model.device)

    def rows(self) -> list[Ablation]:
        """All removals on all prompts."""
        watched = self._blocks.model.watch(self._ids, keep_keys=True)
        before = self._probability(watched.logits)
        steps = max(len(job.heads) for job in self._jobs)
        neuron = self._without(watched, None, neuron=True)
        rows: list[Ablation] = []
        for step in range(steps):
            after: dict[Removed, list[float]] = {
                "head": self._without(watched, step, neuron=False),
                "neuron": neuron,
                "both": self._without(watched, step, neuron=True),
            }
            rows += self._step(step, before, after)
        return rows

    def _step(
        self, step: int, before: Sequence[float], after: Mapping[Removed, Sequence[float]]
    ) -> Iterator[Ablation]:
        for place, job in enumerate(self._jobs):
            if step < len(job.heads):
                head = job.heads[step]
                active = head in job.found.active
                for removed, values in after.items():
                    yield Ablation(job.neuron, head, removed, active, before[place], values[place])

    def _without(self, watched: Watched, step: int | None, *, neuron: bool) -> list[float]:
        heads = [None if step is None else (*job.heads, *[None] * step)[step] for job in self._jobs]
        layers = {job.neuron.layer for job in self._jobs} if neuron else set()
        with self._blocks.seen(layers, self._zero):
            return self._probability(self._blocks.model.silenced_each(watched, heads))

    def _zero(self, layer: int, post: Tensor) -> Tensor:
        rows = [row for row, job in enumerate(self._jobs) if job.neuron.layer == layer]
        post = post.clone()
        post[rows, -1, [self._jobs[row].neuron.neuron for row in rows]] = 0
        return post

    def _probability(self, logits: Tensor) -> list[float]:
        every = torch.arange(len(logits), device=logits.device)
        found: list[float] = logits.float().softmax(-1)[every, self._tokens].tolist()
        return found
