"""How a head's values lie over the usable sources: their mean, and the root of their covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.mapping.by_head import products_by_head
from headscribe.mapping.source_view import BLOCK

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

PANEL = 256
"""Columns of a symmetric product that are multiplied at once."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and covariance of the values a_s over the usable sources, for some value heads.

    Attributes:
        mean: μ, [heads, d_head], float64.
        root: C = root rootᵀ, [heads, d_head, d_head], float64; its columns are principal axes, the longest
            first, and zero where the values do not vary.
        whitening: (a - μ) whitening has the covariance 1 along every axis along which the values vary, and is
            0 along the others: [heads, d_head, d_head], float64.
        n_sources: usable sources that went in.
    """

    mean: Float[Tensor, "heads d_head"]
    root: Float[Tensor, "heads d_head d_head"]
    whitening: Float[Tensor, "heads d_head d_head"]
    n_sources: int

    def of(self, places: Sequence[int]) -> Spread:
        """That of some of the heads, by their places here."""
        some = list(places)
        return Spread(self.mean[some], self.root[some], self.whitening[some], self.n_sources)

    def specific(self, values: Float[Tensor, "heads n d_head"]) -> Float[Tensor, "heads n d_head"]:
        """a - μ: what of values [heads, n, d_head] depends on the source, in their own dtype."""
        return values - self.mean[:, None].to(values.dtype)

    def whitened(self, values: Float[Tensor, "heads n d_head"]) -> Float[Tensor, "heads n d_head"]:
        """ã = (a - μ) whitening of values [heads, n, d_head], in their own dtype.

        ã · (rootᵀ B_t) is the entry D of the specific part, for every source within the span of the usable
        ones; ‖ã‖ is the source's Mahalanobis norm.
        """
        return torch.bmm(self.specific(values), self.whitening.to(values.dtype))

    def read(
        self,
        sources: Float[Tensor, "n d_model"],
        w_v: Float[Tensor, "heads d_model d_head"],
        out: Float[Tensor, "heads n d_head"] | None = None,
    ) -> Float[Tensor, "heads n d_head"]:
        """``whitened`` of the values of sources, without making these.

        Args:
            sources: x, [n, d_model].
            w_v: of the heads, [heads, d_model, d_head], in the dtype of ``sources``.
            out: where to put it; None for new memory.

        Returns:
            [heads, n, d_head], at least float32.
        """
        heads, _, d_head = w_v.shape
        dtype = torch.promote_types(sources.dtype, torch.float32)
        if out is None:
            out = sources.new_empty(heads, len(sources), d_head, dtype=dtype)
        middle = torch.bmm(self.mean[:, None], self.whitening).to(dtype)
        for block, product in products_by_head(sources, torch.bmm(w_v.double(), self.whitening)):
            torch.sub(product, middle, out=out[:, block])
        return out


def spread_of_values(values: Float[Tensor, "heads rows d_head"], usable: Bool[Tensor, " rows"]) -> Spread:
    """The spread of values that are at hand.

    Args:
        values: a, [heads, rows, d_head], float32 or float64.
        usable: S, [rows] of bool, at least one.
    """
    return moments_of(values, usable).spread()


def moments_of(vectors: Float[Tensor, "heads rows d"], usable: Bool[Tensor, " rows"]) -> Moments:
    """The moments of some rows of vectors [heads, rows, d]; ``usable`` says which, [rows] of bool."""
    moments = Moments()
    for block in torch.split(usable.nonzero().flatten(), BLOCK):
        moments.add(vectors[:, block])
    return moments


class Moments:
    """Mean and covariance of vectors, as they come: products of blocks in their dtype, summed in float64."""

    def __init__(self) -> None:
        self._n, self._eps = 0, 0.0
        self._near: Tensor | None = None
        self._first: Tensor | float = 0.0
        # first only what lies below the diagonal, as what lies above is the same
        self._second: Tensor | None = None
        self._mirrored = False

    def add(self, vectors: Float[Tensor, "heads n d"]) -> None:
        """Take in vectors, for some heads: [heads, n, d]."""
        self._eps = torch.finfo(vectors.dtype).eps
        vectors = vectors.to(torch.promote_types(vectors.dtype, torch.float32))
        if self._near is None:  # close to the mean, so that little is lost when it is taken out
            self._near = vectors.mean(1, keepdim=True)
        vectors = vectors - self._near
        self._n += vectors.shape[1]
        self._first = vectors.sum(1, dtype=torch.float64) + self._first
        if self._second is None:
            heads, _, d = vectors.shape
            self._second = vectors.new_zeros(heads, d, d, dtype=torch.float64)
        self._mirrored = False
        for start in range(0, vectors.shape[2], PANEL):
            panel = vectors[:, :, start : start + PANEL]
            below = torch.bmm(vectors[:, :, start:].transpose(1, 2), panel)
            self._second[:, start:, start : start + PANEL] += below

    def spread(self) -> Spread:
        """The spread of the vectors."""
        near, first, second = self._sums()
        rest = first / self._n
        covariance = second / self._n - rest[:, :, None] * rest[:, None]
        return _spread(near + rest, covariance, self._eps, self._n)

    def spread_through(self, w_v: Float[Tensor, "heads d d_head"]) -> Spread:
        """The spread of the vectors times W_V of several heads, which share them.

        Args:
            w_v: [heads, d, d_head].
        """
        w_v = w_v.double()
        near, first, second = self._sums()
        # [heads, 1, d_head]; nothing of size d x d is made anew
        rest = (first / self._n) @ w_v
        covariance = w_v.transpose(1, 2) @ (second @ w_v) / self._n - rest.transpose(1, 2) @ rest
        return _spread((near @ w_v + rest)[:, 0], covariance, self._eps, self._n)

    def _sums(self) -> tuple[Tensor, Tensor, Tensor]:
        """Where sums are counted from, and the sums: [heads, d], [heads, d] and [heads, d, d], float64."""
        assert self._near is not None
        assert isinstance(self._first, Tensor)
        assert self._second is not None
        if not self._mirrored:
            self._second.tril_()
            self._second += self._second.tril(-1).transpose(1, 2)
            self._mirrored = True
        return self._near[:, 0].double(), self._first, self._second


def _spread(mean: Tensor, covariance: Tensor, eps: float, n_sources: int) -> Spread:
    lengths, axes = torch.linalg.eigh(covariance)
    lengths, axes = lengths.flip(1), axes.flip(2)
    # rounding, of the values and of the subtraction, is no variance
    size = lengths[:, :1] + mean.square().sum(1)[:, None]
    noise = size * mean.shape[1] * max(eps**2, torch.finfo(torch.float64).eps)
    varies = lengths > noise
    deviations = torch.where(varies, lengths, 0).sqrt()
    inverse = torch.where(varies, lengths, torch.inf).rsqrt()
    return Spread(mean, axes * deviations[:, None], axes * inverse[:, None], n_sources)
