"""The strongest pairs of a head's whole map M, found without making M (definitions section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.core.errors import BadOption
from headscribe.core.heads import Head
from headscribe.core.records import Token
from headscribe.core.settings import MapSettings
from headscribe.mapping.devices import choose_arithmetic, full_precision
from headscribe.mapping.facts import OV
from headscribe.mapping.largest_entries import largest_entries
from headscribe.mapping.probe import check_head
from headscribe.mapping.salience import value_head
from headscribe.mapping.source_view import (
    SourceTable,
    VocabularyRows,
    source_table,
    view_of_layer,
    vocabulary_rows,
)
from headscribe.mapping.texts import TokenTexts

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from headscribe.mapping.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class TopPair:
    """One entry of M: attending to ``source``, the head adds ``logit`` to that of ``target``."""

    source: Token
    target: Token
    logit: float


@dataclass(frozen=True, slots=True)
class HeadFactors:
    """M of one head as a product: M[s, t] = a · b.

    Attributes:
        a: e' W_V of every source that has a saliency, [n, d_head], float32 or float64.
        sources: their ids, ascending, [n].
        b: W_O u of every target that takes part, [m, d_head].
        targets: their ids, ascending, [m].
    """

    a: Float[Tensor, "n d_head"]
    sources: Int[Tensor, " n"]
    b: Float[Tensor, "m d_head"]
    targets: Int[Tensor, " m"]


def head_factors(
    table: SourceTable,
    rows: VocabularyRows,
    ov: OV,
    head: int,
    unembedding: Float[Tensor, "vocab d_model"],
) -> HeadFactors:
    """The factors of a head's map; half precision is widened to float32, which holds it exactly.

    Args:
        table: E' of the head's layer.
        rows: the targets that take part.
        ov: the layer's weights.
        head: a query head of the layer.
        unembedding: U^T, [vocab, d_model].

    Raises:
        BadOption: a factor is beyond the largest number of the arithmetic.
    """
    kept = torch.ones(rows.stop, dtype=torch.bool, device=unembedding.device)
    kept[list(rows.holes)] = False
    sources, targets = table.usable.nonzero().flatten(), kept.nonzero().flatten()
    a = _some(table.vectors @ ov.w_v[value_head(head, len(ov.w_o), len(ov.w_v))], sources)
    b = _some(unembedding[: rows.stop] @ ov.w_o[head].T, targets)
    if not (a.isfinite().all() and b.isfinite().all()):
        raise BadOption(f"numbers overflow in {table.vectors.dtype}", where="--dtype", do="Use float32")
    precise = torch.promote_types(a.dtype, torch.float32)
    return HeadFactors(a.to(precise), sources, b.to(precise), targets)


def _some(rows: Tensor, ids: Tensor) -> Tensor:
    return rows if len(ids) == len(rows) else rows[ids]


def sources_by_largest_entry(factors: HeadFactors, n: int) -> Int[Tensor, " n"]:
    """The first n sources in the order of their best pair, equal ones by ascending id: [n] of ids."""
    return factors.sources[largest_entries(factors.a, factors.b, n, one_per_row=True).rows]


@full_precision
def top_pairs(
    checkpoint: Checkpoint,
    settings: MapSettings,
    head: Head,
    top: int = 100,
    *,
    suppressed: bool = False,
    table: SourceTable | None = None,
) -> list[TopPair]:
    """The largest (smallest) entries of a head's whole map, exact, most extreme first.

    Equal entries go by ascending source id, then target id. Sources are the rows that have a saliency,
    targets all that take part. An entry is (e' W_V) · (W_O u), summed in float64 from factors in the
    arithmetic of ``settings`` and rounded once to it (to float32 from half precision): ``probe`` gives the
    same number up to its own rounding. Pairs closer than that may stand the other way round in a probe.

    Args:
        settings: source view, padded rows and arithmetic; the sizes in it are not used.
        top: pairs wanted; all if there are fewer.
        suppressed: give the smallest entries.
        table: E' in the view of the head's layer, where somebody has it already.

    Raises:
        BadOption: the device cannot be used, the model has no such head, or half precision overflows.
    """
    check_head(checkpoint.facts, head)
    arithmetic, rows = choose_arithmetic(settings), vocabulary_rows(checkpoint, settings)
    dtype, device = arithmetic.dtype, arithmetic.device
    view, norms = view_of_layer(settings, head.layer), settings.folding
    table = table or source_table(checkpoint, view, arithmetic, rows, norms)
    unembedding = checkpoint.unembedding(dtype, device)
    ov = checkpoint.ov(head.layer, dtype, device, norms=norms)
    factors = head_factors(table, rows, ov, head.head, unembedding)
    sign = -1 if suppressed else 1
    found = largest_entries(sign * factors.a, factors.b, top)
    # 0 + x: an entry that was negated has no sign when it is 0
    logits = (0 + sign * found.values).tolist()
    texts = TokenTexts(checkpoint)
    sources = texts.tokens(factors.sources[found.rows].tolist())
    targets = texts.tokens(factors.targets[found.columns].tolist())
    return [TopPair(*pair) for pair in zip(sources, targets, logits, strict=True)]
