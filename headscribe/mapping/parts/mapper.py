"""All heads of a layer taken apart, with what they share computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.core.heads import Head
from headscribe.core.parts import TakenApart
from headscribe.core.settings import MapSettings
from headscribe.mapping.by_head import in_groups
from headscribe.mapping.devices import Arithmetic, choose_arithmetic, full_precision
from headscribe.mapping.facts import OV
from headscribe.mapping.parts.agreement import agreement
from headscribe.mapping.parts.constant import constant_parts
from headscribe.mapping.parts.gram import MOST, evenly_spread
from headscribe.mapping.parts.head import HeadFactors
from headscribe.mapping.parts.readout import Readouts
from headscribe.mapping.parts.roles import SAMPLE, shares_of_random_heads
from headscribe.mapping.parts.spread import Moments, Spread, moments_of
from headscribe.mapping.parts.tokens import PartTokens, part_tokens
from headscribe.mapping.parts.words import PartWords
from headscribe.mapping.salience import value_heads
from headscribe.mapping.scratch import Scratch
from headscribe.mapping.source_view import SourceTable, View, ViewTable, vocabulary_rows
from headscribe.mapping.texts import TokenTexts

if TYPE_CHECKING:
    from headscribe.mapping.checkpoint import Checkpoint

TARGETS = 6
"""Targets of a row at least: fewer leave a rule open."""


class PartsMapper:
    """Takes heads apart layer by layer on one device; keeps U and the sources of the current view.

    Args:
        checkpoint: an open checkpoint.
        settings: what to compute.
        arithmetic: where, and in which dtype; None for what the settings say.

    Raises:
        BadOption: hardly any token is usable.
    """

    def __init__(
        self, checkpoint: Checkpoint, settings: MapSettings, arithmetic: Arithmetic | None = None
    ) -> None:
        self._checkpoint, self._settings = checkpoint, settings
        self._arithmetic = arithmetic or choose_arithmetic(settings)
        rows = vocabulary_rows(checkpoint, settings)
        self._table = ViewTable(checkpoint, settings, self._arithmetic, rows)
        dtype, device = self._arithmetic.dtype, self._arithmetic.device
        self._unembedding = checkpoint.unembedding(dtype, device)[: rows.stop]
        precise = torch.promote_types(dtype, torch.float32)
        self._lengths = torch.linalg.vector_norm(self._unembedding, dim=1, dtype=precise)
        self._scratch = Scratch(precise, device)
        self._tokens = part_tokens(checkpoint, settings, rows, device)
        self._families = self._tokens.families.tolist()
        weights = self._tokens.usable.to(dtype) / max(1, int(self._tokens.usable.sum()))
        self._mean = weights @ self._unembedding
        self._shares: dict[View, Tensor] = {}
        self._moments: dict[View, Moments] = {}
        self._words = PartWords(TokenTexts(checkpoint))

    @property
    def zero_dropped(self) -> dict[View, int]:
        """For each source view in use so far, how many rows have a source vector of zero."""
        return self._table.zero_dropped

    @full_precision
    def __call__(self, layer: int, heads: Sequence[int], ov: OV | None = None) -> list[TakenApart]:
        """Some heads of a layer, in the order given.

        Args:
            layer: a layer of the model. Layers of one source view should follow each other.
            heads: query heads of the layer.
            ov: the layer's weights, in this arithmetic; None to read them.
        """
        dtype, device = self._arithmetic.dtype, self._arithmetic.device
        ov = ov or self._checkpoint.ov(layer, dtype, device, norms=self._settings.folding)
        table = self._table.of_layer(layer)
        tokens = self._tokens.without(~table.usable)
        work = _Layer(layer, ov, tokens, self._chance(table, tokens, ov.w_v.shape[2]))
        found: dict[int, TakenApart] = {}
        read = dict(zip(heads, value_heads(ov, heads), strict=True))
        moments = self._moments_of(table, tokens)
        each = len(self._unembedding) * ov.w_v.shape[2] * self._lengths.element_size()
        for group in in_groups(sorted(set(read.values())), each):
            spread = moments.spread_through(ov.w_v[group])
            room = self._scratch.tensor("values", (len(group), len(table.vectors), ov.w_v.shape[2]))
            whitened = spread.read(table.vectors, ov.w_v[group], room)
            for some in in_groups([head for head in heads if read[head] in group], each):
                places = [group.index(read[head]) for head in some]
                found |= self._take_apart(work, some, whitened, spread.of(places), places)
        return [found[head] for head in heads]

    def _take_apart(
        self, work: _Layer, heads: list[int], whitened: Tensor, spread: Spread, places: list[int]
    ) -> dict[int, TakenApart]:
        """Heads whose readouts are made together; ``places`` are those of their values in ``whitened``."""
        settings, k = self._settings, max(self._settings.targets, TARGETS)
        w_o = work.ov.w_o[heads]
        room = self._scratch.tensor("readouts", (len(heads), len(self._unembedding), w_o.shape[1]))
        readouts = Readouts(w_o, spread.root, self._unembedding.dtype)
        read = readouts.of(self._unembedding, self._lengths, room)
        constants = constant_parts(spread, work.ov, heads, self._unembedding, work.tokens, k)
        found = {}
        for place, head in enumerate(heads):
            factors = HeadFactors(whitened[places[place]], read.of(place), work.tokens)
            roles = self._words.roles(factors.roles(work.chance, k))
            root = spread.root[place]
            acted_on = factors.most_salient(settings.salient)
            sharp, row_classes = factors.sharpest(settings.salient)
            rows = factors.rows(torch.cat([acted_on, sharp.ids]), k)
            salient, sharpest = rows.split(len(acted_on))
            ids, targets = sharp.ids.tolist(), sharpest.ends.promoted_ids.tolist()
            agreed = agreement(self._unembedding, self._mean, ids, targets, self._families)
            constant = self._words.constant(constants, place, agreed, flat=factors.flat, exact=sharp.exact)
            mappings = (
                *self._words.rows(factors, root, salient, "salient"),
                *self._words.rows(factors, root, sharpest, "sharpest", sharp.members, row_classes),
            )
            found[head] = TakenApart(Head(work.layer, head), mappings, constant, roles)
        return found

    def _moments_of(self, table: SourceTable, tokens: PartTokens) -> Moments:
        """The moments of the usable sources, which all heads that read this table share."""
        if table.view not in self._moments:
            self._moments[table.view] = moments_of(table.vectors[None], tokens.usable)
        return self._moments[table.view]

    def _chance(self, table: SourceTable, tokens: PartTokens, d_head: int) -> Tensor:
        """Shares of the directions of random heads that read this table."""
        if table.view not in self._shares:
            precise = torch.promote_types(self._arithmetic.dtype, torch.float32)
            sources = table.vectors[evenly_spread(tokens.usable, SAMPLE)].to(precise)
            targets = self._unembedding[evenly_spread(tokens.usable, MOST)].to(precise)
            moments = self._moments_of(table, tokens)
            found = shares_of_random_heads(sources, moments, targets, d_head, self._settings.seed)
            self._shares[table.view] = found
        return self._shares[table.view]


@dataclass(frozen=True, slots=True)
class _Layer:
    """What the heads of a layer share."""

    layer: int
    ov: OV
    tokens: PartTokens
    chance: Tensor
