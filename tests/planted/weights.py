"""W_V and W_O that implement an operation by construction.

Each source s gets a random code c_s of d_head numbers. W_V is the smallest matrix with exactly e'_s W_V =
c_s. W_O is the least-squares solution of c_s W_O = ± the direction of s's targets in the unembedding. Where
the n sources are more than d_head, the written vectors mix: about d_head / n of a source's own direction is
left, and of each other one at most about 1 / √(4n). So its own targets stay on top while n is a few times
d_head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from headscribe.core.settings import MapSettings
from headscribe.mapping.checkpoint import Checkpoint
from headscribe.mapping.devices import Arithmetic
from headscribe.mapping.facts import OV
from headscribe.mapping.salience import value_head
from headscribe.mapping.source_view import source_vectors, view_of_layer, vocabulary_rows

_EXACT = Arithmetic(torch.device("cpu"), torch.float64)


@dataclass(frozen=True, slots=True)
class HeadPlan:
    """What one head of a layer shall write.

    Attributes:
        head: its index in the layer.
        wanted: (source id, target id, +1 to promote or -1 to suppress).
        strength: mean saliency ‖e' W_V W_O‖ / ‖e'‖ of the sources; None keeps W_O's norm.
    """

    head: int
    wanted: tuple[tuple[int, int, int], ...]
    strength: float | None

    @property
    def sources(self) -> list[int]:
        """Distinct source ids."""
        return list(dict.fromkeys(source for source, _, _ in self.wanted))


def planted_ov(
    checkpoint: Checkpoint,
    layer: int,
    plans: Sequence[HeadPlan],
    silent: Sequence[int],
    *,
    settings: MapSettings,
    seed: int,
) -> OV:
    """W_V and W_O of a layer in float64, with the plans' heads overwritten.

    Heads that read one value head share their sources' codes. W_V keeps the norm that it had, so that the
    other heads of the group write as much as before.

    Args:
        checkpoint: the model.
        layer: whose heads.
        plans: one per head.
        silent: ids whose value shall be zero in the value heads that are written, unless they are sources.
        settings: the source view and the rows that take part.
        seed: of the codes.

    Raises:
        ValueError: a value head has more source and silent tokens than can be told apart.
    """
    facts, random = checkpoint.facts, torch.Generator().manual_seed(seed)
    read = checkpoint.ov(layer, _EXACT.dtype)
    ov = replace(read, w_v=read.w_v.clone(), w_o=read.w_o.clone())
    by_value: dict[int, list[HeadPlan]] = {}
    for plan in plans:
        by_value.setdefault(value_head(plan.head, facts.n_heads, facts.n_kv_heads), []).append(plan)
    towards = _directions(checkpoint, settings)
    for index, group in by_value.items():
        sources = list(dict.fromkeys(id for plan in group for id in plan.sources))
        quiet = [id for id in silent if id not in sources]
        ids = torch.tensor(sources + quiet)
        vectors = source_vectors(checkpoint, view_of_layer(settings, layer), _EXACT, ids)
        codes = torch.randn(len(ids), facts.d_head, generator=random, dtype=_EXACT.dtype)
        codes[len(sources) :] = 0
        w_v, codes = _value(vectors, codes, float(ov.w_v[index].norm()))
        ov.w_v[index] = w_v
        for plan in group:
            mine = [sources.index(id) for id in plan.sources]
            w_o = torch.linalg.lstsq(codes[mine], _wanted(plan, towards)).solution
            saliency = ((codes[mine] @ w_o).norm(dim=1) / vectors[mine].norm(dim=1)).mean()
            keep = ov.w_o[plan.head].norm() / w_o.norm()
            ov.w_o[plan.head] = w_o * (keep if plan.strength is None else plan.strength / saliency)
    return ov


def _value(vectors: Tensor, codes: Tensor, norm: float) -> tuple[Tensor, Tensor]:
    """W_V of a given norm, [d_model, d_head], and the codes that it gives, [n, d_head]."""
    n, d_model = vectors.shape
    if n > d_model or int(torch.linalg.matrix_rank(vectors)) < n:
        raise ValueError(
            f"{n} source and silent tokens of one value head cannot be told apart in {d_model} dimensions"
        )
    w_v = torch.linalg.lstsq(vectors, codes).solution
    w_v *= norm / w_v.norm()
    return w_v, vectors @ w_v


def _directions(checkpoint: Checkpoint, settings: MapSettings) -> Tensor:
    """For each token the direction that promotes it by 1 and the others little: [vocab, d_model].

    In a trained model rows of U^T are correlated: what promotes one token promotes its like. The inverse of
    their covariance, halfway to the identity as its rare directions are noise, tells them apart.
    """
    unembedding = checkpoint.unembedding(_EXACT.dtype)
    kept = unembedding[: vocabulary_rows(checkpoint, settings).stop]
    mean, covariance = kept.mean(0), torch.cov(kept.T, correction=0)
    covariance += covariance.diagonal().mean() * torch.eye(len(mean), dtype=_EXACT.dtype)
    centred = unembedding - mean
    towards: Tensor = torch.linalg.solve(covariance, centred.T).T
    return towards / (towards * centred).sum(1, keepdim=True)


def _wanted(plan: HeadPlan, towards: Tensor) -> Tensor:
    """What the head shall write for each of its sources, up to scale: [n, d_model]."""
    rows = {id: row for row, id in enumerate(plan.sources)}
    wanted = torch.zeros(len(rows), towards.shape[1], dtype=towards.dtype)
    for source, target, sign in plan.wanted:
        wanted[rows[source]] += sign * towards[target]
    return wanted
