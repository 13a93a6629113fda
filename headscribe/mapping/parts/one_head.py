"""One head taken apart by itself, for questions about it: its exact sharpest pairs, and tokens put to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from headscribe.core.errors import BadOption
from headscribe.core.heads import Head
from headscribe.core.parts import ConstantPart, SharpPair, TokenInParts
from headscribe.core.settings import MapSettings
from headscribe.mapping.devices import Arithmetic, choose_arithmetic, full_precision
from headscribe.mapping.largest_entries import largest_entries
from headscribe.mapping.parts.constant import ConstantParts, constant_parts
from headscribe.mapping.parts.head import HeadFactors
from headscribe.mapping.parts.readout import Readouts
from headscribe.mapping.parts.spread import Moments, moments_of
from headscribe.mapping.parts.tokens import PartTokens, part_tokens
from headscribe.mapping.parts.words import PartWords
from headscribe.mapping.probe import check_head, check_tokens
from headscribe.mapping.salience import value_heads
from headscribe.mapping.source_view import (
    SourceTable,
    VocabularyRows,
    source_table,
    view_of_layer,
    vocabulary_rows,
)
from headscribe.mapping.texts import TokenTexts

if TYPE_CHECKING:
    from headscribe.mapping.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class ViewSources:
    """What all heads that read one source view share: their sources, which are usable, how they spread."""

    table: SourceTable
    tokens: PartTokens
    moments: Moments


class OneHead:
    """A head's factors, held for as many questions as wanted.

    Args:
        checkpoint: an open checkpoint.
        settings: source view, norms, padded rows and arithmetic; the sizes in it are not used.
        head: a head of the model.
        shared: the ``shared`` of another head whose layer has the same source view.

    Attributes:
        shared: what other heads of the source view can be opened with, at a fraction of the work.

    Raises:
        BadOption: the device cannot be used, the model has no such head, or hardly any token is usable.
    """

    @full_precision
    def __init__(
        self, checkpoint: Checkpoint, settings: MapSettings, head: Head, shared: ViewSources | None = None
    ) -> None:
        check_head(checkpoint.facts, head)
        arithmetic = choose_arithmetic(settings)
        self._rows = rows = vocabulary_rows(checkpoint, settings)
        dtype, device, norms = arithmetic.dtype, arithmetic.device, settings.folding
        self.shared = shared or _view_sources(checkpoint, settings, head.layer, arithmetic, rows)
        self._table, self._tokens = self.shared.table, self.shared.tokens
        self._unembedding = checkpoint.unembedding(dtype, device)[: rows.stop]
        self._ov, self._head = checkpoint.ov(head.layer, dtype, device, norms=norms), head.head
        (own,) = value_heads(self._ov, [head.head])
        w_v = self._ov.w_v[[own]]
        self._spread = self.shared.moments.spread_through(w_v)
        w_o = self._ov.w_o[head.head : head.head + 1]
        read = Readouts(w_o, self._spread.root, dtype).of(self._unembedding)
        self._factors = HeadFactors(self._spread.read(self._table.vectors, w_v)[0], read.of(0), self._tokens)
        self._texts = TokenTexts(checkpoint)
        self._words = PartWords(self._texts)

    @full_precision
    def sharpest_pairs(self, top: int = 100, *, suppressed: bool = False) -> list[SharpPair]:
        """The largest (smallest) entries of Z over usable sources and targets, exact, most extreme first.

        Equal entries go by ascending source id, then target id.
        """
        sign = -1 if suppressed else 1
        ids = self._tokens.usable.nonzero().flatten()
        factors = self._factors
        found = largest_entries(sign * factors.whitened[ids], factors.unit[ids], top)
        targets = ids[found.columns]
        logits = found.values * factors.deviations[targets]
        columns = (ids[found.rows], targets, 0 + sign * found.values, 0 + sign * logits)
        sources, written, strengths, logits_ = (column.tolist() for column in columns)
        return [
            SharpPair(*pair)
            for pair in zip(
                self._texts.tokens(sources), self._texts.tokens(written), strengths, logits_, strict=True
            )
        ]

    @full_precision
    def constant(self, k: int = 5) -> ConstantPart:
        """What the head does whatever the source, with k targets at each end."""
        return self._words.constant(self._constant(k), 0, None, flat=self._factors.flat, exact=True)

    @full_precision
    def probe(self, token_ids: Sequence[int], *, reverse: bool = False, top: int = 5) -> list[TokenInParts]:
        """What the head does with tokens because of them; lists hold usable tokens.

        Args:
            token_ids: sources or, in reverse, targets; any tokens that take part.
            reverse: give the sources that move these targets most.
            top: tokens wanted at each end.

        Raises:
            BadOption: a token takes no part, or its source vector is zero.
        """
        check_tokens(token_ids, self._rows)
        for id in () if reverse else token_ids:
            if not self._table.norms[id]:
                raise BadOption(f"the vector of token {id} is zero", do="Probe with another token")
        if not token_ids:
            return []
        factors, usable = self._factors, self._tokens.usable
        ids = torch.tensor(list(token_ids), dtype=torch.long, device=usable.device)
        deviations, acting = factors.deviations, factors.deviations if reverse else factors.acting
        left, right = factors.whitened, factors.unit
        if reverse:
            left, right = right, left
        ends = factors.ends(left[ids] @ right.T, top)
        up, down = (
            deviations[ids][:, None].expand_as(end) if reverse else deviations[end]
            for end in (ends.promoted_ids, ends.suppressed_ids)
        )
        below = (acting[usable] < acting[ids][:, None]).double().mean(1)
        always = self._constant(1).strengths[0, ids].tolist() if reverse else [None] * len(ids)
        columns = [ends.promoted_ids, ends.promoted, ends.promoted * up]
        columns += [ends.suppressed_ids, ends.suppressed, ends.suppressed * down]
        rows = zip(*(column.tolist() for column in columns), strict=True)
        measured = zip(acting[ids].tolist(), below.tolist(), always, strict=True)
        return [
            TokenInParts(
                token=self._texts.tokens([id])[0],
                acting=strength,
                percentile=share,
                promoted=self._texts.tokens(row[0]),
                strengths=tuple(row[1]),
                logits=tuple(row[2]),
                suppressed=self._texts.tokens(row[3]),
                suppressed_strengths=tuple(row[4]),
                suppressed_logits=tuple(row[5]),
                always=constant,
            )
            for id, row, (strength, share, constant) in zip(token_ids, rows, measured, strict=True)
        ]

    @full_precision
    def pairs(self, pairs: Sequence[tuple[int, int]], k: int) -> list[tuple[float, bool, bool]]:
        """Of pairs of source and target: the strength in σ, and whether the target is at an end of its row.

        The ends are the k largest and the k smallest entries of the source's row of Z, over usable targets.

        Args:
            pairs: ids of sources and targets that take part.
            k: targets that count at each end.
        """
        factors = self._factors
        ids = torch.tensor(pairs, dtype=torch.long, device=self._tokens.usable.device).view(-1, 2)
        strengths = (factors.whitened[ids[:, 0]] * factors.unit[ids[:, 1]]).sum(1)
        rows = (factors.whitened[ids[:, 0]] @ factors.unit.T)[:, self._tokens.usable]
        # a margin for rounding: the target itself stands in the row, and does not count against itself
        margin = 1e-6 * rows.abs().amax(1, keepdim=True)
        promoted, suppressed = (
            ((sign * (rows - strengths[:, None])) > margin).sum(1) < k for sign in (1, -1)
        )
        return list(zip(strengths.tolist(), promoted.tolist(), suppressed.tolist(), strict=True))

    def usable_ids(self) -> list[int]:
        """The usable tokens, by ascending id."""
        ids: list[int] = self._tokens.usable.nonzero().flatten().tolist()
        return ids

    def always(self, targets: Sequence[int]) -> list[float]:
        """Entries of the constant part, in standard deviations over the usable targets."""
        entries: list[float] = self._constant(1).strengths[0, list(targets)].tolist()
        return entries

    @property
    def n_bytes(self) -> int:
        """Memory that the head alone takes."""
        return self._factors.whitened.nbytes + self._factors.unit.nbytes

    def _constant(self, k: int) -> ConstantParts:
        return constant_parts(self._spread, self._ov, [self._head], self._unembedding, self._tokens, k)


def _view_sources(
    checkpoint: Checkpoint, settings: MapSettings, layer: int, arithmetic: Arithmetic, rows: VocabularyRows
) -> ViewSources:
    view = view_of_layer(settings, layer)
    table = source_table(checkpoint, view, arithmetic, rows, settings.folding)
    tokens = part_tokens(checkpoint, settings, rows, arithmetic.device).without(~table.usable)
    return ViewSources(table, tokens, moments_of(table.vectors[None], tokens.usable))
