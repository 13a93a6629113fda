"""The pairs of all operations at once, so that what they share is computed once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.operations import Operation

if TYPE_CHECKING:
    from jaxtyping import Int

ScoredList = tuple[Operation, Sequence[tuple[int, int]], int]
"""An operation, its pairs as (source id, target id), and its k."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Targets near one end of rows: the places of source and target in ``PairTable``, and the target's rank
    in the source's row, from 0; [n] each. No source stands here twice with one target.
    """

    source: Int[Tensor, " n"]
    target: Int[Tensor, " n"]
    rank: Int[Tensor, " n"]


@dataclass(frozen=True, slots=True)
class PairTable:
    """The pairs of g operations, and the sources and targets that these combine.

    Attributes:
        sources: distinct source ids of all operations, [s].
        targets: distinct target ids, [t].
        crossed: per operation, the places of its sources and of its targets.
        k: per operation, [g].
        times_source: how often each operation lists each source, [g, s].
        times_target: how often it lists each target, [g, t].
        operation, source, target: places of each distinct pair of each operation, [p].
        times: how often the operation lists the pair, [p].
        n_pairs: pairs of each operation, repeats counted, [g].
    """

    sources: Int[Tensor, " s"]
    targets: Int[Tensor, " t"]
    crossed: tuple[tuple[Tensor, Tensor], ...]
    k: Int[Tensor, " g"]
    times_source: Int[Tensor, "g s"]
    times_target: Int[Tensor, "g t"]
    operation: Int[Tensor, " p"]
    source: Int[Tensor, " p"]
    target: Int[Tensor, " p"]
    times: Int[Tensor, " p"]
    n_pairs: Int[Tensor, " g"]

    def hits(self, ranked: Ranked) -> tuple[Int[Tensor, " g"], Int[Tensor, " g"]]:
        """Listed pairs, and mismatched ones, of each operation whose target has a rank below k.

        A mismatched pair is one listed pair's source with another's target: n (n - 1) of n listed pairs.

        Args:
            ranked: all targets with a rank below the largest k, and perhaps others.
        """
        within = ranked.rank < self.k[:, None]
        combined = (self.times_source[:, ranked.source] * self.times_target[:, ranked.target] * within).sum(1)
        listed = self._rank(ranked) < self.k[self.operation]
        hits = torch.zeros_like(self.k)
        hits.index_add_(0, self.operation, self.times * listed)
        return hits, combined - hits

    def _rank(self, ranked: Ranked) -> Tensor:
        """The rank of each distinct pair, larger than any where it is not among the ranked: [p]."""
        n_targets = len(self.targets)
        keys, order = (ranked.source * n_targets + ranked.target).sort()
        asked = self.source * n_targets + self.target
        place = torch.searchsorted(keys, asked)
        nowhere = torch.tensor([-1], device=keys.device)
        there = torch.cat([keys, nowhere])[place] == asked
        ranks = torch.cat([ranked.rank[order], nowhere])[place]
        return torch.where(there, ranks, torch.iinfo(ranks.dtype).max)


def pair_table(lists: Sequence[ScoredList], device: torch.device) -> PairTable:
    """Join the pairs of several operations."""
    every = [pair for _, pairs, _ in lists for pair in pairs]
    sources, targets = _places(source for source, _ in every), _places(target for _, target in every)

    def column(values: Iterable[int]) -> Tensor:
        return torch.tensor(list(values), dtype=torch.long, device=device)

    times_source = torch.zeros(len(lists), len(sources), dtype=torch.long)
    times_target = torch.zeros(len(lists), len(targets), dtype=torch.long)
    distinct: list[tuple[int, int, int, int]] = []
    for operation, (_, pairs, _) in enumerate(lists):
        of_source, of_target = Counter(s for s, _ in pairs), Counter(t for _, t in pairs)
        listed = Counter(pairs)
        for source, times in of_source.items():
            times_source[operation, sources[source]] = times
        for target, times in of_target.items():
            times_target[operation, targets[target]] = times
        distinct += [(operation, sources[s], targets[t], times) for (s, t), times in listed.items()]
    operation_of, source_of, target_of, times_of = zip(*distinct, strict=True)
    return PairTable(
        sources=column(sources),
        targets=column(targets),
        crossed=tuple(
            (of_source.nonzero().flatten().to(device), of_target.nonzero().flatten().to(device))
            for of_source, of_target in zip(times_source, times_target, strict=True)
        ),
        k=column(k for _, _, k in lists),
        times_source=times_source.to(device),
        times_target=times_target.to(device),
        operation=column(operation_of),
        source=column(source_of),
        target=column(target_of),
        times=column(times_of),
        n_pairs=column(len(pairs) for _, pairs, _ in lists),
    )


def _places(ids: Iterable[int]) -> dict[int, int]:
    return {id: place for place, id in enumerate(dict.fromkeys(ids))}
