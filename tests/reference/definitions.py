"""Every quantity of docs/definitions.md for one head, as it is defined there: M in full, in float64.

Slow and plain on purpose: no blocks, no factors, no early decisions, and no code of the package.
Ids are rows of the vocabulary; ``rows`` are those that take part, ascending, as sources and as targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import scipy.special
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
    """A head taken apart; S are the usable sources, and the targets over which means are taken.

    Attributes:
        constant: c, [V], with every bias.
        share: of the constant part in what the head writes, squared.
        a: a - μ, what of the values depends on the source, [V, d_h]; D = a b.
        b: the readout, [d_h, V].
        sigma: the standard deviation of each target over S, [V].
        covariance: of a over S, [d_h, d_h].
        acting: how strongly the head acts on each source, [V].
        shares: of the directions that D less its row means has, in units of its own deviations, [d_h].
        loadings: of the sources S along them, in standard deviations over S, [|S|, d_h].
        moved: what one such standard deviation adds to the logits of S, less their mean, [d_h, |S|].
    """

    constant: Tensor
    share: float
    a: Tensor
    b: Tensor
    sigma: Tensor
    covariance: Tensor
    acting: Tensor
    shares: Tensor
    loadings: Tensor
    moved: Tensor

    def specific(self, sources: Tensor | slice | int) -> Tensor:
        """Rows of D."""
        return self.a[sources] @ self.b

    def standardised(self, sources: Tensor | slice | int) -> Tensor:
        """Rows of Z."""
        return self.specific(sources) / self.sigma

    def products(self, source: int, others: Sequence[int]) -> Tensor:
        """ã ãᵀ = (a - μ) C⁻¹ (a - μ)ᵀ of a source with others."""
        return self.a[list(others)] @ torch.linalg.solve(self.covariance, self.a[source])


def parts(c: Circuit, u: Tensor, usable: Tensor) -> Parts:
    """The constant and the specific part of a head; ``usable`` are the ids of S."""
    values, b, n = c.x @ c.w_v, c.w_o @ u, len(usable)
    mean = values[usable].mean(0)
    always = (mean + c.b_v) @ c.w_o + c.b_o
    each = (values[usable] + c.b_v) @ c.w_o + c.b_o
    a = values - mean
    relative = b[:, usable] - b[:, usable].mean(1, keepdim=True)
    units = relative / (a[usable] @ relative).square().mean(0).sqrt()
    # the singular directions of a · units, from those of two small triangles
    left, right = torch.linalg.qr(a[usable]), torch.linalg.qr(units.T)
    turned, lengths, _ = torch.linalg.svd(left.R @ right.R.T)
    loadings = left.Q @ turned * n**0.5
    return Parts(
        constant=always @ u,
        share=float(always.square().sum() / each.square().sum(1).mean()),
        a=a,
        b=b,
        sigma=(a[usable] @ b).square().mean(0).sqrt(),
        covariance=a[usable].T @ a[usable] / n,
        acting=(a @ units).square().mean(1).sqrt(),
        shares=lengths.square() / lengths.square().sum(),
        loadings=loadings,
        moved=loadings.T @ a[usable] @ relative / n,
    )


def one_per_spelling(ids: Sequence[int], texts: Sequence[str]) -> list[int]:
    """The first of each spelling: letters and digits without case, else the text without the space around."""
    first: dict[str, int] = {}
    for id in ids:
        text = texts[id]
        letters = "".join(char for char in text.casefold() if char.isalnum())
        first.setdefault(letters or text.strip() or text, id)
    return list(first.values())


def sharpest_rows(found: Parts, usable: Tensor, texts: Sequence[str], n: int) -> list[int]:
    """Sources of the largest entries of Z, without those like an earlier one in spelling or direction."""
    strongest = torch.full((len(found.a),), -torch.inf, dtype=torch.float64)
    strongest[usable] = found.standardised(usable)[:, usable].amax(1)
    rows: list[int] = []
    for source in one_per_spelling(in_order(strongest, usable).tolist(), texts):
        if len(rows) < n and all(cosine(found, source, row) < 0.6 for row in rows):
            rows.append(source)
    return rows


def cosine(found: Parts, source: int, other: int) -> float:
    """Between ã of two sources."""
    own, with_other = found.products(source, [source, other])
    return float(with_other / (own * found.products(other, [other])[0]).sqrt())


def by_chance(found: Parts, source: int, target: int, n: int) -> float:
    """Pairs of n sources and n targets that random directions would make as sharp as this one."""
    norm = found.products(source, [source])[0].sqrt()
    c, rank = float(found.standardised(source)[target] / norm), found.a.shape[1]
    return n * n * float(scipy.special.betainc((rank - 1) / 2, 0.5, 1 - c * c)) / 2
