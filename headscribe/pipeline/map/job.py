"""What a map shall hold, and what of it a map folder lacks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from headscribe.core.errors import BadOption, BadStore
from headscribe.core.heads import Head, select_heads
from headscribe.core.settings import MapSettings
from headscribe.operations import Operation
from headscribe.pipeline.engines.job import MapJob
from headscribe.pipeline.map.identity import difference
from headscribe.pipeline.map.model import model_header
from headscribe.store.map.map_dir import MapDir

if TYPE_CHECKING:
    pass


def open_job(
    model: str,
    revision: str | None,
    settings: MapSettings,
    heads: str,
    *,
    mappings: bool = True,
    operations: Sequence[Operation] = (),
) -> MapJob:
    """Open a model and select heads of it.

    Raises:
        HeadscribeError: the model or the selection cannot be used.
        BadOption: mappings of heads taken apart are to be ranked by pairs.
    """
    from headscribe.mapping.checkpoint import open_checkpoint

    if mappings and settings.view == "parts" and settings.rank_by == "pairs":
        what = "heads taken apart show their sharpest pairs beside their salient tokens"
        raise BadOption(what, where="--rank-by pairs", do="Leave it out, or add --view paper")
    checkpoint = open_checkpoint(model, revision)
    facts = checkpoint.facts
    chosen = select_heads(heads, facts.n_layers, facts.n_heads, settings.seed)
    return MapJob(checkpoint, settings, chosen, mappings, operations)


def usable_map(job: MapJob, folder: Path, *, force: bool) -> MapDir | None:
    """The map in a folder if the job can add to it; None if there is none, or if it shall be replaced.

    Raises:
        BadStore: a map of another model or settings lies there (and ``force`` is not set), or no map at all.
    """
    there = MapDir.open(folder) if MapDir.exists(folder) else None
    if there is None or not (why := _conflict(job, there)):
        return there
    if force:
        return None
    raise BadStore(
        f"the map here was made otherwise: {why}",
        where=folder,
        do="Choose another folder with -o, the same settings, or --force to replace it",
    )


def check_map(job: MapJob, folder: Path) -> MapDir:
    """Open a map that a person named, and see that it is the one wanted; it is never written to.

    Raises:
        BadStore: it is of another model or other settings, or lacks heads.
    """
    there = MapDir.open(folder)
    if why := _conflict(job, there):
        raise BadStore(
            f"the map was made otherwise: {why}", where=folder, do="Give the options it was made with"
        )
    if missing := unmapped_heads(job, there):
        raise BadStore(
            f"the map lacks {len(missing)} of the heads, such as {missing[0].name}",
            where=folder,
            do="Add them with headscribe map, or choose others with --heads",
        )
    return there


def _conflict(job: MapJob, there: MapDir) -> str | None:
    return difference(there.header, model_header(job.checkpoint), job.settings, mappings=job.mappings)


def unmapped_heads(job: MapJob, there: MapDir | None) -> list[Head]:
    """The heads whose mappings the job wants and the map does not hold."""
    if not job.mappings:
        return []
    mapped = there.mapped_heads() if there else set()
    return sorted(head for head in {*job.heads, *job.comparison_heads} if head not in mapped)


def unscored_operations(job: MapJob, there: MapDir | None) -> dict[tuple[Head, ...], list[Operation]]:
    """The operations to score, grouped by the heads that lack them (nearly always one group).

    An operation whose pairs or k have changed is scored again for all heads that had a score.
    """
    known = {item.name: item.digest for item in there.header.operations} if there else {}
    skipped = {item.digest for item in there.header.skipped_operations} if there else set()
    same_k = there is not None and there.header.settings.k == job.settings.k
    scored = there.scored_heads() if there else {}
    groups: dict[tuple[Head, ...], list[Operation]] = {}
    for operation in job.operations:
        had = scored.get(operation.name, set())
        if same_k and known.get(operation.name) == operation.digest():
            missing = set(job.heads) - had
        elif operation.digest() in skipped:
            missing = set()
        else:
            missing = set(job.heads) | had
        if missing:
            groups.setdefault(tuple(sorted(missing)), []).append(operation)
    return groups
