"""How many pairs of each operation a head promotes into the k largest entries of a row, and suppresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.mapping.pair_table import PairTable, Ranked
from headscribe.mapping.row_ends import Readout, row_ends
from headscribe.mapping.screen import open_rows, sampled_targets
from headscribe.mapping.source_view import VocabularyRows

if TYPE_CHECKING:
    from jaxtyping import Float, Int


@dataclass(frozen=True, slots=True)
class Hits:
    """Pairs whose target is among the k entries at an end of the source's row: per end and operation, [2, g].

    The first row is of the largest entries, the second of the smallest.

    Attributes:
        listed: pairs of the operation, repeats counted.
        shuffled: the share of its mismatched pairs, or of its one pair where it has no other, float64.
    """

    listed: Int[Tensor, "2 g"]
    shuffled: Float[Tensor, "2 g"]


class HitCounter:
    """Counts hits head by head; holds what they share.

    Args:
        unembedding: U^T, [vocab, d_model].
        rows: the targets that take part.
        table: the pairs, on the device of ``unembedding``.
    """

    def __init__(
        self, unembedding: Float[Tensor, "vocab d_model"], rows: VocabularyRows, table: PairTable
    ) -> None:
        self._unembedding, self._rows, self._table = unembedding, rows, table
        sampled = sampled_targets(rows, unembedding.device)
        self._n_targets = len(table.targets)
        self._first = unembedding[torch.cat([table.targets, sampled])]
        self._place = torch.full((len(unembedding),), -1, device=unembedding.device)
        self._place[table.targets] = torch.arange(self._n_targets, device=unembedding.device)

    def __call__(self, values: Float[Tensor, "s d_head"], readout: Readout) -> Hits:
        """What one head promotes and suppresses.

        Args:
            values: of the table's sources, [s, d_head].
            readout: of the head; the entries of its map are values times it.
        """
        first = readout(self._first)
        open_ = open_rows(self._table, values, first[: self._n_targets], first[self._n_targets :])
        signed = values[open_.source] * (1 - 2 * open_.end[:, None])
        ids = row_ends(signed, open_.reach, open_.k, readout, self._unembedding, self._rows)
        # -1 is of a row that was given up
        targets = torch.where(ids < 0, -1, self._place[ids])
        row, rank = (targets >= 0).nonzero(as_tuple=True)
        counts = []
        for end in (0, 1):
            own = open_.end[row] == end
            ranked = Ranked(open_.source[row[own]], targets[row[own], rank[own]], rank[own])
            counts.append(self._table.hits(ranked))
        listed, mismatched = (torch.stack(ends) for ends in zip(*counts, strict=True))
        n = self._table.n_pairs.double()
        shuffled = torch.where(n > 1, mismatched / (n * (n - 1)), listed)
        return Hits(listed, shuffled)
