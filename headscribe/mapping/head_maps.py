"""``map_heads``: the salient mappings of heads, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.core.heads import Head
from headscribe.core.progress import Progress, Silent
from headscribe.core.records import HeadMap
from headscribe.core.settings import MapSettings
from headscribe.mapping.devices import (
    Arithmetic,
    choose_arithmetic,
    choose_arithmetics,
    full_precision,
)
from headscribe.mapping.facts import OV
from headscribe.mapping.layers import LayerWork, layer_by_layer
from headscribe.mapping.parts.mapper import PartsMapper
from headscribe.mapping.salience import most_salient, saliency, value_heads
from headscribe.mapping.source_view import SourceTable, View, ViewTable, vocabulary_rows
from headscribe.mapping.targets import extreme_targets
from headscribe.mapping.texts import TokenTexts
from headscribe.mapping.top_pairs import head_factors, sources_by_largest_entry

if TYPE_CHECKING:
    from headscribe.mapping.checkpoint import Checkpoint

STAGE = "map"
"""Name of the stage in progress reports; its steps are heads."""

SOURCE_ENTRIES = 16_000_000
"""Entries of the salient source vectors that are copied out of E' at once."""


@dataclass(frozen=True, slots=True)
class MapCounts:
    """Vocabulary rows that a map is made of, and those left out of it.

    Attributes:
        rows: rows of the embedding.
        padded_dropped: rows beyond the tokenizer that take no part, as sources or as targets.
        zero_dropped: for each source view in use, rows whose source vector is zero and that therefore have no
            saliency. They remain targets.
    """

    rows: int
    padded_dropped: int
    zero_dropped: dict[View, int]


class LayerMapper:
    """Maps heads layer by layer on one device; keeps U, and E' of the source view it was last asked for.

    Args:
        settings: what to compute.
        arithmetic: where, and in which dtype; None for what the settings say.
    """

    def __init__(
        self, checkpoint: Checkpoint, settings: MapSettings, arithmetic: Arithmetic | None = None
    ) -> None:
        self._checkpoint, self._settings = checkpoint, settings
        self._arithmetic = arithmetic or choose_arithmetic(settings)
        self._rows = vocabulary_rows(checkpoint, settings)
        self._unembedding = checkpoint.unembedding(self._arithmetic.dtype, self._arithmetic.device)
        self._table = ViewTable(checkpoint, settings, self._arithmetic, self._rows)
        self._texts = TokenTexts(checkpoint)

    @property
    def zero_dropped(self) -> dict[View, int]:
        """See ``MapCounts``, for the views in use so far."""
        return self._table.zero_dropped

    @full_precision
    def __call__(self, layer: int, heads: Sequence[int], ov: OV | None = None) -> list[HeadMap]:
        """The maps of some heads of a layer, in the order given.

        Args:
            layer: a layer of the model. Layers of one source view should follow each other.
            heads: query heads of the layer.
            ov: the layer's weights, in this arithmetic; None to read them.
        """
        dtype, device, norms = self._arithmetic.dtype, self._arithmetic.device, self._settings.folding
        ov = ov or self._checkpoint.ov(layer, dtype, device, norms=norms)
        table, found = self._table.of_layer(layer), []
        n, k = min(self._settings.salient, table.n_usable), self._settings.targets
        scores, ids = self._sources(heads, table, ov, n)
        together = max(1, SOURCE_ENTRIES // (n * table.vectors.shape[1]))
        for start in range(0, len(heads), together):
            part = slice(start, start + together)
            # [heads, n, d_model] @ [heads, d_model, d_head]
            values = torch.bmm(table.vectors[ids[part]], ov.w_v[value_heads(ov, heads[part])])
            ends = extreme_targets(values, ov.w_o[list(heads[part])], self._unembedding, k, self._rows)
            mappings = self._texts.mappings(ids[part].flatten(), scores[part].flatten(), ends, per_head=n)
            for position, head in enumerate(heads[part]):
                own = tuple(mappings[position * n : (position + 1) * n])
                found.append(HeadMap(Head(layer, head), own))
        return found

    def _sources(self, heads: Sequence[int], table: SourceTable, ov: OV, n: int) -> tuple[Tensor, Tensor]:
        """Saliencies and ids of each head's n source tokens, in order: [heads, n]."""
        scores = saliency(table, ov, heads)
        if self._settings.rank_by == "saliency":
            return most_salient(scores, n)
        factors = (head_factors(table, self._rows, ov, head, self._unembedding) for head in heads)
        ids = torch.stack([sources_by_largest_entry(one, n) for one in factors])
        return scores.gather(1, ids), ids


def layer_mapper(
    checkpoint: Checkpoint, settings: MapSettings, arithmetic: Arithmetic | None = None
) -> LayerMapper | PartsMapper:
    """Who maps layers in the settings' view, as the paper does or taken apart; arguments as those of both."""
    if settings.view == "parts":
        return PartsMapper(checkpoint, settings, arithmetic)
    return LayerMapper(checkpoint, settings, arithmetic)


class HeadMaps(Iterator[HeadMap]):
    """The maps of heads, computed as they are asked for; see ``map_heads``."""

    def __init__(
        self, checkpoint: Checkpoint, settings: MapSettings, heads: Sequence[Head], progress: Progress
    ) -> None:
        self._checkpoint, self._settings, self._progress = checkpoint, settings, progress
        self._heads = sorted(set(heads))
        self._arithmetics = choose_arithmetics(settings)
        self._dropped = vocabulary_rows(checkpoint, settings).dropped
        self._mappers: list[LayerMapper | PartsMapper] = []
        self._maps = self._generate()

    def __next__(self) -> HeadMap:
        return next(self._maps)

    @property
    def counts(self) -> MapCounts:
        """Rows left out so far; final once every head was given."""
        zero = {view: number for mapper in self._mappers for view, number in mapper.zero_dropped.items()}
        return MapCounts(self._checkpoint.facts.vocab_size, self._dropped, zero)

    def _generate(self) -> Iterator[HeadMap]:
        self._progress.start(STAGE, len(self._heads))
        layers = layer_by_layer(
            self._checkpoint, self._heads, self._arithmetics, self._mapper, self._settings.folding
        )
        for layer in layers:
            for head_map in layer:
                yield head_map
                self._progress.advance(STAGE, note=head_map.head.name)
        self._progress.finish(STAGE)

    def _mapper(self, arithmetic: Arithmetic) -> LayerWork[Sequence[HeadMap]]:
        mapper = layer_mapper(self._checkpoint, self._settings, arithmetic)
        self._mappers.append(mapper)
        return mapper


def map_heads(
    checkpoint: Checkpoint,
    settings: MapSettings,
    heads: Sequence[Head],
    progress: Progress | None = None,
) -> HeadMaps:
    """The salient mappings of heads, in model order (definitions sections 1 and 3; MAPS section 5).

    Every head gets its ``settings.salient`` most salient source tokens with their ``settings.targets`` most
    promoted and most suppressed targets. With ``settings.rank_by`` ``pairs`` its source tokens are those of
    its top pairs instead: sources in the order of their largest entry of M, a search that takes most of the
    time then. Equal values go by ascending id. With ``settings.view`` ``parts`` heads are taken apart instead
    and given as ``TakenApart`` (definitions section 8). Work is shared between the heads of a layer, so ask
    for all heads in one call; memory is the embeddings, one layer and a bounded block.

    Args:
        settings: what to compute, where and in which arithmetic.
        heads: any heads of the model; repeats are dropped.
        progress: told once per head; None for nobody.

    Returns:
        An iterator of ``HeadMap`` that also has ``counts``, complete after its last item.

    Raises:
        BadOption: the device cannot be used.
        DamagedCheckpoint: a tensor cannot be read (while iterating).
    """
    return HeadMaps(checkpoint, settings, heads, progress or Silent())
