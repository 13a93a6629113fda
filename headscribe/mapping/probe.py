"""``probe``: what a head maps given tokens to, and what it maps to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.core.errors import BadOption
from headscribe.core.heads import Head
from headscribe.core.records import Mapping
from headscribe.core.settings import MapSettings
from headscribe.mapping.devices import Arithmetic, choose_arithmetic, full_precision
from headscribe.mapping.facts import ModelFacts
from headscribe.mapping.ranking import top_k
from headscribe.mapping.salience import value_head
from headscribe.mapping.source_view import (
    SourceTable,
    VocabularyRows,
    source_table,
    source_vectors,
    view_of_layer,
    vocabulary_rows,
)
from headscribe.mapping.targets import Extremes, extreme_targets
from headscribe.mapping.texts import TokenTexts

if TYPE_CHECKING:
    from headscribe.mapping.checkpoint import Checkpoint


@full_precision
def probe(  # noqa: PLR0913 - what can be asked of a head
    checkpoint: Checkpoint,
    settings: MapSettings,
    head: Head,
    token_ids: Sequence[int],
    *,
    reverse: bool = False,
    top: int = 5,
    per_source_norm: bool = False,
    table: SourceTable | None = None,
) -> list[Mapping]:
    """Put any tokens through one head, in either direction (definitions sections 1 and 3).

    Forward, a token is a *source* s: ``targets`` and ``suppressed`` are the largest and the smallest entries
    of its row M[s], and ``saliency`` is ‖e' W_V W_O‖ / ‖e'‖.

    In reverse, a token is a *target* t: ``targets`` are the sources that promote it most, the largest entries
    of the column M[:, t], and ``suppressed`` those that suppress it most. ``saliency`` is then
    ‖W_V W_O u‖ / ‖u‖, how strongly the head can write along the token's unembedding u. The entries are M's
    own, so they agree with the forward direction; as M is linear in e', sources with long vectors reach
    further. ``per_source_norm`` divides each entry by ‖e'‖, as saliency does: closer to a running model,
    where a norm stands in front of attention.

    Args:
        settings: source view, padded rows and arithmetic; the sizes in it are not used.
        token_ids: the tokens to probe with.
        reverse: ask which sources map to the tokens. Needs E' of the whole vocabulary.
        top: tokens wanted at each end.
        per_source_norm: in reverse only, divide entries by the norm of the source vector.
        table: in reverse only, E' in the view of the head's layer, where somebody has it already.

    Returns:
        One mapping per token in the order given; ``rank`` is its place in this order. Equal entries go by
        ascending id.

    Raises:
        BadOption: the device cannot be used, the model has no such head, a token takes no part, or its vector
            is zero.
    """
    facts, rows = checkpoint.facts, vocabulary_rows(checkpoint, settings)
    check_head(facts, head)
    check_tokens(token_ids, rows)
    if not token_ids:
        return []
    arithmetic = choose_arithmetic(settings)
    probed = _Probe(checkpoint, settings, head, arithmetic, rows, table)
    ids = torch.tensor(list(token_ids), dtype=torch.long, device=arithmetic.device)
    strength, ends = probed.reverse(ids, top, per_source_norm) if reverse else probed.forward(ids, top)
    return TokenTexts(checkpoint).mappings(ids, strength, ends, per_head=len(token_ids))


def check_tokens(token_ids: Sequence[int], rows: VocabularyRows) -> None:
    """See that tokens take part.

    Raises:
        BadOption: one does not.
    """
    for id in token_ids:
        if not 0 <= id < rows.stop or id in rows.holes:
            raise BadOption(f"no token has the id {id}", do="Give a token of the model's vocabulary")


def check_head(facts: ModelFacts, head: Head) -> None:
    """See that a model has a head.

    Raises:
        BadOption: it has not.
    """
    if not (0 <= head.layer < facts.n_layers and 0 <= head.head < facts.n_heads):
        last = Head(facts.n_layers - 1, facts.n_heads - 1).name
        raise BadOption(
            f"the model has no head {head.name}", where="--head", do=f"Its heads are L0H0 to {last}"
        )


class _Probe:
    def __init__(
        self,
        checkpoint: Checkpoint,
        settings: MapSettings,
        head: Head,
        arithmetic: Arithmetic,
        rows: VocabularyRows,
        table: SourceTable | None,
    ) -> None:
        self._norms = settings.folding
        ov = checkpoint.ov(head.layer, arithmetic.dtype, arithmetic.device, norms=self._norms)
        self._w_o = ov.w_o[head.head]
        self._w_v = ov.w_v[value_head(head.head, len(ov.w_o), len(ov.w_v))]
        self._unembedding = checkpoint.unembedding(arithmetic.dtype, arithmetic.device)
        self._checkpoint, self._arithmetic, self._rows = checkpoint, arithmetic, rows
        self._view, self._table = view_of_layer(settings, head.layer), table

    def forward(self, ids: Tensor, top: int) -> tuple[Tensor, Extremes]:
        vectors = source_vectors(self._checkpoint, self._view, self._arithmetic, ids, self._norms)
        values = vectors @ self._w_v
        strength = self._norm(values @ self._w_o) / self._nonzero(self._norm(vectors), ids)
        return strength, extreme_targets(values[None], self._w_o[None], self._unembedding, top, self._rows)

    def reverse(self, ids: Tensor, top: int, per_source_norm: bool) -> tuple[Tensor, Extremes]:
        written = self._unembedding[ids]
        # [n, d_model] -> [n, d_model]: what of a source vector turns into each target
        read = written @ self._w_o.T @ self._w_v.T
        strength = self._norm(read) / self._nonzero(self._norm(written), ids)
        table = self._table or source_table(
            self._checkpoint, self._view, self._arithmetic, self._rows, self._norms
        )
        entries = read @ table.vectors.T
        if per_source_norm:
            entries = entries / table.norms
        k = min(top, table.n_usable)
        promoted = top_k(entries.masked_fill(~table.usable, -torch.inf), k)
        suppressed = top_k(entries.masked_fill(~table.usable, torch.inf), k, largest=False)
        return strength, Extremes(*promoted, *suppressed)

    def _norm(self, vectors: Tensor) -> Tensor:
        norms: Tensor = torch.linalg.vector_norm(vectors, dim=1, dtype=self._arithmetic.norm_dtype)
        return norms

    def _nonzero(self, norms: Tensor, ids: Tensor) -> Tensor:
        if bool((norms == 0).any()):
            id = int(ids[norms == 0][0])
            text = self._checkpoint.vocabulary.text(id)
            raise BadOption(f"the vector of token {id} ({text!r}) is zero", do="Probe with another token")
        return norms
