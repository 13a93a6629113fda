"""How strongly each head implements each operation (definitions section 2; MAPS section 4.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.core.heads import Head
from headscribe.core.progress import Progress, Silent
from headscribe.core.records import OperationScore, SkippedOperation
from headscribe.core.settings import MIN_PAIRS, MapSettings
from headscribe.mapping.by_head import in_groups, products_by_head
from headscribe.mapping.devices import (
    Arithmetic,
    choose_arithmetic,
    choose_arithmetics,
    full_precision,
)
from headscribe.mapping.facts import OV
from headscribe.mapping.hits import HitCounter, Hits
from headscribe.mapping.layers import layer_by_layer
from headscribe.mapping.pair_table import ScoredList, pair_table
from headscribe.mapping.parts.readout import Readouts
from headscribe.mapping.parts.sources import SourceSpread
from headscribe.mapping.parts.spread import Spread
from headscribe.mapping.salience import value_heads
from headscribe.mapping.scratch import Scratch
from headscribe.mapping.source_view import View, source_vectors, view_of_layer, vocabulary_rows
from headscribe.operations import Operation, k_for, single_token_pairs, valid

if TYPE_CHECKING:
    from headscribe.mapping.checkpoint import Checkpoint

STAGE = "score"
"""Name of the stage in progress reports; its steps are heads."""


def score_heads(
    checkpoint: Checkpoint,
    settings: MapSettings,
    operations: Sequence[Operation],
    heads: Sequence[Head],
    progress: Progress | None = None,
) -> tuple[list[OperationScore], list[SkippedOperation]]:
    """Scores and suppression scores of heads for operations.

    A pair is a hit if fewer than k entries of the row M[source] come before its target's, by value and, where
    equal, by ascending id. Pairs that a list repeats count as often as they stand there.

    Args:
        checkpoint: an open checkpoint.
        settings: source view, padded rows, k and arithmetic.
        operations: any operations; those with fewer than 30 single-token pairs are skipped.
        heads: any heads of the model; repeats are dropped.
        progress: told once per head; None for nobody.

    Returns:
        The scores, by head in model order and within a head in the order of ``operations``; the skipped
        operations.

    Raises:
        BadOption: the device cannot be used, or k exceeds the vocabulary.
        DamagedCheckpoint: a tensor cannot be read.
    """
    lists, skipped = scored_lists(checkpoint, settings, operations)
    return score_pairs(checkpoint, settings, lists, heads, progress or Silent()), skipped


def scored_lists(
    checkpoint: Checkpoint, settings: MapSettings, operations: Sequence[Operation]
) -> tuple[list[ScoredList], list[SkippedOperation]]:
    """The operations with their single-token pairs as ids and their k, and those with too few pairs.

    Raises:
        BadOption: k exceeds the vocabulary.
    """
    n_targets = vocabulary_rows(checkpoint, settings).n_kept
    lists: list[ScoredList] = []
    skipped: list[SkippedOperation] = []
    for operation in operations:
        pairs = single_token_pairs(operation, checkpoint.vocabulary.word_id)
        if valid(len(pairs)):
            lists.append((operation, pairs, k_for(operation, n_targets, settings.k)))
        else:
            skipped.append(SkippedOperation(operation.name, operation.category, len(pairs), MIN_PAIRS))
    return lists, skipped


def score_pairs(
    checkpoint: Checkpoint,
    settings: MapSettings,
    lists: Sequence[ScoredList],
    heads: Sequence[Head],
    progress: Progress,
) -> list[OperationScore]:
    """``score_heads`` for pairs that are token ids already, however few."""
    return [score for layer in layer_scores(checkpoint, settings, lists, heads, progress) for score in layer]


def layer_scores(
    checkpoint: Checkpoint,
    settings: MapSettings,
    lists: Sequence[ScoredList],
    heads: Sequence[Head],
    progress: Progress,
) -> Iterator[list[OperationScore]]:
    """``score_pairs`` layer by layer, each given as soon as it is done."""
    heads = sorted(set(heads))
    progress.start(STAGE, len(heads))
    if lists and heads:
        work = partial(LayerScorer, checkpoint, settings, lists)
        arithmetics, norms = choose_arithmetics(settings), settings.folding
        for layer in layer_by_layer(checkpoint, heads, arithmetics, work, norms):
            yield layer
            progress.advance(STAGE, len(layer) // len(lists), note=layer[-1].head.name)
    progress.finish(STAGE)


class LayerScorer:
    """Scores heads layer by layer on one device; keeps U and what all layers share of the pairs.

    Args:
        checkpoint: an open checkpoint.
        settings: source view, padded rows and arithmetic.
        lists: operations with their pairs and k.
        arithmetic: where, and in which dtype; None for what the settings say.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        settings: MapSettings,
        lists: Sequence[ScoredList],
        arithmetic: Arithmetic | None = None,
    ) -> None:
        self._checkpoint, self._settings, self._lists = checkpoint, settings, lists
        self._arithmetic = arithmetic or choose_arithmetic(settings)
        self._table = pair_table(lists, self._arithmetic.device)
        rows, dtype = vocabulary_rows(checkpoint, settings), self._arithmetic.dtype
        self._hits = HitCounter(rows, self._table)
        self._unembedding = checkpoint.unembedding(dtype, self._arithmetic.device)[: rows.stop]
        precise = torch.promote_types(dtype, torch.float32)
        self._lengths = torch.linalg.vector_norm(self._unembedding, dim=1, dtype=precise)
        self._scratch = Scratch(precise, self._arithmetic.device)
        self._vectors: dict[View, Tensor] = {}
        parts = settings.view == "parts"
        self._spread = SourceSpread(checkpoint, settings, self._arithmetic) if parts else None

    @full_precision
    def __call__(self, layer: int, heads: Sequence[int], ov: OV | None = None) -> list[OperationScore]:
        """The scores of some heads of a layer: by head in the order given, then by operation.

        Args:
            layer: a layer of the model.
            heads: query heads of the layer.
            ov: the layer's weights, in this arithmetic; None to read them.
        """
        dtype, device, norms = self._arithmetic.dtype, self._arithmetic.device, self._settings.folding
        ov = ov or self._checkpoint.ov(layer, dtype, device, norms=norms)
        view, read = view_of_layer(self._settings, layer), value_heads(ov, heads)
        used = sorted(set(read))
        values = (self._sources(view) @ ov.w_v[used]).to(self._lengths.dtype)
        spread = self._spread.of(view, ov.w_v[used]) if self._spread else None
        found: list[OperationScore] = []
        each = len(self._unembedding) * values.shape[2] * values.element_size()
        for some in in_groups(range(len(heads)), each):
            w_o = ov.w_o[[heads[place] for place in some]]
            own = [used.index(read[place]) for place in some]
            whole = self._whole(values[own], w_o)
            specific = self._specific(spread.of(own), values[own], w_o) if spread else [None] * len(some)
            for place, hits, of_specific in zip(some, whole, specific, strict=True):
                found += self._scores(Head(layer, heads[place]), hits, of_specific)
        return found

    def _whole(self, values: Tensor, w_o: Tensor) -> list[Hits]:
        """Of some heads, whose columns B are made together."""
        columns = self._room(w_o)
        for block, product in products_by_head(self._unembedding, w_o.transpose(1, 2)):
            columns[:, block] = product
        return list(map(self._hits, values, columns))

    def _specific(self, spread: Spread, values: Tensor, w_o: Tensor) -> list[Hits]:
        """Of the specific part in units of σ (definitions section 8)."""
        readouts = Readouts(w_o, spread.root, self._unembedding.dtype)
        read = readouts.of(self._unembedding, self._lengths, self._room(w_o))
        return list(map(self._hits, spread.whitened(values), read.unit))

    def _room(self, w_o: Tensor) -> Tensor:
        """Memory for what some heads are multiplied with: [heads, stop, d_head]."""
        return self._scratch.tensor("columns", (len(w_o), len(self._unembedding), w_o.shape[1]))

    def _scores(self, head: Head, whole: Hits, specific: Hits | None) -> Iterator[OperationScore]:
        nothing = [[None] * len(self._lists)] * 2
        listed, shuffled = whole.listed.tolist(), whole.shuffled.tolist()
        of_specific = specific.listed.tolist() if specific else nothing
        of_shuffled = specific.shuffled.tolist() if specific else nothing
        for place, (operation, pairs, k) in enumerate(self._lists):
            yield OperationScore(
                head,
                operation.name,
                operation.category,
                hits=listed[0][place],
                suppression_hits=listed[1][place],
                k=k,
                n_pairs=len(pairs),
                specific_hits=of_specific[0][place],
                specific_suppression_hits=of_specific[1][place],
                shuffled_score=shuffled[0][place],
                shuffled_suppression_score=shuffled[1][place],
                specific_shuffled_score=of_shuffled[0][place],
                specific_suppression_shuffled_score=of_shuffled[1][place],
            )

    def _sources(self, view: View) -> Tensor:
        """E' of the pairs' sources: [s, d_model]."""
        if view not in self._vectors:
            self._vectors[view] = source_vectors(
                self._checkpoint, view, self._arithmetic, self._table.sources, self._settings.folding
            )
        return self._vectors[view]
