"""How heads' values spread over the usable sources, from the moments of the source vectors alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.mapping.devices import Arithmetic
from headscribe.mapping.parts.spread import Moments, Spread
from headscribe.mapping.parts.tokens import enough_usable, usable_rows
from headscribe.mapping.source_view import BLOCK, View, source_vectors, vocabulary_rows

if TYPE_CHECKING:
    from jaxtyping import Float

    from headscribe.core.settings import MapSettings
    from headscribe.mapping.checkpoint import Checkpoint


class SourceSpread:
    """The spread of any heads' values, without a table of the vocabulary.

    The covariance C of a view's source vectors serves all its heads: their values have W_V^T C W_V.

    Args:
        settings: source views and norms.
        arithmetic: in which source vectors are computed.
    """

    def __init__(self, checkpoint: Checkpoint, settings: MapSettings, arithmetic: Arithmetic) -> None:
        self._checkpoint, self._settings, self._arithmetic = checkpoint, settings, arithmetic
        self._moments: dict[View, Moments] = {}

    def of(self, view: View, w_v: Float[Tensor, "heads d_model d_head"]) -> Spread:
        """The spread of x W_V over the usable sources, for some value heads.

        Args:
            view: what their layer reads.
            w_v: [heads, d_model, d_head].

        Raises:
            BadOption: fewer than two tokens are usable.
        """
        if view not in self._moments:
            self._moments[view] = self._sum(view)
        return self._moments[view].spread_through(w_v)

    def _sum(self, view: View) -> Moments:
        moments, n_usable = Moments(), 0
        rows = vocabulary_rows(self._checkpoint, self._settings)
        usable = usable_rows(self._checkpoint, self._settings, rows)
        for ids in torch.split(usable.nonzero().flatten(), BLOCK):
            vectors = source_vectors(self._checkpoint, view, self._arithmetic, ids, self._settings.folding)
            vectors = vectors[vectors.any(1)]
            moments.add(vectors[None])
            n_usable += len(vectors)
        enough_usable(n_usable)
        return moments
