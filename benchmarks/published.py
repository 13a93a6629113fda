"""The published procedure, written out plainly: every head by itself, every matrix multiplied out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from headscribe.mapping.checkpoint import Checkpoint

COLUMNS = 2048
"""Columns of the whole map that exist at once."""


@dataclass(frozen=True)
class Weights:
    """What the procedure reads, all in memory before any clock starts."""

    e: Tensor
    u: Tensor
    first_mlp: Callable[[Tensor], Tensor]
    checkpoint: Checkpoint

    def ov(self, layer: int, head: int) -> Tensor:
        """W_V W_O multiplied out: [d_model, d_model]."""
        ov = self.checkpoint.ov(layer)
        return ov.w_v[head * len(ov.w_v) // len(ov.w_o)] @ ov.w_o[head]


def read(checkpoint: Checkpoint) -> Weights:
    return Weights(checkpoint.embedding(), checkpoint.unembedding().T, checkpoint.first_mlp(), checkpoint)


def salient_sources(
    weights: Weights, layer: int, head: int, salient: int, first_mlp: Tensor | None = None
) -> list[int]:
    """A head's most salient tokens; the first MLP runs over the vocabulary for every head.

    Args:
        weights: of the model.
        layer, head: which.
        salient: how many.
        first_mlp: its output, where it is kept from before; layer 0 reads the embedding.
    """
    return _salient(weights, layer, head, salient, first_mlp)[0]


def salient_mappings(weights: Weights, layer: int, head: int, salient: int, targets: int) -> list[list[int]]:
    """A head's salient tokens and their mappings, from whole rows of M."""
    tokens, e, w_vo = _salient(weights, layer, head, salient, None)
    found = []
    for token in tokens:
        entries = e[token] @ w_vo @ weights.u
        found.append([token, *entries.topk(targets).indices.tolist()])
    return found


def _salient(
    weights: Weights, layer: int, head: int, salient: int, first_mlp: Tensor | None
) -> tuple[list[int], Tensor, Tensor]:
    e = weights.e if layer == 0 else weights.first_mlp(weights.e) if first_mlp is None else first_mlp
    w_vo = weights.ov(layer, head)
    ratios = (e @ w_vo).norm(dim=1) / e.norm(dim=1)
    return ratios.topk(salient).indices.tolist(), e, w_vo


@dataclass(frozen=True)
class PlainScores:
    """Scores of one operation, and its shuffled scores, of what is promoted and what is suppressed."""

    score: float
    suppression_score: float
    shuffled_score: float
    shuffled_suppression_score: float


def operation_scores(
    weights: Weights, layer: int, head: int, pairs: list[tuple[int, int]], k: int
) -> PlainScores:
    """Scores of one operation: whole rows of M, searched twice."""
    e = weights.e[[source for source, _ in pairs]]
    entries = (e if layer == 0 else weights.first_mlp(e)) @ weights.ov(layer, head) @ weights.u
    return scores_of_rows(entries, pairs, k)


def specific_scores(
    weights: Weights, layer: int, head: int, pairs: list[tuple[int, int]], k: int, usable: Tensor
) -> PlainScores:
    """The same of the standardised specific part (definitions, section 8), from whole columns of the map.

    Args:
        weights: of the model.
        layer, head: which.
        pairs: of the operation.
        k: of the operation.
        usable: the usable sources, [vocab] of bool.
    """
    a, b = _factors(weights, layer, head)
    sources = a[[source for source, _ in pairs]]
    columns = []
    for start in range(0, b.shape[1], COLUMNS):
        whole = a[usable] @ b[:, start : start + COLUMNS]
        entries = sources @ b[:, start : start + COLUMNS]
        columns.append((entries - whole.mean(0)) / whole.std(0, correction=0))
    return scores_of_rows(torch.cat(columns, dim=1), pairs, k)


def scores_of_rows(entries: Tensor, pairs: list[tuple[int, int]], k: int) -> PlainScores:
    """Scores of one operation from the whole rows [pairs, vocab] of its pairs' sources."""
    targets = torch.tensor([target for _, target in pairs])
    mismatched = ~torch.eye(len(pairs), dtype=torch.bool)
    scores, shuffled = [], []
    for signed in (entries, -entries):
        # [pairs, pairs]: is the target of pair j in the row of the source of pair i
        among = (signed.topk(k).indices[:, None] == targets[None, :, None]).any(-1)
        scores.append(float(among.diagonal().double().mean()))
        shuffled.append(float(among[mismatched].double().mean()))
    return PlainScores(*scores, *shuffled)


def _factors(weights: Weights, layer: int, head: int) -> tuple[Tensor, Tensor]:
    """x W_V [vocab, d_head] and W_O U [d_head, vocab], norms folded in, from the residual stream."""
    ov = weights.checkpoint.ov(layer, norms="fold")
    stream = weights.e if layer == 0 else weights.checkpoint.residual()(weights.e)
    x = weights.checkpoint.head_norm()(stream)
    return x @ ov.w_v[head * len(ov.w_v) // len(ov.w_o)], ov.w_o[head] @ weights.u
