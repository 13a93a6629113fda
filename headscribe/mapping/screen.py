"""Which rows may have targets of an operation among the k entries at one of their ends, judged from a sample.

If k sampled entries of a row exceed those of all targets asked about, none of these is among the k largest,
whatever the rest of the row holds. It never decides wrongly: what is close stays open for ``row_ends``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.mapping.pair_table import PairTable
from headscribe.mapping.source_view import VocabularyRows

if TYPE_CHECKING:
    from jaxtyping import Float, Int

SAMPLE = 1024
"""Vocabulary rows in the sample."""

GROUP = 8
"""Sampled entries of which only the largest and the smallest are compared."""

SLACK = 256
"""Units of rounding, relative to ‖value‖ · max ‖readout‖, within which a comparison decides nothing."""

CELLS = 1 << 22
"""Entries of the map that are looked at together."""


@dataclass(frozen=True, slots=True)
class OpenRows:
    """Rows of which an end has to be found, each once for an end.

    Attributes:
        end: 0 where the largest entries are asked for, 1 where the smallest are, [n].
        source: place of the row's source in ``PairTable``, [n].
        reach: no entry asked about is above this; of the smallest, entries times -1, [n].
        k: entries wanted, [n].
    """

    end: Int[Tensor, " n"]
    source: Int[Tensor, " n"]
    reach: Float[Tensor, " n"]
    k: Int[Tensor, " n"]


def sampled_targets(rows: VocabularyRows, device: torch.device, size: int = SAMPLE) -> Int[Tensor, " m"]:
    """Ids of some targets that take part, [m].

    Args:
        rows: the targets that take part.
        device: of the result.
        size: how many, at most; changes no score.
    """
    kept = torch.ones(rows.stop, dtype=torch.bool, device=device)
    kept[list(rows.holes)] = False
    ids = kept.nonzero().flatten()
    size = min(size, len(ids)) // GROUP * GROUP
    # evenly spread: neighbouring ids have similar frequencies, and so similar entries
    return ids[torch.arange(size, device=device) * len(ids) // max(1, size)]


def open_rows(
    table: PairTable,
    values: Float[Tensor, "s d_head"],
    asked: Float[Tensor, "t d_head"],
    sampled: Float[Tensor, "m d_head"],
) -> OpenRows:
    """The rows of a head's map that the sample does not decide.

    Args:
        table: the pairs.
        values: of the table's sources, [s, d_head].
        asked: the head's readout of the table's targets, [t, d_head].
        sampled: its readout of the sample, [m, d_head].
    """
    source = torch.cat([sources for sources, _ in table.crossed])
    k = torch.cat([k.expand(len(sources)) for k, (sources, _) in zip(table.k, table.crossed, strict=True)])
    longest = torch.linalg.vector_norm(asked, dim=1).max()
    slack = SLACK * torch.finfo(values.dtype).eps * longest * torch.linalg.vector_norm(values, dim=1)
    reach = _reach(table, values, asked) + slack[source]
    limits = _limits(values, sampled, int(table.k.max()))
    end, at = (limits[:, source, k - 1] <= reach).nonzero(as_tuple=True)
    # a source of several operations is asked about as far as any of them reaches
    rows, inverse = torch.unique(end * len(values) + source[at], return_inverse=True)
    return OpenRows(
        end=rows // len(values),
        source=rows % len(values),
        reach=reach.new_full(rows.shape, -torch.inf).scatter_reduce(0, inverse, reach[end, at], "amax"),
        k=k.new_zeros(rows.shape).scatter_reduce(0, inverse, k[at], "amax"),
    )


def _reach(table: PairTable, values: Tensor, asked: Tensor) -> Tensor:
    """Largest entry, and smallest times -1, of each operation's sources among its targets: [2, Σ sources]."""
    found = []
    for sources, targets in table.crossed:
        readout = asked[targets].T
        for some in torch.split(sources, max(1, CELLS // len(targets))):
            entries = values[some] @ readout
            found.append(torch.stack([entries.amax(1), -entries.amin(1)]))
    return torch.cat(found, dim=1)


def _limits(values: Tensor, sampled: Tensor, k: int) -> Tensor:
    """What at least n + 1 entries of a source's row reach, for n below k: [2, s, k], the second times -1."""
    # each group is spread over the sample
    groups = (values @ sampled.T).view(len(values), GROUP, -1)
    return torch.stack([_largest(groups.amax(1), k), _largest(-groups.amin(1), k)])


def _largest(entries: Tensor, k: int) -> Tensor:
    """The k largest of each row, -inf where there are fewer: [n, k]."""
    found = entries.topk(min(k, entries.shape[1]), dim=1).values
    return torch.nn.functional.pad(found, (0, k - found.shape[1]), value=-torch.inf)
