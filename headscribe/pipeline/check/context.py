"""What all checks share: the checkpoint, its map, the tables, and the model, loaded when first needed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from headscribe.core.chat import content_hash
from headscribe.core.checks import AblationPoint
from headscribe.core.heads import Head
from headscribe.core.progress import Progress
from headscribe.core.settings import MIN_PAIRS, MapSettings, MapView, Norms
from headscribe.operations import Operation
from headscribe.pipeline.check.results import OperationLeftOut
from headscribe.pipeline.check.views import CheckedView
from headscribe.pipeline.map.running import run_checkpoint
from headscribe.store.check.check_tables import CheckTables, FinishedPiece, Kind
from headscribe.store.map.map_dir import MapDir

if TYPE_CHECKING:
    import torch

    from headscribe.inference.running_model import RunningModel
    from headscribe.mapping.checkpoint import Checkpoint


class CheckContext:
    """One call of ``check_model``.

    Attributes:
        checkpoint: the model's weights.
        views: the maps that are compared with the running model, the folder's own first.
        settings: those of the folder's own map.
        operations: the operations to check.
        scored_operations: of the map's operations, these and those that may be control tasks, the ones with
            static scores.
        tables: what was checked before, and what is added.
        progress: told how far it is.
        scores: per operation, each head's static score in the folder's own map.
    """

    def __init__(  # noqa: PLR0913 - one argument per thing shared
        self,
        checkpoint: Checkpoint,
        views: Sequence[CheckedView],
        operations: Sequence[Operation],
        *,
        map_dir: MapDir,
        map_operations: Sequence[Operation],
        tables: CheckTables,
        progress: Progress,
        redo: bool,
    ) -> None:
        self.checkpoint, self.views = checkpoint, views
        self.settings, self.scores = views[0].settings, views[0].scores
        self.operations, self.tables, self.progress = operations, tables, progress
        self.scored_operations = [one for one in map_operations if one.name in self.scores]
        self._too_few = {item.operation: item for item in map_dir.header.skipped_operations}
        self._redo = redo
        self._readouts: dict[Norms, CheckpointReadout] = {}

    @cached_property
    def heads(self) -> list[Head]:
        """All heads of the model, in order."""
        facts = self.checkpoint.facts
        return [Head(layer, head) for layer in range(facts.n_layers) for head in range(facts.n_heads)]

    @cached_property
    def model(self) -> RunningModel:
        """The model, running."""
        from headscribe.mapping.devices import choose_arithmetic

        return run_checkpoint(self.checkpoint, choose_arithmetic(self.settings))

    def readout(self, settings: MapSettings) -> CheckpointReadout:
        """W_O, U and the rows that take part, as a map of these settings has them."""
        if settings.folding not in self._readouts:
            self._readouts[settings.folding] = CheckpointReadout(self.checkpoint, settings)
        return self._readouts[settings.folding]

    @cached_property
    def earlier_points(self) -> dict[tuple[str, str], list[AblationPoint]]:
        """By operation and template, the points of ablations that the tables held before this call."""
        points: dict[tuple[str, str], list[AblationPoint]] = {}
        for point in self.tables.points():
            points.setdefault((point.operation, point.template), []).append(point)
        return points

    def done_before(
        self, check: Kind, operation: str, template: str, identity: str, view: MapView = "paper"
    ) -> FinishedPiece | None:
        """The piece of work, where it was done before, still holds, and is not to be done again."""
        piece = None if self._redo else self.tables.done(check, operation, template, view)
        return piece if piece and piece.identity == identity else None

    def unscored(self, operation: Operation) -> OperationLeftOut | None:
        """Why an operation has no static score, None if it has one."""
        if operation.name in self.scores:
            return None
        n_pairs = self._too_few[operation.name].n_pairs
        return too_few(operation, n_pairs)

    def identity(self, operation: Operation, settings: MapSettings | None = None, **more: Any) -> str:
        """Hash of what determines a piece of work, beside its name; without settings, for the first view."""
        weights = self.checkpoint.weights_hash, self.checkpoint.tokenizer_hash
        return content_hash([operation.digest(), weights, compared_settings(settings or self.settings), more])


def compared_settings(settings: MapSettings) -> dict[str, Any]:
    """The settings of a map that determine its scores; of the paper's view those that there always were."""
    found = settings.model_dump(include={"source_view", "padded_rows", "dtype"})
    if (settings.view, settings.folding) != ("paper", "leave"):
        found |= {"view": settings.view, "norms": settings.folding}
    return found


def too_few(operation: Operation, n_pairs: int, template: str | None = None) -> OperationLeftOut:
    """What is said of an operation, or a template of it, with fewer pairs than a score needs."""
    reason = f"{n_pairs} usable pairs, {MIN_PAIRS} are needed"
    return OperationLeftOut(operation.name, operation.category, reason, template, n_pairs, too_few=True)


class CheckpointReadout:
    """The ``Readout`` of dynamic scores, from a checkpoint (``eval`` knows nothing of checkpoints)."""

    def __init__(self, checkpoint: Checkpoint, settings: MapSettings) -> None:
        from headscribe.mapping.devices import choose_arithmetic
        from headscribe.mapping.source_view import vocabulary_rows

        self._checkpoint, self._arithmetic = checkpoint, choose_arithmetic(settings)
        self._norms = settings.folding
        self._rows = vocabulary_rows(checkpoint, settings)
        self._unembedding = checkpoint.unembedding(self._arithmetic.dtype, self._arithmetic.device)

    def output(self, layer: int) -> torch.Tensor:
        """W_O of a layer's heads: [n_heads, d_head, d_model]."""
        dtype, device = self._arithmetic.dtype, self._arithmetic.device
        return self._checkpoint.ov(layer, dtype, device, norms=self._norms).w_o

    def among_largest(self, written: torch.Tensor, targets: torch.Tensor, k: int) -> torch.Tensor:
        """Whether each target is among a vector's k largest logits: [n, d_model] and [n] -> [n] of bool."""
        from headscribe.mapping.ranks import among_largest

        k_each = targets.new_full(targets.shape, k)
        return among_largest(written, self._unembedding, targets, k_each, self._rows)
