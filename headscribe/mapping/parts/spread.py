"""How a head's values lie over the usable sources: their mean, and the root of their covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from headscribe.mapping.source_view import BLOCK


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

    mean: Tensor
    root: Tensor
    whitening: Tensor
    n_sources: int

    def of(self, places: Sequence[int]) -> Spread:
        """That of some of the heads, by their places here."""
        some = list(places)
        return Spread(self.mean[some], self.root[some], self.whitening[some], self.n_sources)

    def specific(self, values: Tensor) -> Tensor:
        """a - μ: what of values [heads, n, d_head] depends on the source, in their own dtype."""
        return values - self.mean[:, None].to(values.dtype)

    def whitened(self, values: Tensor) -> Tensor:
        """ã = (a - μ) whitening of values [heads, n, d_head], in their own dtype.

        ã · (rootᵀ B_t) is the entry D of the specific part, for every source within the span of the usable
        ones; ‖ã‖ is the source's Mahalanobis norm.
        """
        return torch.bmm(self.specific(values), self.whitening.to(values.dtype))


def spread_of_values(values: Tensor, usable: Tensor) -> Spread:
    """The spread of values that are at hand.

    Args:
        values: a, [heads, rows, d_head], float32 or float64.
        usable: S, [rows] of bool, at least one.
    """
    ids = usable.nonzero().flatten()
    moments = Moments()
    for block in torch.split(ids, BLOCK):
        moments.add(values[:, block])
    return moments.spread()


def spread_of_sources(sources: Tensor, usable: Tensor, w_v: Tensor) -> Spread:
    """The spread of x W_V, made in blocks and not kept.

    Args:
        sources: x of every row, [rows, d_model].
        usable: S, [rows] of bool, at least one.
        w_v: [heads, d_model, d_head], of the dtype and on the device of ``sources``.
    """
    moments = Moments()
    for block in torch.split(usable.nonzero().flatten(), BLOCK):
        moments.add(sources[block] @ w_v)
    return moments.spread()


class Moments:
    """Mean and covariance of vectors, summed in float64 as they come."""

    def __init__(self) -> None:
        self._n, self._eps = 0, 0.0
        self._first: Tensor | float = 0.0
        self._second: Tensor | float = 0.0

    def add(self, vectors: Tensor) -> None:
        """Take in vectors, for some heads: [heads, n, d]."""
        self._eps = torch.finfo(vectors.dtype).eps
        vectors = vectors.double()
        self._n += vectors.shape[1]
        self._first = vectors.sum(1) + self._first
        self._second = torch.bmm(vectors.transpose(1, 2), vectors) + self._second

    def spread(self) -> Spread:
        """The spread of the vectors."""
        return _spread(*self._mean_and_covariance(), self._eps, self._n)

    def spread_through(self, w_v: Tensor) -> Spread:
        """The spread of the vectors times W_V of several heads, which share them.

        Args:
            w_v: [heads, d, d_head].
        """
        w_v = w_v.double()
        mean, covariance = self._mean_and_covariance()
        return _spread(
            torch.matmul(mean, w_v)[:, 0], w_v.transpose(1, 2) @ covariance @ w_v, self._eps, self._n
        )

    def _mean_and_covariance(self) -> tuple[Tensor, Tensor]:
        assert isinstance(self._first, Tensor)
        mean = self._first / self._n
        return mean, self._second / self._n - mean[:, :, None] * mean[:, None]


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
