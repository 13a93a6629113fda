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


# Sections 1 to 3: the paper


def source_view(w: Weights, view: str) -> Tensor:
    """E', [V, d]."""
    if view == "raw":
        return w.e
    x = w.e * w.scale
    written = w.mlp_0(x if w.norm_0 is None else w.norm_0.scaled(x) + w.norm_0.bias)
    if view == "first-mlp":
        return written
    behind = w.behind_mlp_0
    return x + (written if behind is None else behind.scaled(written))


def head_map(w: Weights, view: str, layer: int, head: int) -> Tensor:
    """M = E' W_V W_O U, [V, V]."""
    at = w.layers[layer]
    return source_view(w, view) @ at.w_v[head] @ at.w_o[head] @ w.u


def saliency(w: Weights, view: str, layer: int, head: int) -> Tensor:
    """‖e' W_V W_O‖ / ‖e'‖ of every row of the vocabulary, [V]; NaN where e' is zero."""
    e, at = source_view(w, view), w.layers[layer]
    return (e @ at.w_v[head] @ at.w_o[head]).norm(dim=1) / e.norm(dim=1)


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
    """The score and suppression score expected when targets go to other sources of the list (section 8)."""
    others = [(s, t) for i, (s, _) in enumerate(pairs) for j, (_, t) in enumerate(pairs) if i != j]
    up, down = hits(m, others, rows, k)
    return up / len(others), down / len(others)


# Section 8: taken apart


@dataclass(frozen=True)
class Parts:
    """A head taken apart, over usable sources S and all targets.

    Attributes:
        constant: c, [V], with every bias.
        share: ‖μ W_O‖² / mean ‖a W_O‖², without biases.
        specific: D, [|S|, V].
        sigma: the standard deviation of each target over S, [V].
        standardised: Z = D / σ, [|S|, V].
        singular_values: of D, descending.
    """

    constant: Tensor
    share: float
    specific: Tensor
    sigma: Tensor
    standardised: Tensor
    singular_values: Tensor


def parts(w: Weights, view: str, layer: int, head: int, usable: Tensor) -> Parts:
    """The constant and the specific part of a head."""
    at = w.layers[layer]
    e = source_view(w, view)[usable]
    x = e if at.norm is None else at.norm.scaled(e)
    beta = torch.zeros_like(at.b_o) if at.norm is None else at.norm.bias
    a = x @ at.w_v[head]
    mu = a.mean(0)
    b = w.final_norm.linear(at.w_o[head]) @ w.u
    constant = (mu + beta @ at.w_v[head] + at.b_v[head]) @ b + w.final_norm.linear(at.b_o) @ w.u
    written = a @ at.w_o[head]
    share = (mu @ at.w_o[head]).square().sum() / written.square().sum(1).mean()
    specific = (a - mu) @ b
    sigma = specific.square().mean(0).sqrt()
    singular = torch.linalg.svdvals(specific)[: len(mu)]
    return Parts(constant, float(share), specific, sigma, specific / sigma, singular)
