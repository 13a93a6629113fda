"""The header of a map, from what the stages say of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headscribe.core.records import SkippedOperation
from headscribe.core.settings import MapSettings
from headscribe.operations import K_RULE, MIN_PAIRS, PAIR_RULE, Operation
from headscribe.pipeline.map.model import model_header
from headscribe.store.map.map_header import MapHeader, ScoredOperation, Skipped
from headscribe.store.tool import this_tool

if TYPE_CHECKING:
    from headscribe.pipeline.engines.engine import Engine
    from headscribe.pipeline.engines.job import MapJob


PAPER_SALIENCY = "norm of e' W_V W_O over norm of e'; rows with e' = 0 are no sources"
PARTS_SALIENCY = "root mean square over targets of a source's entries in σ, relative to their mean"
PARTS_ROWS = (
    "a head's source tokens are those on which it acts most, and those of its sharpest pairs; usable tokens,"
    " one per spelling family"
)


def new_header(
    job: MapJob, there: MapHeader | None, engine: Engine, *, command: str, started_at: str
) -> MapHeader:
    """The header of a map that is made, or of one that is added to."""
    settings = job.settings
    if there is not None:
        settings = _settings_with(there, job)
    device, dtype = engine.arithmetic(settings)
    return MapHeader(
        device=device,
        dtype=dtype,
        seconds=there.seconds if there else 0.0,
        dropped=there.dropped if there else {},
        tool=this_tool(),
        command=command,
        model=model_header(job.checkpoint),
        settings=settings,
        started_at=there.started_at if there else started_at,
        operations=there.operations if there else (),
        skipped_operations=there.skipped_operations if there else (),
        mappings=there.mappings if there else None,
        constants=there.constants if there else None,
        roles=there.roles if there else None,
        scores=there.scores if there else None,
        rules=_rules(settings),
    )


def _settings_with(there: MapHeader, job: MapJob) -> MapSettings:
    """The job's settings, but for those that describe what stays as it lies there."""
    kept: dict[str, Any] = {}
    if there.mappings and not job.mappings:
        kept |= {name: getattr(there.settings, name) for name in ("salient", "targets", "rank_by")}
    if there.scores and not job.operations:
        kept |= {"k": there.settings.k}
    return job.settings.model_copy(update=kept)


def _rules(settings: MapSettings) -> dict[str, str]:
    """The rules behind the numbers, by name."""
    from headscribe.mapping.source_view import view_of_layer

    views = {
        "raw": "raw",
        "first-mlp": "first-mlp, without residual",
        "residual": "residual, the embedding and first-mlp",
    }
    first, later = (views[view_of_layer(settings, layer)] for layer in (0, 1))
    read = f"every layer: {later}" if first == later else f"layer 0: {first}; later layers: {later}"
    norms = {
        "leave": "in front of attention and of the unembedding: left out",
        "fold": "their weights are in W_V and W_O, and e' is normalised",
    }
    padded = {"drop": "left out as sources and as targets", "keep": "kept as sources and as targets"}
    ranked = {
        "saliency": "a head's source tokens are the first by their saliency",
        "pairs": "a head's source tokens are the first by their largest entry of M",
    }
    parts = settings.view == "parts"
    return {
        "view": settings.view,
        "source_view": read,
        "norms": norms[settings.folding],
        "rank_by": PARTS_ROWS if parts else ranked[settings.rank_by],
        "saliency": PARTS_SALIENCY if parts else PAPER_SALIENCY,
        "padded_rows": f"rows beyond the tokenizer are {padded[settings.padded_rows]}",
        "value_head": "head h reads value head floor(h / (n_heads / n_kv_heads))",
        "ties": "by ascending token id",
        "pair_filter": PAIR_RULE,
        "min_pairs": f"an operation is scored from {MIN_PAIRS} such pairs",
        "k": K_RULE,
    }


def scored_operation(operation: Operation) -> ScoredOperation:
    """What a header says of an operation that was scored."""
    return ScoredOperation(
        name=operation.name,
        category=operation.category,
        version=operation.version,
        source=operation.source,
        licence=operation.licence,
        digest=operation.digest(),
    )


def skipped_operation(item: SkippedOperation, operation: Operation) -> Skipped:
    """What a header says of an operation that has too few pairs."""
    return Skipped(
        operation=item.operation,
        category=item.category,
        n_pairs=item.n_pairs,
        needed=item.needed,
        digest=operation.digest(),
    )
