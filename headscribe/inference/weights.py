"""What neurons and heads read from the residual stream and write to it, as the field processes weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.inference.blocks import Blocks, matrix

if TYPE_CHECKING:
    from jaxtyping import Float, Int

ROWS = 8192
"""Rows of the unembedding that are turned into float64 together."""


class ResidualWeights:
    """Reading and writing weights of a running model in float32, folded and centred.

    *Folded*: the elementwise weight of a norm in front is multiplied into what reads the residual stream,
    that of a norm behind (Gemma 2 and 3, OLMo-2) into what writes to it; the scale that a norm gives each
    token is left out. *Centred*: where the norms are LayerNorms, which subtract the mean, reading and writing
    weights lose theirs. The unembedding loses its mean over the vocabulary in every family, as softmax does
    not see it. These are TransformerLens's ``fold_ln``, ``center_writing_weights`` and ``center_unembed``.

    Attributes:
        centred: whether reading and writing weights lose their mean; no RMSNorm does that.
    """

    def __init__(self, blocks: Blocks) -> None:
        self._blocks, self._layout = blocks, blocks.layout
        self._shape = blocks.model.shape
        self.centred = isinstance(blocks.final_norm, torch.nn.LayerNorm)

    def read_by_neurons(self, layer: int, neurons: Int[Tensor, " n"]) -> Float[Tensor, "inputs n d_model"]:
        """Input weights: [1, n, d_model], or of a gated MLP those of gate and up: [2, n, d_model].

        Args:
            layer: the neurons' layer.
            neurons: their indices, [n].
        """
        weights = torch.stack(
            [matrix(module)[start + neurons].float() for module, start in self._blocks.rise(layer)]
        )
        return self._centre(self._fold(layer, self._layout.mlp_norm, weights))

    def written_by_neurons(self, layer: int, neurons: Int[Tensor, " n"]) -> Float[Tensor, "n d_model"]:
        """Output weights: [n, d_model]."""
        weights = matrix(self._blocks.part(layer, self._layout.fall))[:, neurons].T.float()
        return self._centre(self._fold(layer, self._layout.behind_mlp, weights))

    def written_by_heads(self, layer: int) -> Float[Tensor, "n_heads d_head d_model"]:
        """W_O of a layer's heads, without bias: [n_heads, d_head, d_model]."""
        weights = matrix(self._blocks.part(layer, self._layout.output)).T.float()
        weights = weights.reshape(self._shape.n_heads, self._shape.d_head, -1)
        return self._centre(self._fold(layer, self._layout.behind_attention, weights))

    def constant_z(self, layer: int) -> Float[Tensor, "n_heads d_head"]:
        """The part of each head's z that is the same on every prompt: [n_heads, d_head].

        As attention sums to one, the value bias, and what the values make of the norm's bias, reach every
        position whole. TransformerLens moves them into the output bias (``fold_value_biases``).
        """
        shape, layout = self._shape, self._layout
        module = self._blocks.part(layer, layout.value)
        norm = self._blocks.part(layer, layout.attention_norm) if layout.attention_norm else None
        values = torch.zeros(len(matrix(module)), device=module.weight.device)
        if (read := getattr(norm, "bias", None)) is not None:
            values = values + matrix(module).float() @ read.detach().float()
        if module.bias is not None:
            values = values + module.bias.detach().float()
        if layout.interleaved:
            values = values.view(shape.n_heads, 3, shape.d_head)[:, 2].flatten()
        values = values[-shape.n_kv_heads * shape.d_head :].view(shape.n_kv_heads, shape.d_head)
        return values.repeat_interleave(shape.n_heads // shape.n_kv_heads, dim=0)

    def unembedding_mean(self) -> Float[Tensor, " d_model"]:
        """The mean of all rows of U^T, padded ones included, folded: [d_model]."""
        table = self._unembedding()
        total = torch.zeros(table.shape[1], dtype=torch.float64, device=table.device)
        for first in range(0, len(table), ROWS):
            total += table[first : first + ROWS].double().sum(0)
        return (total / len(table)).float() * self._norm_weight(self._blocks.final_norm)

    def unembedding(
        self, ids: Int[Tensor, " n"], mean: Float[Tensor, " d_model"]
    ) -> Float[Tensor, "n d_model"]:
        """U[:, ids], one row per token: [n, d_model].

        Args:
            ids: token ids, [n].
            mean: of all rows, from ``unembedding_mean``.
        """
        rows = self._unembedding()[ids].float() * self._norm_weight(self._blocks.final_norm)
        return self._centre(rows - mean)

    def _unembedding(self) -> Tensor:
        table: Tensor = self._blocks.model.network.get_output_embeddings().weight.detach()
        return table

    def _fold(self, layer: int, norm: str | None, weights: Tensor) -> Tensor:
        return weights if norm is None else weights * self._norm_weight(self._blocks.part(layer, norm))

    def _norm_weight(self, norm: torch.nn.Module) -> Tensor:
        weight: Tensor = norm.weight.detach()  # type: ignore[operator]
        return weight.float() + self._layout.offset

    def _centre(self, weights: Tensor) -> Tensor:
        return weights - weights.mean(-1, keepdim=True) if self.centred else weights
