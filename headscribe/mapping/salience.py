"""Saliency of every vocabulary row for the heads of a layer (definitions section 3; MAPS section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.mapping.devices import rows_at_once
from headscribe.mapping.facts import OV
from headscribe.mapping.ranking import top_k
from headscribe.mapping.source_view import BLOCK, SourceTable

if TYPE_CHECKING:
    from jaxtyping import Float, Int


def value_head(head: int, n_heads: int, n_kv_heads: int) -> int:
    """The value head that a query head reads: h // (H / H_kv)."""
    return head // (n_heads // n_kv_heads)


def value_heads(ov: OV, heads: Sequence[int]) -> list[int]:
    """The value head of each of these query heads."""
    return [value_head(head, len(ov.w_o), len(ov.w_v)) for head in heads]


def output_triangles(w_o: Float[Tensor, "heads d_head d_model"]) -> Float[Tensor, "heads d_head r"]:
    """R^T with ‖y W_O‖ = ‖y R^T‖ for every y: [heads, d_head, min(d_head, d_model)].

    W_O^T = Q R, and Q's columns are orthonormal, so it drops out of the norm: a row of d_head numbers stands
    for one of d_model. Factored in float64, as rounding here would reach every token.
    """
    _, d_head, d_model = w_o.shape
    if w_o.dtype == torch.float64 or d_head > d_model:
        r: Tensor = torch.linalg.qr(w_o.double().transpose(1, 2), mode="r").R
        return r.transpose(1, 2)
    # W_O W_O^T = R^T R, whose root is found ten times faster at d_model 8192. It has half of float64's
    # digits, still more than float32. Head by head, as a float64 copy of all heads would be large
    squares = torch.stack([one.double() @ one.double().T for one in w_o])
    lower: Tensor
    lower, failed = torch.linalg.cholesky_ex(squares)
    if bool(failed.any()):  # a W_O without full rank: any root of its square serves
        values, vectors = torch.linalg.eigh(squares[failed > 0])
        lower[failed > 0] = vectors * values.clamp_min(0).sqrt()[:, None]
    return lower


def saliency(
    sources: SourceTable, ov: OV, heads: Sequence[int], block: int | None = None
) -> Float[Tensor, "heads rows"]:
    """‖e' W_V W_O‖ / ‖e'‖ of every row of the vocabulary: [len(heads), rows].

    Rows that are not usable get -inf, so no ranking can choose them.

    Args:
        sources: E' of the layer.
        ov: the layer's weights, of the dtype and on the device of ``sources``.
        heads: query heads of the layer.
        block: vocabulary rows per product; bounds the memory and does not change the result. None for
            what suits the device.
    """
    rows, device = len(sources.vectors), sources.vectors.device
    # per row: the value of every head, twice while it turns into norms
    per_row = 2 * len(heads) * ov.w_v.shape[2] * ov.w_v.element_size()
    block = block or rows_at_once(device, per_row, BLOCK)
    out = torch.empty(len(heads), rows, dtype=sources.norms.dtype, device=device)
    norms = _SharedValues(ov, heads) if _share_values(ov, heads) else _FoldedValues(ov, heads)
    for start in range(0, rows, block):
        part = slice(start, start + block)
        norms.write(sources.vectors[part], out[:, part])
    out /= sources.norms
    return out.masked_fill_(~sources.usable, -torch.inf)


def most_salient(
    scores: Float[Tensor, "heads rows"], n: int
) -> tuple[Float[Tensor, "heads n"], Int[Tensor, "heads n"]]:
    """The n most salient rows of each head: saliencies and ids, [heads, n]; equal ones by ascending id."""
    return top_k(scores, n)


def _share_values(ov: OV, heads: Sequence[int]) -> bool:
    """Whether some of the heads read one value head (grouped-query attention)."""
    return len(set(value_heads(ov, heads))) < len(heads)


class _FoldedValues:
    """One product with [W_V R^T of every head]; the heads share no value head."""

    def __init__(self, ov: OV, heads: Sequence[int]) -> None:
        folded = ov.w_v[value_heads(ov, heads)].double() @ output_triangles(ov.w_o[list(heads)])
        self._shape = (len(heads), folded.shape[2])
        # [d_model, heads · r], the heads side by side
        self._matrix = folded.transpose(0, 1).flatten(1).to(ov.w_v.dtype)

    def write(self, vectors: Tensor, out: Tensor) -> None:
        """Put ‖e' W_V W_O‖ of [n, d_model] into [heads, n]."""
        product = (vectors @ self._matrix).view(-1, *self._shape)
        out.copy_(torch.linalg.vector_norm(product, dim=2, dtype=out.dtype).T)


class _SharedValues:
    """One product with W_V of the value heads in use, then R^T of the heads that read each of them."""

    def __init__(self, ov: OV, heads: Sequence[int]) -> None:
        read = value_heads(ov, heads)
        used = sorted(set(read))
        # heads in the order given stand in groups: all that read the first value head, and so on
        self._groups = [[place for place, index in enumerate(read) if index == one] for one in used]
        self._shape = (len(used), ov.w_v.shape[2])
        self._matrix = ov.w_v[used].transpose(0, 1).flatten(1)
        triangles = output_triangles(ov.w_o[list(heads)]).to(ov.w_o.dtype)
        # per value head [d_head, its heads · r], side by side
        self._triangles = [triangles[group].transpose(0, 1).flatten(1) for group in self._groups]

    def write(self, vectors: Tensor, out: Tensor) -> None:
        """Put ‖e' W_V W_O‖ of [n, d_model] into [heads, n]."""
        values = (vectors @ self._matrix).view(-1, *self._shape)
        for place, (group, triangle) in enumerate(zip(self._groups, self._triangles, strict=True)):
            product = (values[:, place] @ triangle).view(len(values), len(group), -1)
            out[group] = torch.linalg.vector_norm(product, dim=2, dtype=out.dtype).T
