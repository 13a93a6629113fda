"""Both ends of many rows of a map, of those rows alone in which they can be what is asked about.

Of every group of entries only the largest and the smallest are kept. k of these beyond what is asked about
settle a question: nothing asked about is among the row's k most extreme entries. In a row that remains, the
groups with the k most extreme of these hold its k most extreme entries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.mapping.devices import rows_at_once
from headscribe.mapping.ranking import top_k
from headscribe.mapping.source_view import VocabularyRows

if TYPE_CHECKING:
    from jaxtyping import Float, Int

WIDTH = 1024
"""Targets worked on together."""

ROWS = 256
"""Rows worked on together: with ``WIDTH`` targets, what stays in a processor's cache."""

GROUP = 16
"""Entries of which only the largest and the smallest are kept."""

ENTRIES = 1 << 24
"""Entries of whole rows that exist at once."""


@dataclass(frozen=True, slots=True)
class Questions:
    """Questions whether any of some targets is among the k entries at one end of a row.

    Attributes:
        end: 0 where the largest entries are meant, 1 where the smallest are, [n].
        row: [n].
        reach: no entry asked about is above this; of the smallest, entries times -1, [n].
        k: [n].
    """

    end: Int[Tensor, " n"]
    row: Int[Tensor, " n"]
    reach: Float[Tensor, " n"]
    k: Int[Tensor, " n"]


@dataclass(frozen=True, slots=True)
class RowEnd:
    """One end of some rows: the ids of their k most extreme entries, in order; equal ones by ascending id."""

    rows: Int[Tensor, " n"]
    ids: Int[Tensor, "n k"]


def row_ends(
    values: Float[Tensor, "s d_head"],
    columns: Float[Tensor, "stop d_head"],
    rows: VocabularyRows,
    asked: Questions,
    width: int = WIDTH,
) -> tuple[RowEnd, RowEnd]:
    """The largest, and the smallest, entries of the rows that leave a question open.

    Args:
        values: of each row's source, [s, d_head].
        columns: what they are multiplied with for each target, [stop, d_head].
        rows: the targets that take part.
        asked: what is asked about the rows; k is at most the number of targets that take part.
        width: targets worked on together, in multiples of ``GROUP``; does not change the result.
    """
    search = _Search(values, columns, rows, width)
    live, above = torch.arange(len(asked.k), device=values.device), torch.zeros_like(asked.k)
    while len(live) and not search.done:
        end, row = asked.end[live], asked.row[live]
        beyond = search.next_block(row)[end, search.places[row]] > asked.reach[live, None]
        above[live] += beyond.sum(1)
        live = live[above[live] < asked.k[live]]
    most = int(asked.k[live].max()) if len(live) else 0
    largest, smallest = (
        search.end(end, torch.unique(asked.row[live[asked.end[live] == end]]), most) for end in (0, 1)
    )
    return largest, smallest


class _Search:
    """Rows of a head's map, block by block, and the groups that their entries form.

    Columns go by falling root mean square of their entries over the rows: the first blocks then hold most of
    what is extreme. The members of a group stand beside each other, and are spread over the block's order.
    """

    def __init__(self, values: Tensor, columns: Tensor, rows: VocabularyRows, width: int) -> None:
        self._values, self._columns, self._width = values, columns, width
        kept = torch.ones(rows.stop, dtype=torch.bool, device=values.device)
        kept[list(rows.holes)] = False
        self._kept = kept
        ids = kept.nonzero().flatten()
        order = ids[_strength(values, columns)[ids].argsort(descending=True)]
        # a group that is short has its last member again
        order = torch.cat([order, order[-1:].expand(-len(order) % GROUP)])
        self._ids = torch.cat([part.view(GROUP, -1).T.flatten() for part in torch.split(order, width)])
        self._sorted = columns.index_select(0, self._ids)
        self._start = 0
        self._seen: list[tuple[Tensor, Tensor]] = []
        self.places = torch.zeros(len(values), dtype=torch.long, device=values.device)
        """Where each row stands in what ``next_block`` gave, [s]."""

    @property
    def done(self) -> bool:
        """Whether every column was looked at."""
        return self._start >= len(self._sorted)

    def next_block(self, wanted: Tensor) -> Tensor:
        """The largest entry of each group of further columns, and the smallest times -1: [2, n, groups].

        Args:
            wanted: rows, perhaps repeated; rows of the block before.
        """
        asked = torch.zeros(len(self._values), dtype=torch.bool, device=wanted.device)
        asked[wanted] = True
        rows = asked.nonzero().flatten()
        block = self._sorted[self._start : self._start + self._width]
        self._start += self._width
        found = block.new_empty(2, len(rows), len(block) // GROUP)
        at_once = rows_at_once(found.device, 2 * len(block) * found.element_size(), ROWS)
        for start in range(0, len(rows), at_once):
            part = slice(start, start + at_once)
            entries = (block @ self._values[rows[part]].T).view(found.shape[2], GROUP, -1)
            found[0, part] = entries.amax(1).T
            found[1, part] = entries.amin(1).neg_().T
        self.places[rows] = torch.arange(len(rows), device=rows.device)
        self._seen.append((rows, found))
        return found

    def end(self, end: int, rows: Tensor, k: int) -> RowEnd:
        """An end of some rows that were wanted of every block, ascending."""
        ids = torch.empty(len(rows), k, dtype=torch.long, device=rows.device)
        for part in torch.split(torch.arange(len(rows), device=rows.device), ROWS):
            ids[part] = self._extremes(end, rows[part], k)
        return RowEnd(rows, ids)

    def _extremes(self, end: int, rows: Tensor, k: int) -> Tensor:
        beyond = torch.cat([found[end, torch.searchsorted(seen, rows)] for seen, found in self._seen], dim=1)
        if beyond.shape[1] <= k:
            return self._of_whole_rows(end, rows, k)
        best = beyond.topk(k + 1, dim=1)
        groups = best.indices[:, :k]
        members = self._sorted.view(-1, GROUP, self._sorted.shape[1])[groups].flatten(1, 2)
        entries = torch.bmm(members, self._values[rows, :, None])[:, :, 0]
        ids, order = self._ids.view(-1, GROUP)[groups].flatten(1).sort(1)
        entries = entries.gather(1, order)
        # what stands twice counts once
        entries[:, 1:].masked_fill_(ids[:, 1:] == ids[:, :-1], torch.inf if end else -torch.inf)
        ids = ids.gather(1, top_k(entries, k, largest=not end)[1])
        # where a group that was left out has the same extreme, its ids may come first
        unclear = best.values[:, k] == best.values[:, k - 1]
        ids[unclear] = self._of_whole_rows(end, rows[unclear], k)
        return ids

    def _of_whole_rows(self, end: int, rows: Tensor, k: int) -> Tensor:
        ids = torch.empty(len(rows), k, dtype=torch.long, device=rows.device)
        some = max(1, ENTRIES // len(self._columns))
        for part in torch.split(torch.arange(len(rows), device=rows.device), some):
            entries = self._values[rows[part]] @ self._columns.T
            entries.masked_fill_(~self._kept, torch.inf if end else -torch.inf)
            _, ids[part] = top_k(entries, k, largest=not end)
        return ids


def _strength(values: Tensor, columns: Tensor) -> Tensor:
    """The root mean square of each column's entries, but for one factor: [stop]."""
    precise = values.to(torch.promote_types(values.dtype, torch.float32))
    lengths, axes = torch.linalg.eigh((precise.T @ precise).double())
    root = (axes * lengths.clamp_min(0).sqrt()).to(columns.dtype)
    return torch.cat([torch.linalg.vector_norm(part @ root, dim=1) for part in torch.split(columns, WIDTH)])
