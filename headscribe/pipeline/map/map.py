"""The map stage: map and score what is missing, and leave alone what lies there."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.core.layers import by_layer
from headscribe.core.progress import Progress, Silent
from headscribe.core.records import HeadMap, OperationScore, SkippedOperation
from headscribe.core.settings import EngineName, MapSettings
from headscribe.eval.above_chance import mark_above_chance
from headscribe.operations import Operation, load_operations
from headscribe.pipeline.engines import LOCAL, Engine, open_engine
from headscribe.pipeline.engines.job import MapJob
from headscribe.pipeline.map.header import new_header, scored_operation, skipped_operation
from headscribe.pipeline.map.identity import layer_identity
from headscribe.pipeline.map.job import open_job, unmapped_heads, unscored_operations, usable_map
from headscribe.store.headers import Model, now
from headscribe.store.map.kept_layers import KeptLayers, clear_layers
from headscribe.store.map.map_dir import MapDir
from headscribe.store.map.map_header import MapHeader


def map_model(  # noqa: PLR0913 - one argument per option of the command
    model: str,
    out: Path | str,
    settings: MapSettings | None = None,
    *,
    heads: str = "all",
    revision: str | None = None,
    force: bool = False,
    command: str = "",
    progress: Progress | None = None,
    engine: EngineName = "local",
    address: str | None = None,
) -> MapDir:
    """Find the salient mappings of a model's heads and write them to a map folder.

    A map of the same model and settings that lies there is added to; its heads are not mapped again.

    Args:
        model: a hub id, a local folder, or ``demo``.
        out: the map's folder, made if missing.
        settings: how to map; the paper's by default.
        heads: a selection such as ``all`` or ``L5H3,L8-11``.
        revision: branch, tag or commit of a hub model.
        force: replace a map of another model or settings.
        engine: ``local``, or ``ray`` to work on the nodes of a Ray cluster.
        address: of the cluster, ``HOST:PORT``; None to find it.

    Raises:
        HeadscribeError: the model, the selection or the folder cannot be used; nothing was written.
    """
    job = open_job(model, revision, settings or MapSettings(), heads)
    with open_engine(engine, address) as opened:
        return fill_map(
            job, Path(out), force=force, command=command, progress=progress or Silent(), engine=opened
        )


def score_model(  # noqa: PLR0913 - one argument per option of the command
    model: str,
    out: Path | str,
    settings: MapSettings | None = None,
    *,
    heads: str = "all",
    operations: Sequence[Path] | None = None,
    revision: str | None = None,
    force: bool = False,
    command: str = "",
    progress: Progress | None = None,
    engine: EngineName = "local",
    address: str | None = None,
) -> MapDir:
    """Score a model's heads for operations and write the scores to a map folder.

    Scores of other operations that lie there stay; ``operations`` are files or folders of the user's own,
    None for the built-in ones. Else as ``map_model``.

    Raises:
        HeadscribeError: the model, the operations, the selection or the folder cannot be used.
    """
    wanted = load_operations(operations or [])
    job = open_job(model, revision, settings or MapSettings(), heads, mappings=False, operations=wanted)
    with open_engine(engine, address) as opened:
        return fill_map(
            job, Path(out), force=force, command=command, progress=progress or Silent(), engine=opened
        )


def fill_map(
    job: MapJob,
    folder: Path,
    *,
    force: bool,
    command: str,
    progress: Progress,
    engine: Engine = LOCAL,
) -> MapDir:
    """Add to a map folder what the job asks for and the folder does not hold yet.

    Each layer is on disk as soon as it is done, so that the same call after a kill goes on from there.

    Raises:
        BadStore: a map of another model or settings lies there (and ``force`` is not set), or something that
            is no map; or the folder cannot be written, or another process is making it.
    """
    there = usable_map(job, folder, force=force)
    started, started_at = time.monotonic(), now()
    unmapped = unmapped_heads(job, there)
    unscored = unscored_operations(job, there)
    if there and not unmapped and not unscored:
        progress.say(f"The map in {folder} already holds this")
        clear_layers(folder)
        return there
    before = there.header if there else None
    header = new_header(job, before, engine, command=command, started_at=started_at)
    with KeptLayers(folder) as kept:
        work = _Layers(job, engine, kept, header.model, progress)
        scores, header = _score(work, there, unscored, header) if unscored else (None, header)
        new = _Mapped(work, unmapped) if unmapped else None
        maps = _between(there, new) if new else None

        def complete(header: MapHeader) -> MapHeader:
            dropped = header.dropped | (new.dropped if new else {})
            seconds = header.seconds + time.monotonic() - started
            return header.model_copy(update={"dropped": dropped, "seconds": seconds})

        return MapDir.write(folder, header, maps, scores, keep=there is not None, complete=complete)


@dataclass(frozen=True, slots=True)
class _Layers:
    """What it takes to get the layers of a map."""

    job: MapJob
    engine: Engine
    kept: KeptLayers
    model: Model
    progress: Progress


class _Mapped(Iterable[HeadMap]):
    """The maps of heads in model order: those that no earlier call has kept are computed, then all are read.

    Attributes:
        dropped: vocabulary rows left out, by reason; complete once all heads were given.
    """

    def __init__(self, work: _Layers, heads: list[Head]) -> None:
        self._kept, self._heads, self.dropped = work.kept, by_layer(heads), dict[str, int]()
        self._identity = layer_identity(work.model, work.job.settings)
        left = [
            head
            for layer, own in self._heads.items()
            if not self._kept.maps(self._identity, layer, own)
            for head in own
        ]
        if len(left) < len(heads):
            work.progress.say(f"{len(heads) - len(left)} heads were mapped by a call that was cut short")
        for done in work.engine.map_layers(work.job, left, work.progress) if left else ():
            self._kept.keep_maps(self._identity, done)

    def __iter__(self) -> Iterator[HeadMap]:
        for layer, own in self._heads.items():
            found = self._kept.maps(self._identity, layer, own)
            if found is None:
                raise BadStore(f"the finished layer {layer} has gone while the map was made")
            self.dropped |= found.dropped
            yield from found.maps


def _score(
    work: _Layers,
    there: MapDir | None,
    groups: dict[tuple[Head, ...], list[Operation]],
    header: MapHeader,
) -> tuple[list[OperationScore], MapHeader]:
    """All scores that the map shall hold, and the header that says which operations they are of."""
    from headscribe.mapping.source_view import vocabulary_rows

    found: list[OperationScore] = []
    skipped: list[SkippedOperation] = []
    for heads, operations in groups.items():
        scores, too_few = _score_group(work, operations, list(heads))
        found += scores
        skipped += too_few
    asked = {operation.name: operation for group in groups.values() for operation in group}
    replaced = {(score.operation, score.head) for score in found}
    without = {item.operation for item in skipped}
    kept = [
        score
        for score in (there.scores() if there else [])
        if (score.operation, score.head) not in replaced and score.operation not in without
    ]
    every = sorted(
        mark_above_chance(kept + found, vocabulary_rows(work.job.checkpoint, work.job.settings).n_kept),
        key=lambda score: (score.head, score.category, score.operation),
    )
    done = [scored_operation(operation) for operation in asked.values() if operation.name not in without]
    update = {
        "operations": (*(item for item in header.operations if item.name not in asked), *done),
        "skipped_operations": (
            *(item for item in header.skipped_operations if item.operation not in asked),
            *(skipped_operation(item, asked[item.operation]) for item in skipped),
        ),
    }
    return every, header.model_copy(update=update)


def _score_group(
    work: _Layers, operations: list[Operation], heads: list[Head]
) -> tuple[list[OperationScore], list[SkippedOperation]]:
    """The scores of heads that lack the same operations."""
    from headscribe.mapping.scores import scored_lists

    job, kept = work.job, work.kept
    lists, skipped = scored_lists(job.checkpoint, job.settings, operations)
    identity = layer_identity(work.model, job.settings, operations)
    found = {layer: kept.scores(identity, layer, own) for layer, own in by_layer(heads).items()}
    left = [head for layer, own in by_layer(heads).items() if found[layer] is None for head in own]
    for done in work.engine.score_layers(job, lists, left, work.progress) if left else ():
        kept.keep_scores(identity, done)
        found[done.layer] = done
    return [score for layer in found.values() if layer for score in layer.scores], skipped


def _between(there: MapDir | None, new: _Mapped) -> Iterator[HeadMap]:
    """The new heads' mappings between those that lie there, in model order, one head at a time."""
    if there is None or there.header.mappings is None:
        return iter(new)
    return heapq.merge(there.iter_head_maps(), new, key=lambda head_map: head_map.head)
