"""The map's own numbers beside those of a running model's modules, on inputs of one token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from headscribe.core.heads import Head
from headscribe.inference.one_token import OneTokenModel

if TYPE_CHECKING:
    from jaxtyping import Float, Int

TOLERANCE = 1e-3
"""Relative error from which two readings differ by more than rounding in float32."""

HEADS = 4
"""Heads of a layer whose logits are compared, over the whole vocabulary."""


@dataclass(frozen=True, slots=True)
class QueryHeads:
    """A layer as the map reads it, norms folded in, with the value weights that each query head uses.

    Attributes:
        w_v: [n_heads, d_model, d_head].
        w_o: [n_heads, d_head, d_model].
        value_bias: [n_heads, d_head].
        output_bias: [d_model].
    """

    w_v: Float[Tensor, "n_heads d_model d_head"]
    w_o: Float[Tensor, "n_heads d_head d_model"]
    value_bias: Float[Tensor, "n_heads d_head"]
    output_bias: Float[Tensor, " d_model"]


class MapNumbers(Protocol):
    """What the map takes of a checkpoint; all in one dtype, on the running model's device."""

    def embedded(self, ids: Int[Tensor, " n"]) -> Float[Tensor, "n d_model"]:
        """E as it enters the residual stream: [n] -> [n, d_model]."""

    def first_mlp(self, ids: Int[Tensor, " n"]) -> Float[Tensor, "n d_model"]:
        """MLP_0(norm_0(E)): [n] -> [n, d_model]."""

    def residual(self, ids: Int[Tensor, " n"]) -> Float[Tensor, "n d_model"]:
        """E + MLP_0(norm_0(E)): [n] -> [n, d_model]."""

    def normed(self, stream: Float[Tensor, "n d_model"]) -> Float[Tensor, "n d_model"]:
        """What w_v multiplies of a vector of the residual stream: [n, d_model] -> [n, d_model]."""

    def layer(self, layer: int) -> QueryHeads:
        """The weights of a layer's heads."""

    def logits(self, written: Float[Tensor, "n d_model"]) -> Float[Tensor, "n vocab"]:
        """U's answer to what heads write: [n, d_model] -> [n, vocab]."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two readings of one quantity are apart.

    Attributes:
        quantity: its name.
        error: ‖ours − theirs‖ / ‖theirs‖, the largest over tokens and heads; infinite where it is no number.
        head: where it is largest, None where the quantity belongs to no head.
    """

    quantity: str
    error: float
    head: Head | None = None

    @property
    def ok(self) -> bool:
        """Whether that is rounding."""
        return self.error <= TOLERANCE


@dataclass(frozen=True, slots=True)
class Compared:
    """One part of a model.

    Attributes:
        part: its name, such as ``layer 3``.
        differences: of the quantities that it has.
        zero: weights in it that are zero in every entry.
    """

    part: str
    differences: list[Difference]
    zero: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the map reads it as the model runs it, and it can do something."""
        return not self.zero and all(difference.ok for difference in self.differences)


@torch.inference_mode()
def compare_readings(
    ours: MapNumbers, theirs: OneTokenModel, ids: Sequence[int], n_layers: int, device: torch.device
) -> Iterator[Compared]:
    """Compare the embedding and block 0 without attention, then every layer, each head by itself.

    Every layer is given the vectors of the ``residual`` view, as if it stood behind block 0.

    Args:
        ours: the map's numbers.
        theirs: the running model, of the same dtype.
        ids: some tokens.
        n_layers: layers of the model.
        device: where both compute.
    """
    tokens = torch.tensor(list(ids), device=device)
    stream, embedded = ours.residual(tokens), theirs.embedded(tokens)
    through_mlp, behind = theirs.block_0(embedded)
    yield Compared(
        "block 0 without attention",
        [
            _difference("embedding", ours.embedded(tokens), embedded),
            _difference("first MLP", ours.first_mlp(tokens), through_mlp),
            _difference("residual stream", stream, behind),
        ],
    )
    every_z = theirs.values(stream)
    for layer in range(n_layers):
        yield _layer(ours, theirs, layer, stream, every_z[layer])


def _layer(ours: MapNumbers, theirs: OneTokenModel, layer: int, stream: Tensor, z: Tensor) -> Compared:
    heads = ours.layer(layer)
    # head by head from here on: [n_heads, n, …]
    values = ours.normed(stream) @ heads.w_v + heads.value_bias[:, None]
    written = theirs.written(layer, z).transpose(0, 1)
    z = z.transpose(0, 1)
    some = torch.linspace(0, len(z) - 1, min(HEADS, len(z)), device=z.device).long()
    # [heads · n, d_model] through U
    answers = (
        ours.logits((values[some] @ heads.w_o[some]).flatten(0, 1)),
        theirs.logits(written[some].flatten(0, 1)),
    )
    differences = [
        _difference("values", values, z, layer),
        _difference("what is written", z @ heads.w_o, written, layer),
        _difference("output bias", heads.output_bias, theirs.output_bias(layer)),
        _difference("logits", *answers),
    ]
    zero = [
        f"{name} of {Head(layer, head).name}"
        for name, matrices in (("W_V", heads.w_v), ("W_O", heads.w_o))
        for head in (matrices == 0).flatten(1).all(1).nonzero().flatten().tolist()
    ]
    return Compared(f"layer {layer}", differences, zero)


def _difference(quantity: str, ours: Tensor, theirs: Tensor, layer: int | None = None) -> Difference:
    """The largest error over the vectors in the last dimension; with a layer the first one is its heads."""
    away = torch.linalg.vector_norm(ours - theirs, dim=-1)
    size = torch.linalg.vector_norm(theirs, dim=-1)
    # nothing on both sides is no difference
    errors = torch.where(away == 0, away, away / size).nan_to_num(torch.inf)
    head = None if layer is None else Head(layer, int(errors.amax(1).argmax()))
    return Difference(quantity, errors.max().item(), head)
