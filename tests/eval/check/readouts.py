"""What the pipeline hands to the evaluation, for tests that call it directly."""

from __future__ import annotations

from pathlib import Path

import torch

from headscribe.core.settings import MapSettings
from headscribe.inference.running_model import RunningModel, Shape, load_model
from headscribe.mapping.checkpoint import Checkpoint, open_checkpoint
from headscribe.mapping.ranks import among_largest
from headscribe.mapping.source_view import vocabulary_rows


class WeightsReadout:
    """W_O and U of a checkpoint, over its whole vocabulary as in the reference."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint, self._unembedding = checkpoint, checkpoint.unembedding()
        self._rows = vocabulary_rows(checkpoint, MapSettings(padded_rows="keep"))

    def output(self, layer: int) -> torch.Tensor:
        return self._checkpoint.ov(layer).w_o

    def among_largest(self, written: torch.Tensor, targets: torch.Tensor, k: int) -> torch.Tensor:
        ks = torch.full_like(targets, k)
        return among_largest(written, self._unembedding, targets, ks, self._rows)


def open_both(folder: Path) -> tuple[Checkpoint, RunningModel]:
    """A checkpoint as weights, and as a running model."""
    checkpoint = open_checkpoint(str(folder))
    facts = checkpoint.facts
    shape = Shape(facts.n_layers, facts.n_heads, facts.n_kv_heads, facts.d_head)
    return checkpoint, load_model(folder, shape, dtype=torch.float32, device=torch.device("cpu"))
