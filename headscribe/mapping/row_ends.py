"""The largest entries of many rows of a map, of those rows alone in which they can be what is asked about.

Of every group of entries only the largest is kept. k of these above what is asked about give a row up; in a
row that remains, the groups with the k largest of these hold its k largest entries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.mapping.devices import rows_at_once
from headscribe.mapping.ranking import top_k
from headscribe.mapping.source_view import VocabularyRows

if TYPE_CHECKING:
    from jaxtyping import Float, Int

WIDTH = 2048
"""Targets worked on together."""

ROWS = 256
"""Rows worked on together: with ``WIDTH`` targets, what stays in a processor's cache."""

GROUP = 16
"""Entries of which only the largest is kept."""

ENTRIES = 1 << 24
"""Entries of whole rows that exist at once."""

Readout = Callable[[Tensor], Tensor]
"""Rows of U^T [n, d_model] -> what a head's values are multiplied with for these targets, [n, d_head]."""


def row_ends(
    values: Float[Tensor, "n d_head"],
    reach: Float[Tensor, " n"],
    k: Int[Tensor, " n"],
    readout: Readout,
    unembedding: Float[Tensor, "vocab d_model"],
    rows: VocabularyRows,
    width: int = WIDTH,
) -> Int[Tensor, "n most"]:
    """The ids of the k largest entries of rows, largest first, equal ones by ascending id.

    Args:
        values: of each row's source, [n, d_head]; negated to ask for the smallest entries.
        reach: what is asked about is not above this, [n]; a row with k entries above it is given up.
        k: per row, from 1 to the number of targets that take part, [n].
        readout: of the head.
        unembedding: U^T, [vocab, d_model].
        rows: the targets that take part.
        width: targets worked on together, in multiples of ``GROUP``; does not change the result.

    Returns:
        [n, max k]; of each row its first k are meant. -1 where the row was given up.
    """
    most = int(k.max()) if len(k) else 0
    ids = torch.full((len(values), most), -1, device=values.device)
    search = _Search(values, readout, unembedding, rows)
    live = torch.arange(len(values), device=values.device)
    above = torch.zeros_like(k)
    for start in range(0, rows.stop, width):
        if not len(live):
            break
        above[live] += (search.maxima(live, start, width) > reach[live, None]).sum(1)
        live = live[above[live] < k[live]]
    for some in torch.split(live, ROWS) if len(live) else ():
        ids[some] = search.largest(some, most)
    return ids


class _Search:
    """The rows of a head's map, block by block, and the groups that their entries form."""

    def __init__(self, values: Tensor, readout: Readout, unembedding: Tensor, rows: VocabularyRows) -> None:
        self._values, self._readout, self._unembedding, self._stop = values, readout, unembedding, rows.stop
        n_columns = -(-rows.stop // GROUP) * GROUP
        self._columns = values.new_zeros(n_columns, values.shape[1])
        self._hidden = torch.zeros(n_columns, dtype=torch.bool, device=values.device)
        self._hidden[[*rows.holes, *range(rows.stop, n_columns)]] = True
        self._seen: list[tuple[Tensor, Tensor]] = []
        self._groups: list[Tensor] = []

    def maxima(self, live: Tensor, start: int, width: int) -> Tensor:
        """The largest entry of each group of some columns: [len(live), groups].

        Args:
            live: rows, ascending; of those of the block before.
            start, width: the columns.
        """
        block = slice(start, min(start + width, len(self._columns)))
        read = self._unembedding[start : min(block.stop, self._stop)]
        self._columns[start : start + len(read)] = self._readout(read)
        columns, hidden = self._columns[block].T, self._hidden[block].nonzero().flatten()
        n_groups = columns.shape[1] // GROUP
        found = self._values.new_empty(len(live), n_groups)
        at_once = rows_at_once(found.device, 2 * columns.shape[1] * found.element_size(), ROWS)
        for some in torch.split(torch.arange(len(live), device=live.device), at_once):
            entries = self._values[live[some]] @ columns
            entries[:, hidden] = -torch.inf
            # each group is spread over the block: a sum down the columns is the fast one
            found[some] = entries.view(len(some), GROUP, n_groups).amax(1)
        self._seen.append((live, found))
        places = torch.arange(block.start, block.stop, device=live.device)
        self._groups.append(places.view(GROUP, n_groups).T)
        return found

    def largest(self, rows: Tensor, k: int) -> Tensor:
        """Ids of the k largest entries of some rows that are live to the end: [len(rows), k]."""
        maxima = torch.cat([found[torch.searchsorted(live, rows)] for live, found in self._seen], dim=1)
        if maxima.shape[1] <= k:
            return self._of_whole_rows(rows, k)
        best = maxima.topk(k + 1, dim=1)
        ids = torch.cat(self._groups)[best.indices[:, :k]].flatten(1).sort(1).values
        entries = torch.bmm(self._columns[ids], self._values[rows, :, None])[:, :, 0]
        _, places = top_k(entries.masked_fill_(self._hidden[ids], -torch.inf), k)
        ids = ids.gather(1, places)
        # where a group that was left out has the same maximum, its ids may come first
        unclear = best.values[:, k] == best.values[:, k - 1]
        ids[unclear] = self._of_whole_rows(rows[unclear], k)
        return ids

    def _of_whole_rows(self, rows: Tensor, k: int) -> Tensor:
        ids = torch.empty(len(rows), k, dtype=torch.long, device=rows.device)
        for some in torch.split(
            torch.arange(len(rows), device=rows.device), max(1, ENTRIES // len(self._columns))
        ):
            entries = self._values[rows[some]] @ self._columns.T
            _, ids[some] = top_k(entries.masked_fill_(self._hidden, -torch.inf), k)
        return ids
