"""``doctor --self-check``: whether a model is read as transformers runs it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from headscribe.core.settings import MapSettings
from headscribe.pipeline.doctor.check import Check
from headscribe.pipeline.doctor.source_views import check_source_views
from headscribe.pipeline.map.running import run_checkpoint

if TYPE_CHECKING:
    import torch

    from headscribe.eval.doctor.self_check import Compared, QueryHeads
    from headscribe.mapping.checkpoint import Checkpoint
    from headscribe.mapping.devices import Arithmetic

TOKENS = 8
"""Tokens that are compared, evenly spread over the vocabulary."""

_WHERE = {
    "embedding": "the embedding, or its scale",
    "first MLP": "block 0's MLP, or the norm in front of it",
    "residual stream": "the embedding's scale, or the norm behind block 0's MLP",
    "values": "W_V, its bias, or the norm in front of attention",
    "what is written": "W_O, the norm behind attention, or the final norm",
    "output bias": "b_O, the norm behind attention, or the final norm",
    "logits": "the unembedding",
}


def check_readings(checkpoint: Checkpoint) -> Iterator[Check]:
    """Compare block 0 without attention, every layer, and source views with the running model; a check each.

    The whole model is loaded, in float32.

    Raises:
        HeadscribeError: a tensor cannot be read, or the model cannot be run.
    """
    from headscribe.eval.doctor.self_check import compare_readings
    from headscribe.inference.one_token import OneTokenModel
    from headscribe.mapping.devices import choose_arithmetic, full_precision
    from headscribe.mapping.source_view import token_ids

    arithmetic, facts = choose_arithmetic(MapSettings(dtype="float32")), checkpoint.facts
    tokens = token_ids(checkpoint)
    ids = [tokens[place * len(tokens) // TOKENS] for place in range(TOKENS)]
    model = run_checkpoint(checkpoint, arithmetic)
    ours, theirs = _CheckpointNumbers(checkpoint, arithmetic), OneTokenModel(model)
    with full_precision:
        for compared in compare_readings(ours, theirs, ids, facts.n_layers, arithmetic.device):
            yield Check(f"self-check: {compared.part}", compared.ok, _found(compared, facts.family))
        yield check_source_views(checkpoint, model, arithmetic)


def _found(compared: Compared, family: str) -> str:
    """The errors; of a part that fails what is wrong, and where to look."""
    said = [f"{name} is zero in every entry" for name in compared.zero]
    for difference in compared.differences:
        said.append(f"{difference.quantity} {difference.error:.0e}")
        if not difference.ok:
            of_head = f", most in {difference.head.name}" if difference.head else ""
            where = f"see {_WHERE[difference.quantity]} in headscribe/mapping/families/{family}.py"
            said[-1] += f" away from the running model's{of_head}: {where}"
    return "; ".join(said)


class _CheckpointNumbers:
    """The ``MapNumbers`` of a checkpoint (``eval`` knows nothing of checkpoints)."""

    def __init__(self, checkpoint: Checkpoint, arithmetic: Arithmetic) -> None:
        self._checkpoint, self._arithmetic = checkpoint, arithmetic
        self._place = arithmetic.dtype, arithmetic.device
        self._unembedding = checkpoint.unembedding(*self._place)

    def embedded(self, ids: torch.Tensor) -> torch.Tensor:
        rows = self._checkpoint.embedding_rows(ids, *self._place)
        return rows * self._checkpoint.facts.embedding_scale

    def first_mlp(self, ids: torch.Tensor) -> torch.Tensor:
        from headscribe.mapping.source_view import source_vectors

        return source_vectors(self._checkpoint, "first-mlp", self._arithmetic, ids)

    def residual(self, ids: torch.Tensor) -> torch.Tensor:
        from headscribe.mapping.source_view import source_vectors

        return source_vectors(self._checkpoint, "residual", self._arithmetic, ids)

    def normed(self, stream: torch.Tensor) -> torch.Tensor:
        return self._checkpoint.head_norm()(stream)

    def layer(self, layer: int) -> QueryHeads:
        from headscribe.eval.doctor.self_check import QueryHeads
        from headscribe.mapping.salience import value_heads

        ov = self._checkpoint.ov(layer, *self._place, norms="fold")
        read = value_heads(ov, range(len(ov.w_o)))
        return QueryHeads(ov.w_v[read], ov.w_o, ov.value_bias[read], ov.output_bias)

    def logits(self, written: torch.Tensor) -> torch.Tensor:
        return written @ self._unembedding.T
