"""E', what a layer's heads are taken to read of each vocabulary row: the rule, and the vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from headscribe.core.settings import MapSettings, Norms
from headscribe.mapping.devices import Arithmetic

if TYPE_CHECKING:
    from headscribe.mapping.checkpoint import Checkpoint
    from headscribe.mapping.families.family import TensorMap

View = Literal["raw", "first-mlp", "residual"]

BLOCK = 2048
"""Vocabulary rows worked on at once: few enough that what a block makes stays in the processor's cache."""


def view_of_layer(settings: MapSettings, layer: int) -> View:
    """The source view of a layer (definitions sections 1 and 8; MAPS section 4.1 and its appendix).

    ``auto`` reads the embedding in layer 0, in front of the first MLP. Later layers read that MLP's output,
    as in the paper, or with the view ``parts`` the residual stream, which holds both.
    """
    if settings.source_view != "auto":
        return settings.source_view
    if layer == 0:
        return "raw"
    return "first-mlp" if settings.view == "paper" else "residual"


@dataclass(frozen=True, slots=True)
class VocabularyRows:
    """Which rows of E and U take part, as sources and as targets.

    Attributes:
        stop: rows from here on take no part.
        holes: ids below ``stop`` that take no part either; hardly any model has some.
        dropped: rows that take no part, in all.
    """

    stop: int
    holes: tuple[int, ...]
    dropped: int

    @property
    def n_kept(self) -> int:
        """Rows that take part."""
        return self.stop - len(self.holes)


def token_ids(checkpoint: Checkpoint) -> list[int]:
    """Ids of the rows that belong to a token of the tokenizer, in order."""
    padded = set(checkpoint.vocabulary.padded)
    return [id for id in range(checkpoint.facts.vocab_size) if id not in padded]


def vocabulary_rows(checkpoint: Checkpoint, settings: MapSettings) -> VocabularyRows:
    """All rows, or with ``padded_rows="drop"`` those that belong to a token of the tokenizer."""
    size = checkpoint.facts.vocab_size
    if settings.padded_rows == "keep":
        return VocabularyRows(size, (), 0)
    padded = set(checkpoint.vocabulary.padded)
    stop = size
    while stop - 1 in padded:
        stop -= 1
    return VocabularyRows(stop, tuple(id for id in sorted(padded) if id < stop), len(padded))


def source_vectors(
    checkpoint: Checkpoint, view: View, arithmetic: Arithmetic, rows: Tensor | slice, norms: Norms = "leave"
) -> Tensor:
    """E' of some vocabulary rows, or what the norm in front of attention makes of it: [n, d_model].

    Args:
        view: ``raw`` gives rows of E, ``first-mlp`` MLP_0(norm_0(E)) without residual, ``residual``
            E + MLP_0(norm_0(E)).
        arithmetic: dtype and device of the result.
        rows: ids [n] on any device, or a slice of the vocabulary.
        norms: with ``fold`` the vectors have passed ``Checkpoint.head_norm``; its weight is in W_V then.
    """
    if view == "raw" and norms == "leave":
        if isinstance(rows, slice):  # the table itself, which a tied unembedding shares
            return checkpoint.embedding(arithmetic.dtype, arithmetic.device)[rows]
        return checkpoint.embedding_rows(rows, arithmetic.dtype, arithmetic.device)
    read_by_heads = _read_by_heads(checkpoint, view, arithmetic, norms)
    facts = checkpoint.facts
    ids = rows if isinstance(rows, Tensor) else range(facts.vocab_size)[rows]
    out = torch.empty(len(ids), facts.d_model, dtype=arithmetic.dtype, device=arithmetic.device)
    for start in range(0, len(ids), BLOCK):
        # E goes by in blocks, so that it and E' are never in memory together
        block = ids[start : start + BLOCK]
        chosen = block if isinstance(block, Tensor) else slice(block.start, block.stop, block.step)
        part = checkpoint.embedding_rows(chosen, arithmetic.dtype, arithmetic.device)
        out[start : start + BLOCK] = read_by_heads(part)
    return out


def _read_by_heads(checkpoint: Checkpoint, view: View, arithmetic: Arithmetic, norms: Norms) -> TensorMap:
    """The function from rows of E to what heads are taken to read: [n, d_model] -> [n, d_model]."""
    views = {"raw": _on_input, "first-mlp": _through_first_mlp, "residual": _behind_block_0}
    seen = views[view](checkpoint, arithmetic)
    if norms == "leave":
        return seen
    norm = checkpoint.head_norm()
    return lambda rows: norm(seen(rows))


def _on_input(checkpoint: Checkpoint, _: Arithmetic) -> TensorMap:
    scale = checkpoint.facts.embedding_scale
    return lambda rows: rows * scale


def _through_first_mlp(checkpoint: Checkpoint, arithmetic: Arithmetic) -> TensorMap:
    return checkpoint.first_mlp(arithmetic.dtype, arithmetic.device)


def _behind_block_0(checkpoint: Checkpoint, arithmetic: Arithmetic) -> TensorMap:
    return checkpoint.residual(arithmetic.dtype, arithmetic.device)


@dataclass(frozen=True, slots=True)
class SourceTable:
    """E' of the whole vocabulary, with what every head of its layers needs of it.

    Attributes:
        view: which view it is.
        vectors: [rows, d_model], up to the last row that takes part; normalised where norms are folded.
        norms: ‖e'‖ of each row of ``vectors``, [rows].
        usable: rows that take part and are not zero, [rows] of bool; only they have a saliency.
        zero_rows: ids of rows that take part and whose vector is zero.
    """

    view: View
    vectors: Tensor
    norms: Tensor
    usable: Tensor
    zero_rows: tuple[int, ...]

    @property
    def n_usable(self) -> int:
        """Rows that have a saliency."""
        return int(self.usable.sum())


def source_table(
    checkpoint: Checkpoint, view: View, arithmetic: Arithmetic, rows: VocabularyRows, norms: Norms = "leave"
) -> SourceTable:
    """``source_vectors`` of every row that takes part, computed once for all layers of the view."""
    vectors = source_vectors(checkpoint, view, arithmetic, slice(0, rows.stop), norms)
    lengths = torch.cat(
        [
            torch.linalg.vector_norm(part, dim=1, dtype=arithmetic.norm_dtype)
            for part in torch.split(vectors, BLOCK)
        ]
    )
    kept = torch.ones(rows.stop, dtype=torch.bool, device=arithmetic.device)
    kept[list(rows.holes)] = False
    zero = kept & (lengths == 0)
    zero_rows = tuple(int(id) for id in zero.nonzero().flatten().tolist())
    return SourceTable(view, vectors, lengths, kept & ~zero, zero_rows)


class ViewTable:
    """The source table of the view that was last asked for; layers go up, so one is enough.

    Args:
        settings: source view and norms.
        arithmetic: dtype and device of the table.
        rows: the rows that take part.

    Attributes:
        zero_dropped: for each source view in use so far, how many rows have a source vector of zero.
    """

    def __init__(
        self, checkpoint: Checkpoint, settings: MapSettings, arithmetic: Arithmetic, rows: VocabularyRows
    ) -> None:
        self._checkpoint, self._settings = checkpoint, settings
        self._arithmetic, self._rows = arithmetic, rows
        self._table: SourceTable | None = None
        self.zero_dropped: dict[View, int] = {}

    def of_layer(self, layer: int) -> SourceTable:
        """The table in the view of a layer. Layers of one source view should follow each other."""
        view = view_of_layer(self._settings, layer)
        if self._table is None or self._table.view != view:
            self._table = None  # a view once left is not needed again
            norms = self._settings.folding
            self._table = source_table(self._checkpoint, view, self._arithmetic, self._rows, norms)
            self.zero_dropped[view] = len(self._table.zero_rows)
        return self._table
