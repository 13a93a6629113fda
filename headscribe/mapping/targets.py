"""The most promoted and most suppressed targets of chosen source tokens (definitions sections 1 and 3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.mapping.devices import rows_at_once
from headscribe.mapping.ranking import merge, top_k
from headscribe.mapping.source_view import VocabularyRows

if TYPE_CHECKING:
    from jaxtyping import Float, Int

BLOCK_ENTRIES = 500_000
"""Entries of M that exist at once, unless that would make a block too narrow for an efficient product."""

NARROWEST = 1024
"""Targets in a block at least: narrower products, and rankings of shorter rows, take far longer."""


def block_width(n_rows: int, narrowest: int = NARROWEST) -> int:
    """Targets worked on at once for ``n_rows`` rows of M, so that a block stays in the processor's cache."""
    return max(narrowest, BLOCK_ENTRIES // max(1, n_rows))


@dataclass(frozen=True, slots=True)
class Extremes:
    """The ends of rows of M, the most extreme entry first, equal ones by ascending id.

    Attributes:
        promoted, promoted_ids: the largest entries and their tokens, [n, k].
        suppressed, suppressed_ids: the smallest, [n, k].
    """

    promoted: Float[Tensor, "n k"]
    promoted_ids: Int[Tensor, "n k"]
    suppressed: Float[Tensor, "n k"]
    suppressed_ids: Int[Tensor, "n k"]

    def of(self, rows: slice) -> Extremes:
        """Those of some of the rows."""
        return Extremes(
            self.promoted[rows], self.promoted_ids[rows], self.suppressed[rows], self.suppressed_ids[rows]
        )


def extreme_targets(
    values: Float[Tensor, "heads n d_head"],
    w_o: Float[Tensor, "heads d_head d_model"],
    unembedding: Float[Tensor, "vocab d_model"],
    k: int,
    rows: VocabularyRows,
    width: int | None = None,
) -> Extremes:
    """The k largest and k smallest entries of rows of M, for several heads at once.

    Args:
        values: e' W_V of n sources per head, [heads, n, d_head].
        w_o: [heads, d_head, d_model].
        unembedding: U^T, [vocab, d_model].
        k: entries wanted at each end; fewer if fewer rows take part.
        rows: the targets that take part.
        width: targets worked on at once; does not change the result. None for what
            suits the device.
    """
    k = min(k, rows.n_kept)
    logits_of = logits_in_blocks(values, w_o)
    holes = torch.tensor(rows.holes, dtype=torch.long, device=values.device)
    n_rows = values.shape[0] * values.shape[1]
    # per target: its logits, and a copy of them while they are ranked
    per_target = 2 * n_rows * values.element_size()
    width = width or rows_at_once(values.device, per_target, block_width(n_rows))
    ends: dict[bool, tuple[Tensor, Tensor]] = {}
    for start in range(0, rows.stop, width):
        stop = min(start + width, rows.stop)
        logits = logits_of(unembedding[start:stop])
        inside = holes[(holes >= start) & (holes < stop)] - start
        for largest in (True, False):
            if len(inside):
                logits[:, inside] = -torch.inf if largest else torch.inf
            found, columns = top_k(logits, k, largest=largest)
            later = (found, columns + start)
            ends[largest] = merge(ends[largest], later, k, largest=largest) if largest in ends else later
    return Extremes(*ends[True], *ends[False])


def logits_in_blocks(
    values: Float[Tensor, "heads n d_head"], w_o: Float[Tensor, "heads d_head d_model"]
) -> Callable[[Tensor], Tensor]:
    """A function from rows of U^T [b, d_model] to the entries of M, [heads · n, b].

    Associates the product in the cheaper way: few sources go through W_O first and then meet U at full width;
    many meet (W_O U) in the head's own d_head dimensions.
    """
    heads, n, d_head = values.shape
    d_model = w_o.shape[2]
    if n * d_model <= d_head * (d_model + n):
        written = torch.bmm(values, w_o).flatten(0, 1)
        return lambda block: written @ block.T
    # [heads · d_head, d_model]: one product with the block serves all heads
    flat = w_o.flatten(0, 1)
    return lambda block: torch.bmm(values, (flat @ block.T).view(heads, d_head, -1)).flatten(0, 1)
