"""Every metric with its bootstrap interval over heads and its permutation baseline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headscribe.core.evaluation import METRICS, Judge, Measured
from headscribe.core.settings import EvaluateSettings
from headscribe.core.statistics import FEWEST, percentile_interval, permutation_p, resampled_counts
from headscribe.eval.evaluate.counts import Counts, Partition
from headscribe.eval.evaluate.items import Items
from headscribe.eval.evaluate.metrics import Array

_AT_ONCE = 100
"""Draws computed together; bounds the memory."""


def measure(judge: Judge, items: Items, settings: EvaluateSettings) -> list[Measured]:
    """All metrics per operation, per category and over all.

    The bootstrap draws as many heads as there are, with replacement, each with all its items. A permutation
    hands every head's verdicts to another head; where only some items have a verdict, those of an operation
    are handed around among its items.

    Args:
        judge: whose verdicts the items hold.
        items: at least one.
        settings: threshold, draws and seed.
    """
    counts = Counts(items, settings.threshold)
    value = counts.metrics(lambda one: one.once(items.expressed), lambda one: one.once())
    boot = _joined(
        counts.metrics(partial(_by_heads, drawn, items.expressed), partial(_by_heads, drawn, None))
        for drawn in _drawn_heads(items.n_heads, settings.resamples, settings.seed)
    )
    chance = _joined(
        counts.metrics(partial(_permuted_counts, verdicts), lambda one: one.once())
        for verdicts in _permuted(items, settings.permutations, settings.seed)
    )
    found = []
    for place, (scope, name, average) in enumerate(counts.groups):
        members = counts.members((scope, name, average))
        sizes = _sizes(items, members)
        for metric in METRICS:
            defined = ~np.isnan(value[metric][: len(members), 0]) if average == "macro" else True
            drawn = (draws[metric][place] if draws else None for draws in (boot, chance))
            numbers = _numbers(float(value[metric][place, 0]), *drawn)
            n_operations = int((members & defined).sum())
            found.append(
                Measured(judge, scope, name, average, metric, **numbers, **sizes, n_operations=n_operations)
            )
    return found


def _by_heads(drawn: Array, chosen: NDArray[np.bool_] | None, one: Partition) -> Array:
    return one.by_heads(drawn, chosen)


def _permuted_counts(verdicts: NDArray[np.bool_], one: Partition) -> Array:
    return one.permuted(verdicts)


def _sizes(items: Items, operations: NDArray[np.bool_]) -> dict[str, Any]:
    mine = operations[items.operation]
    return {
        "n_heads": len(np.unique(items.head[mine])),
        "n_items": int(mine.sum()),
        "n_scored": int(items.scored[mine].sum()),
        "n_expressed": int(items.expressed[mine].sum()),
    }


def _numbers(value: float, boot: Array | None, chance: Array | None) -> dict[str, Any]:
    """A metric's value, its interval, and what the permutations give; None for what is undefined."""
    if np.isnan(value):
        return dict.fromkeys(("value", "low", "high", "chance", "chance_low", "chance_high", "p"))
    low, high = (None, None) if boot is None else percentile_interval(boot)
    chance = np.empty(0) if chance is None else chance[~np.isnan(chance)]
    chance_low, chance_high = percentile_interval(chance)
    return {
        "value": value,
        "low": low,
        "high": high,
        "chance": float(chance.mean()) if len(chance) else None,
        "chance_low": chance_low,
        "chance_high": chance_high,
        "p": permutation_p(value, chance) if len(chance) else None,
    }


def _drawn_heads(n_heads: int, resamples: int, seed: int) -> Iterator[Array]:
    """[heads, draws] how often each head is drawn, a block of draws at a time."""
    rng = np.random.default_rng([seed, 1])
    if n_heads < FEWEST:
        return
    for start in range(0, resamples, _AT_ONCE):
        draws = min(_AT_ONCE, resamples - start)
        yield resampled_counts(n_heads, draws, rng).T.astype(np.float64)


def _permuted(items: Items, permutations: int, seed: int) -> Iterator[NDArray[np.bool_]]:
    """[draws, n_items] verdicts handed to other heads, a block of draws at a time."""
    rng = np.random.default_rng([seed, 2])
    one = _whole_heads(items) or _within_operations(items)
    for start in range(0, permutations, _AT_ONCE):
        yield np.stack([one(rng) for _ in range(min(_AT_ONCE, permutations - start))])


Shuffle = Callable[[np.random.Generator], NDArray[np.bool_]]


def _whole_heads(items: Items) -> Shuffle | None:
    """A head's verdicts go to another head together; None unless every head has an item per operation."""
    shape = (items.n_heads, len(items.operations))
    if len(items.head) != items.n_heads * len(items.operations):
        return None
    table = np.zeros(shape, dtype=np.bool_)
    table[items.head, items.operation] = items.expressed
    return lambda rng: table[rng.permutation(items.n_heads)[items.head], items.operation]


def _within_operations(items: Items) -> Shuffle:
    order = np.argsort(items.operation, kind="stable")
    by_operation = items.operation[order]

    def one(rng: np.random.Generator) -> NDArray[np.bool_]:
        shuffled = order[np.lexsort((rng.random(len(order)), by_operation))]
        verdicts = np.empty_like(items.expressed)
        verdicts[order] = items.expressed[shuffled]
        return verdicts

    return one


def _joined(blocks: Iterator[dict[str, Array]]) -> dict[str, Array]:
    """Metric → [groups, draws]; empty without a draw."""
    found = list(blocks)
    return (
        {name: np.concatenate([block[name] for block in found], axis=1) for name in METRICS} if found else {}
    )
