"""The best entries of a product A B^T found so far, each with its exact value, in one defined order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from jaxtyping import Float, Int

CHUNK = 16_384
"""Entries that are summed exactly at once; bounds the memory."""


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries of A B^T, the largest first, equal ones by ascending row, then ascending column.

    Attributes:
        values: [k], each summed in float64 and rounded once to the dtype of the factors.
        rows, columns: where they stand, [k].
        multiplied: entries of A B^T that fast products went through to find them.
    """

    values: Float[Tensor, " k"]
    rows: Int[Tensor, " k"]
    columns: Int[Tensor, " k"]
    multiplied: int = 0


class BestEntries:
    """Keeps the k largest of the entries offered.

    Args:
        a: [n, r], float32 or float64.
        b: [m, r], of the same dtype, on the same device.
        k: entries wanted.
        one_per_row: keep the largest entry of a row alone, so that k rows are ranked by their largest entry.
    """

    def __init__(self, a: Tensor, b: Tensor, k: int, *, one_per_row: bool = False) -> None:
        self.a, self.b, self.k, self.one_per_row = a, b, k, one_per_row
        self._values = a.new_empty(0)
        self._keys = torch.empty(0, dtype=torch.long, device=a.device)
        self.threshold = -math.inf
        """The k-th largest value is known to be at least this; smaller ones need not be offered."""

    def exact(self, rows: Tensor, columns: Tensor) -> Tensor:
        """The values of these entries: [n]. The same for a pair, whoever asks and beside whichever others."""
        products = self.a[rows].double().mul_(self.b[columns])
        # adding 0 makes -0 and 0 one value
        return products.sum(1).to(self.a.dtype) + 0.0

    def expect(self, rows: Tensor, columns: Tensor) -> None:
        """Raise the threshold by k entries (of k rows, with ``one_per_row``) that are to be offered later."""
        self.threshold = max(self.threshold, float(self.exact(rows, columns).min()))

    def offer(self, rows: Tensor, columns: Tensor) -> None:
        """Take in entries; no entry may be offered twice, unless ``one_per_row``."""
        for some, others in zip(torch.split(rows, CHUNK), torch.split(columns, CHUNK), strict=True):
            values = self.exact(some, others)
            # entries equal to the threshold may come before it by their place
            kept = values >= self.threshold
            self._merge(values[kept], (some * len(self.b) + others)[kept])

    def entries(self, multiplied: int = 0) -> Entries:
        """What was kept, in order."""
        m = len(self.b)
        return Entries(self._values, self._keys // m, self._keys % m, multiplied)

    def _merge(self, values: Tensor, keys: Tensor) -> None:
        keys, order = torch.cat([self._keys, keys]).sort()
        values, by_value = torch.cat([self._values, values])[order].sort(descending=True, stable=True)
        keys = keys[by_value]
        if self.one_per_row:
            first = _first_of_each(keys // len(self.b))
            values, keys = values[first], keys[first]
        self._values, self._keys = values[: self.k], keys[: self.k]
        if len(self._values) == self.k:
            self.threshold = max(self.threshold, float(self._values[-1]))


def _first_of_each(rows: Tensor) -> Tensor:
    """The places at which each row occurs first, ascending."""
    rows, order = rows.sort(stable=True)
    new = torch.ones_like(rows, dtype=torch.bool)
    new[1:] = rows[1:] != rows[:-1]
    return order[new].sort().values
