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
    sums = _Sums()
    for block in torch.split(ids, BLOCK):
        sums.add(values[:, block])
    return sums.spread()


def spread_of_sources(sources: Tensor, usable: Tensor, w_v: Tensor) -> Spread:
    """The spread of x W_V, made in blocks and not kept.

    Args:
        sources: x of every row, [rows, d_model].
        usable: S, [rows] of bool, at least one.
        w_v: [heads, d_model, d_head], of the dtype and on the device of ``sources``.
    """
    sums = _Sums()
    for block in torch.split(usable.nonzero().flatten(), BLOCK):
        sums.add(sources[block] @ w_v)
    return sums.spread()


class _Sums:
    """First and second moments of values, summed in float64 as they come."""

    def __init__(self) -> None:
        self._n, self._eps = 0, 0.0
        self._first: Tensor | float = 0.0
        self._second: Tensor | float = 0.0

    def add(self, values: Tensor) -> None:
        """Take in values [heads, n, d_head]."""
        self._eps = torch.finfo(values.dtype).eps
        values = values.double()
        self._n += values.shape[1]
        self._first = values.sum(1) + self._first
        self._second = torch.bmm(values.transpose(1, 2), values) + self._second

    def spread(self) -> Spread:
        assert isinstance(self._first, Tensor)
        mean = self._first / self._n
        covariance = self._second / self._n - mean[:, :, None] * mean[:, None]
        lengths, axes = torch.linalg.eigh(covariance)
        lengths, axes = lengths.flip(1), axes.flip(2)
        # rounding, of the values and of the subtraction, is no variance
        size = lengths[:, :1] + mean.square().sum(1)[:, None]
        noise = size * mean.shape[1] * max(self._eps**2, torch.finfo(torch.float64).eps)
        varies = lengths > noise
        deviations = torch.where(varies, lengths, 0).sqrt()
        inverse = torch.where(varies, lengths, torch.inf).rsqrt()
        return Spread(mean, axes * deviations[:, None], axes * inverse[:, None], self._n)
