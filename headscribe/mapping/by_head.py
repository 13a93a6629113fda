"""Products of many tokens with the matrices of several heads, made and used block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.mapping.devices import rows_at_once
from headscribe.mapping.source_view import BLOCK

if TYPE_CHECKING:
    from jaxtyping import Float

TOGETHER = 256 * 2**20
"""Bytes that what is made of heads worked on together may take; one head may take more."""


def products_by_head(
    rows: Float[Tensor, "n d_model"], matrices: Float[Tensor, "heads d_model d_head"]
) -> Iterator[tuple[slice, Float[Tensor, "heads b d_head"]]]:
    """Rows times the matrix of each head, in blocks that stay in a processor's cache while they are used.

    One product serves all heads, as narrow ones take longer.

    Args:
        rows: of tokens, [n, d_model].
        matrices: [heads, d_model, d_head]; brought to the dtype of ``rows``.

    Yields:
        Which rows, and their products [heads, b, d_head], at least float32.
    """
    heads, _, d_head = matrices.shape
    flat = matrices.transpose(0, 1).flatten(1).to(rows.dtype)
    precise = torch.promote_types(rows.dtype, torch.float32)
    width = rows_at_once(rows.device, 3 * heads * d_head * precise.itemsize, BLOCK)
    for start in range(0, len(rows), width):
        block = slice(start, start + width)
        yield block, (rows[block] @ flat).to(precise).view(-1, heads, d_head).transpose(0, 1)


def in_groups(heads: Sequence[int], bytes_each: int) -> Iterator[list[int]]:
    """Heads in groups of which the large results fit in ``TOGETHER``.

    Args:
        heads: any.
        bytes_each: of one head's results.
    """
    n = max(1, TOGETHER // bytes_each)
    for start in range(0, len(heads), n):
        yield list(heads[start : start + n])
