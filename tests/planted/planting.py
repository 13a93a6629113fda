"""Planted truth: a copy of a checkpoint in which chosen heads do chosen operations, by construction."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from safetensors.torch import save_file

from headscribe.core.heads import Head
from headscribe.core.settings import MapSettings
from headscribe.mapping.checkpoint import Checkpoint, open_checkpoint
from headscribe.operations import Operation, single_token_pairs
from tests.planted.layout import StoredWeights
from tests.planted.weights import HeadPlan, planted_ov

_WEIGHT_FILES = ("*.safetensors", "*.bin", "*.index.json")


@dataclass(frozen=True, slots=True)
class Planting:
    """One operation for one head.

    Attributes:
        head: where.
        operation: its single-token pairs are planted; the others cannot be.
        suppress: make the targets the smallest entries instead of the largest.
        strength: mean saliency ‖e' W_V W_O‖ / ‖e'‖ of the head's sources; one for all plantings of a head.
            None keeps the norms that W_V and W_O had, so that no norm gives the head away.
    """

    head: Head
    operation: Operation
    suppress: bool = False
    strength: float | None = None


def plant(
    source: Path,
    target: Path,
    plantings: Sequence[Planting],
    *,
    silent: Sequence[str] = (),
    settings: MapSettings | None = None,
    seed: int = 0,
) -> None:
    """Write a checkpoint's folder anew, with operations in some of its heads; all else is copied.

    A head may get several operations, and heads of one group different ones. These share W_V, so together
    their operations can have at most d_model distinct sources, less the silent words.

    Args:
        source: a folder with a checkpoint of any supported family.
        target: the new folder; must not exist.
        plantings: what to write where.
        silent: words for which the planted heads' values shall be zero, such as a template's.
        settings: the source view that the heads shall be found with; None for the default.
        seed: of the heads' inner codes.

    Raises:
        HeadscribeError: the source cannot be opened.
        ValueError: the model has no such head or too few dimensions, or an operation has no pair for it.
    """
    settings = settings or MapSettings(view="paper")
    checkpoint = open_checkpoint(str(source))
    weights = StoredWeights(source)
    words = [id for word in silent if (id := checkpoint.vocabulary.word_id(word)) is not None]
    ordered = sorted(plantings, key=lambda planting: planting.head)
    for layer, group in groupby(ordered, key=lambda planting: planting.head.layer):
        plans = _plans(checkpoint, list(group))
        ov = planted_ov(checkpoint, layer, plans, words, settings=settings, seed=seed + layer)
        weights.write_value(layer, ov.w_v)
        weights.write_output(layer, ov.w_o)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*_WEIGHT_FILES))
    save_file(weights.tensors, target / "model.safetensors", metadata={"format": "pt"})


def _plans(checkpoint: Checkpoint, plantings: Sequence[Planting]) -> list[HeadPlan]:
    """One plan per head of a layer."""
    plans = []
    for head, group in groupby(plantings, key=lambda planting: planting.head):
        facts, mine = checkpoint.facts, list(group)
        if head.layer >= facts.n_layers or head.head >= facts.n_heads:
            raise ValueError(f"the model has no head {head.name}")
        if len({planting.strength for planting in mine}) > 1:
            raise ValueError(f"{head.name} cannot have several strengths")
        wanted: list[tuple[int, int, int]] = []
        for planting in mine:
            pairs = single_token_pairs(planting.operation, checkpoint.vocabulary.word_id)
            if not pairs:
                raise ValueError(f"{planting.operation.name} has no pair of single tokens in this model")
            wanted += [(s, t, -1 if planting.suppress else 1) for s, t in pairs]
        plans.append(HeadPlan(head.head, tuple(wanted), mine[0].strength))
    return plans
