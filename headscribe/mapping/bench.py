"""Many small questions about a model's heads, with what they share read once and kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from headscribe.core.heads import Head
from headscribe.core.records import Mapping, Token
from headscribe.core.settings import MapSettings
from headscribe.mapping.devices import choose_arithmetic, full_precision
from headscribe.mapping.probe import probe
from headscribe.mapping.ranks import among_largest
from headscribe.mapping.salience import saliency, value_head
from headscribe.mapping.source_view import (
    SourceTable,
    View,
    source_table,
    source_vectors,
    view_of_layer,
    vocabulary_rows,
)

if TYPE_CHECKING:
    from headscribe.mapping.checkpoint import Checkpoint


class Bench:
    """A checkpoint that is asked again and again, by one thread at a time.

    Holds E and U as long as it lives, and E' of each source view from the first question that needs it:
    4 bytes per entry of [vocab, d_model] each, in float32.

    Args:
        settings: source view, padded rows and arithmetic; the sizes in it are not used.

    Raises:
        BadOption: the device cannot be used.
    """

    def __init__(self, checkpoint: Checkpoint, settings: MapSettings) -> None:
        self._checkpoint, self._settings = checkpoint, settings
        self._arithmetic = choose_arithmetic(settings)
        self._rows = vocabulary_rows(checkpoint, settings)
        dtype, device = self._arithmetic.dtype, self._arithmetic.device
        # The checkpoint gives the same tensors to whoever asks, while somebody holds them.
        self._held = (checkpoint.embedding(dtype, device), checkpoint.unembedding(dtype, device))
        self._tables: dict[View, SourceTable] = {}

    @property
    def n_targets(self) -> int:
        """Vocabulary rows that take part."""
        return self._rows.n_kept

    def takes_part(self, id: int) -> bool:
        """Whether a token is a source and a target here."""
        return 0 <= id < self._rows.stop and id not in self._rows.holes

    def rows(self, head: Head, ids: Sequence[int], top: int) -> list[Mapping]:
        """The ends of the rows of M of some sources; see ``probe``.

        Raises:
            BadOption: a source takes no part, or its vector is zero.
        """
        return probe(self._checkpoint, self._settings, head, ids, top=top)

    def sources(self, head: Head, id: int, top: int) -> tuple[Token, ...]:
        """The sources that promote a token most; see ``probe`` in reverse.

        Raises:
            BadOption: the token takes no part, or its vector is zero.
        """
        table = self._table(head.layer)
        (found,) = probe(self._checkpoint, self._settings, head, [id], reverse=True, top=top, table=table)
        return found.targets

    @full_precision
    def percentiles(self, head: Head, ids: Sequence[int]) -> list[float]:
        """For each source, the share of the tokens that take part whose saliency is less."""
        table, arithmetic = self._table(head.layer), self._arithmetic
        ov = self._checkpoint.ov(
            head.layer, arithmetic.dtype, arithmetic.device, norms=self._settings.folding
        )
        scores = saliency(table, ov, [head.head])[0]
        asked = torch.tensor(list(ids), dtype=torch.long, device=scores.device)
        below = (scores[table.usable] < scores[asked][:, None]).double().mean(1)
        shares: list[float] = below.tolist()
        return shares

    def usable_ids(self, head: Head) -> list[int]:
        """The tokens that take part and whose source vector is not zero, by ascending id."""
        ids: list[int] = self._table(head.layer).usable.nonzero().flatten().tolist()
        return ids

    def _table(self, layer: int) -> SourceTable:
        view = view_of_layer(self._settings, layer)
        if view not in self._tables:
            norms = self._settings.folding
            self._tables[view] = source_table(self._checkpoint, view, self._arithmetic, self._rows, norms)
        return self._tables[view]

    @full_precision
    def among_ends(self, head: Head, pairs: Sequence[tuple[int, int]], k: int) -> list[tuple[bool, bool]]:
        """Whether each pair's target is among the k largest, and the k smallest, of its source's row.

        The count is that of the operation scores (definitions section 2).
        """
        dtype, device, norms = self._arithmetic.dtype, self._arithmetic.device, self._settings.folding
        ov = self._checkpoint.ov(head.layer, dtype, device, norms=norms)
        ids = torch.tensor(pairs, dtype=torch.long, device=device).view(-1, 2)
        view = view_of_layer(self._settings, head.layer)
        vectors = source_vectors(self._checkpoint, view, self._arithmetic, ids[:, 0], norms)
        # [n, d_model]: what the head writes for each source
        written = vectors @ ov.w_v[value_head(head.head, len(ov.w_o), len(ov.w_v))] @ ov.w_o[head.head]
        limit = torch.full((len(ids),), k, dtype=torch.long, device=device)
        unembedding = self._held[1]
        largest, smallest = (
            among_largest(side, unembedding, ids[:, 1], limit, self._rows).tolist()
            for side in (written, -written)
        )
        return list(zip(largest, smallest, strict=True))
