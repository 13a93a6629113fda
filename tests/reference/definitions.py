"""Every quantity of docs/definitions.md for one head, as it is defined there: M in full, in float64.

Slow and plain on purpose: no blocks, no factors, no early decisions, and no code of the package.
Ids are rows of the vocabulary; ``rows`` are those that take part, ascending, as sources and as targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tests.reference.weights import Weights

Pairs = Sequence[tuple[int, int]]


# Sections 1 to 3: the map


def source_view(w: Weights, view: str) -> Tensor:
    """E', [V, d]."""
    x = w.e * w.scale
    if view == "raw":
        return x
    written = w.mlp_0(x if w.norm_0 is None else w.norm_0(x))
    if view == "first-mlp":
        return written
    return x + (written if w.behind_mlp_0 is None else w.behind_mlp_0(written))


@dataclass(frozen=True)
class Circuit:
    """What a head reads of every token, x [V, d], and what it makes of it: (x W_V + b_V) W_O + b_O.

    w_v [d, d_h], b_v [d_h], w_o [d_h, d]; b_o [d] is the head's share of the layer's bias.
    """

    x: Tensor
    w_v: Tensor
    b_v: Tensor
    w_o: Tensor
    b_o: Tensor

    def written(self) -> Tensor:
        """What the head writes for every token, without biases: [V, d]."""
        return self.x @ self.w_v @ self.w_o


def circuit(w: Weights, view: str, layer: int, head: int, *, fold: bool) -> Circuit:
    """A head's circuit, with the norm in front of attention and the final one folded in or left out."""
    at, e = w.layers[layer], source_view(w, view)
    w_v, b_v, w_o, b_o = at.w_v[head], at.b_v[head], at.w_o[head], at.b_o / len(at.w_o)
    if not fold:
        return Circuit(w.e if view == "raw" else e, w_v, b_v, w_o, b_o)
    final = w.final_norm.linear
    if at.norm is None:
        return Circuit(e, w_v, b_v, final(w_o), final(b_o))
    gamma, beta = at.norm.weight, at.norm.bias
    return Circuit(at.norm.sized(e), gamma[:, None] * w_v, b_v + beta @ w_v, final(w_o), final(b_o))


def head_map(c: Circuit, u: Tensor) -> Tensor:
    """M, [V, V]."""
    return c.written() @ u


def saliency(c: Circuit) -> Tensor:
    """‖x W_V W_O‖ / ‖x‖ of every row of the vocabulary, [V]; NaN where x is zero."""
    return c.written().norm(dim=1) / c.x.norm(dim=1)


def in_order(values: Tensor, rows: Tensor, *, largest: bool = True) -> Tensor:
    """Ids by their value, equal ones by ascending id."""
    return rows[values[rows].argsort(descending=largest, stable=True)]


def top_pairs(m: Tensor, rows: Tensor, n: int) -> list[tuple[int, int]]:
    """The n largest entries of M, (source, target), equal ones by source, then target."""
    entries = m[rows][:, rows].flatten()
    large = (entries >= entries.topk(n).values[-1]).nonzero().flatten()
    order = in_order(entries, large)[:n]
    pairs = torch.stack([rows[order // len(rows)], rows[order % len(rows)]], dim=1)
    return [(s, t) for s, t in pairs.tolist()]


def hits(m: Tensor, pairs: Pairs, rows: Tensor, k: int) -> tuple[int, int]:
    """Pairs (s, t) with t among the k largest, and among the k smallest, entries of row M[s]."""
    sources = {s for s, _ in pairs}
    up = {s: set(in_order(m[s], rows)[:k].tolist()) for s in sources}
    down = {s: set(in_order(m[s], rows, largest=False)[:k].tolist()) for s in sources}
    return sum(t in up[s] for s, t in pairs), sum(t in down[s] for s, t in pairs)


def shuffled(m: Tensor, pairs: Pairs, rows: Tensor, k: int) -> tuple[float, float]:
    """Score and suppression score of all mismatched pairs: a source with another's target (section 8)."""
    others = [(s, t) for i, (s, _) in enumerate(pairs) for j, (_, t) in enumerate(pairs) if i != j] or pairs
    up, down = hits(m, others, rows, k)
    return up / len(others), down / len(others)


# Section 8: taken apart


@dataclass(frozen=True)
class Parts:
    """A head taken apart over the usable sources S.

    Attributes:
        constant: c, [V], with every bias.
        share: of the constant part in what the head writes, squared.
        specific: D, [V, V].
        sigma: the standard deviation of each target over S, [V].
        standardised: Z = D / σ, [V, V].
        singular_values: of D over S, descending, [d_h].
    """

    constant: Tensor
    share: float
    specific: Tensor
    sigma: Tensor
    standardised: Tensor
    singular_values: Tensor


def parts(c: Circuit, u: Tensor, usable: Tensor) -> Parts:
    """The constant and the specific part of a head; ``usable`` are the ids of S."""
    a, b = c.x @ c.w_v, c.w_o @ u
    mean = a[usable].mean(0)
    always = (mean + c.b_v) @ c.w_o + c.b_o
    each = (a[usable] + c.b_v) @ c.w_o + c.b_o
    specific = (a - mean) @ b
    sigma = specific[usable].square().mean(0).sqrt()
    return Parts(
        constant=always @ u,
        share=float(always.square().sum() / each.square().sum(1).mean()),
        specific=specific,
        sigma=sigma,
        standardised=specific / sigma,
        # those of A B are those of R B, with A = Q R
        singular_values=torch.linalg.svdvals(torch.linalg.qr(a[usable] - mean).R @ b),
    )
