"""How many pairs of each operation a head promotes into the k largest entries of a row, and suppresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.mapping.pair_table import PairTable, Ranked
from headscribe.mapping.row_ends import Questions, row_ends
from headscribe.mapping.source_view import VocabularyRows

if TYPE_CHECKING:
    from jaxtyping import Float, Int

SLACK = 256
"""Units of rounding, relative to ‖value‖ · max ‖column‖, within which a comparison decides nothing."""

CELLS = 1 << 22
"""Entries of the map that are looked at together."""


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
        rows: the targets that take part.
        table: the pairs.
    """

    def __init__(self, rows: VocabularyRows, table: PairTable) -> None:
        self._rows, self._table = rows, table
        device = table.targets.device
        self._place = torch.full((rows.stop,), -1, device=device)
        self._place[table.targets] = torch.arange(len(table.targets), device=device)
        self._source = torch.cat([sources for sources, _ in table.crossed])
        sizes = torch.tensor([len(sources) for sources, _ in table.crossed], device=device)
        self._k = table.k.repeat_interleave(sizes)

    def __call__(self, values: Float[Tensor, "s d_head"], columns: Float[Tensor, "stop d_head"]) -> Hits:
        """What one head promotes and suppresses.

        Args:
            values: of the table's sources, [s, d_head].
            columns: the entries of the head's map are values times these, [stop, d_head].
        """
        ends = row_ends(values, columns, self._rows, self._questions(values, columns))
        counts = []
        for end in ends:
            targets = self._place[end.ids]
            row, rank = (targets >= 0).nonzero(as_tuple=True)
            counts.append(self._table.hits(Ranked(end.rows[row], targets[row, rank], rank)))
        listed, mismatched = (torch.stack(ends) for ends in zip(*counts, strict=True))
        n = self._table.n_pairs.double()
        shuffled = torch.where(n > 1, mismatched / (n * (n - 1)), listed)
        return Hits(listed, shuffled)

    def _questions(self, values: Tensor, columns: Tensor) -> Questions:
        """Of each source of each operation, whether it moves any of the operation's targets that far."""
        asked = columns[self._table.targets]
        longest = torch.linalg.vector_norm(asked, dim=1).max()
        slack = SLACK * torch.finfo(values.dtype).eps * longest * torch.linalg.vector_norm(values, dim=1)
        reach = _reach(self._table, values, asked) + slack[self._source]
        end = torch.arange(2, device=values.device).repeat_interleave(len(self._source))
        return Questions(end, self._source.repeat(2), reach.flatten(), self._k.repeat(2))


def _reach(table: PairTable, values: Tensor, asked: Tensor) -> Tensor:
    """Largest entry, and smallest times -1, of each operation's sources among its targets: [2, Σ sources]."""
    found = []
    for sources, targets in table.crossed:
        columns = asked[targets].T
        for some in torch.split(sources, max(1, CELLS // len(targets))):
            entries = values[some] @ columns
            found.append(torch.stack([entries.amax(1), -entries.amin(1)]))
    return torch.cat(found, dim=1)
