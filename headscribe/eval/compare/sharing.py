"""Do query heads that share a key/value head share operations? (definitions section 5)"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headscribe.core.analyses import GroupSharing
from headscribe.core.settings import RELATION_HEAD
from headscribe.core.statistics import permutation_p
from headscribe.eval.compare.score_table import ScoreTable

PERMUTATIONS = 10_000


def group_sharing(
    table: ScoreTable, threshold: float = RELATION_HEAD, *, permutations: int = PERMUTATIONS, seed: int = 0
) -> GroupSharing:
    """Compare pairs of heads inside a key/value group with pairs of different groups, layer by layer.

    A pair shares when some operation has a score of at least the threshold in both heads; pairs of scored
    heads of the same layer count, whether or not they have operations. The statistic is the share of such
    pairs inside groups less the share between groups, both pooled over layers. Under the hypothesis of no
    effect the heads of a layer can be dealt to its groups in any way: the groups are permuted within layers,
    and p = (1 + draws with a statistic at least as large) / (1 + draws).

    Args:
        table: the scores of one map.
        threshold: score from which a head implements an operation.
        permutations: how many draws.
        seed: of the draws.
    """
    size = table.n_heads // table.n_kv_heads
    if size == 1:
        return GroupSharing(why_not="every query head has a key/value head of its own")
    if table.n_kv_heads == 1:
        return GroupSharing(
            why_not="all heads of a layer form one group: none to compare with", group_size=size
        )
    layers = np.array([head.layer for head in table.heads])
    groups = np.array([head.head // size for head in table.heads])
    has, random = table.has(threshold), np.random.default_rng(seed)
    inside = shared_inside = outside = shared = 0
    drawn = np.zeros(permutations, dtype=np.int64)
    for layer in np.unique(layers):
        rows = layers == layer
        first, second = np.triu_indices(int(rows.sum()), k=1)
        own = groups[rows]
        same = own[first] == own[second]
        share = (has[rows].astype(np.int64) @ has[rows].T.astype(np.int64))[first, second] > 0
        inside, outside = inside + int(same.sum()), outside + int((~same).sum())
        shared_inside, shared = shared_inside + int((same & share).sum()), shared + int(share.sum())
        drawn += _drawn_inside(own, first[share], second[share], permutations, random)
    if not inside or not outside:
        return GroupSharing(why_not="too few heads of one layer were scored", group_size=size)
    # Numbers of pairs stay as they are under permutation, so the statistic grows with the pairs inside alone.
    return GroupSharing(
        group_size=size,
        within=shared_inside / inside,
        between=(shared - shared_inside) / outside,
        n_within=inside,
        n_between=outside,
        p_value=permutation_p(shared_inside, drawn),
        permutations=permutations,
    )


def _drawn_inside(
    groups: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    permutations: int,
    random: np.random.Generator,
) -> NDArray[np.int64]:
    """[permutations] how many of the sharing pairs (first, second) fall inside a group in each draw."""
    dealt = random.permuted(np.tile(groups, (permutations, 1)), axis=1)
    count = np.zeros(permutations, dtype=np.int64)
    for one, other in zip(first, second, strict=True):
        count += dealt[:, one] == dealt[:, other]
    return count
