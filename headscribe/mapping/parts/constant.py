"""What heads do whatever the source (definitions section 8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from headscribe.mapping.facts import OV
from headscribe.mapping.parts.distinct import distinct_top
from headscribe.mapping.parts.spread import Spread
from headscribe.mapping.parts.tokens import PartTokens
from headscribe.mapping.salience import value_heads
from headscribe.mapping.targets import Extremes

if TYPE_CHECKING:
    from jaxtyping import Float


@dataclass(frozen=True, slots=True)
class ConstantParts:
    """The constant parts of some heads.

    Attributes:
        share: of what each head writes, squared and on average over the usable sources, [heads].
        ends: the most promoted and most suppressed targets, one per spelling family, [heads, k]; in standard
            deviations of the constant part's entries over the usable targets, from their mean.
        strengths: of every target, in these units, [heads, rows].
    """

    share: Float[Tensor, " heads"]
    ends: Extremes
    strengths: Float[Tensor, "heads rows"]


def constant_parts(
    spread: Spread,
    ov: OV,
    heads: Sequence[int],
    unembedding: Float[Tensor, "rows d_model"],
    tokens: PartTokens,
    k: int,
) -> ConstantParts:
    """c = ((μ + b_V) W_O + b_O / H) U of some heads of a layer, and its share.

    Args:
        spread: of the values of each head in ``heads``, in their order.
        ov: the layer's weights and biases.
        heads: query heads.
        unembedding: Uᵀ of the rows that take part, [rows, d_model].
        tokens: usable targets and families.
        k: targets wanted at each end.
    """
    w_o = ov.w_o[list(heads)].double()
    mean = spread.mean + ov.value_bias[value_heads(ov, heads)].double()
    written = torch.bmm(mean[:, None], w_o)[:, 0] + ov.output_bias.double() / len(ov.w_o)
    constant = written.square().sum(1)
    varying = torch.bmm(spread.root.transpose(1, 2), w_o).square().sum((1, 2))
    logits = (unembedding @ written.to(unembedding.dtype).T).T.to(
        torch.promote_types(w_o.dtype, torch.float32)
    )
    shown = logits[:, tokens.usable]
    deviation = shown.std(1, correction=0, keepdim=True)
    strengths = (logits - shown.mean(1, keepdim=True)) / torch.where(deviation > 0, deviation, 1)
    families, usable = tokens.families, tokens.usable
    ends = [
        distinct_top(strengths.clone(), k, families, usable, largest=largest) for largest in (True, False)
    ]
    whole = constant + varying
    share = torch.where(whole > 0, constant / whole, 0)
    return ConstantParts(share, Extremes(*ends[0], *ends[1]), strengths)
