"""A checkpoint of as many heads as wanted, and a map of it that nobody computed, for describing alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from headscribe.core.heads import Head
from headscribe.core.records import HeadMap, Mapping, OperationScore, Token
from headscribe.core.settings import MapSettings
from headscribe.operations import Operation, builtin_operations
from headscribe.pipeline.engines.local import LOCAL
from headscribe.pipeline.map.header import new_header, scored_operation
from headscribe.pipeline.map.job import open_job
from headscribe.store.map.map_dir import MapDir
from tests.mapping.tiny_models import save_tiny

WORDS = 5_000
SCORED = 20
"""Built-in operations that the map has scores of."""


def write_made_map(
    folder: Path,
    layers: int,
    heads: int,
    *,
    rows: int = 30,
    targets: int = 5,
    text: Callable[[int], str] = " word{}".format,
) -> tuple[str, Path]:
    """Write ``folder/model`` and ``folder/map``; every head has rows of its own, drawn from a fixed seed.

    Args:
        folder: made if missing.
        layers: of the model.
        heads: per layer.
        rows: mappings per head.
        targets: promoted and suppressed tokens per row.
        text: of the token with a given id, below ``WORDS``.
    """
    save_tiny("gpt2", folder / "model", n_layer=layers, n_head=heads, n_embd=heads)
    settings = MapSettings(view="paper", salient=rows, targets=targets)
    job = open_job(str(folder / "model"), None, settings, "all")
    operations = builtin_operations()[:SCORED]
    header = new_header(job, None, LOCAL, command="", started_at="2026-01-01T00:00:00+00:00")
    header = header.model_copy(update={"operations": tuple(map(scored_operation, operations))})
    rng = random.Random(0)
    maps = (HeadMap(head, _rows(rng, rows, targets, text)) for head in job.heads)
    MapDir.write(folder / "map", header, maps, _scores(rng, list(job.heads), operations))
    return str(folder / "model"), folder / "map"


def _rows(rng: random.Random, rows: int, targets: int, text: Callable[[int], str]) -> tuple[Mapping, ...]:
    def tokens(count: int) -> tuple[Token, ...]:
        return tuple(Token(id, text(id)) for id in rng.sample(range(WORDS), count))

    logits = tuple(float(targets - place) for place in range(targets))
    return tuple(
        Mapping(rank, source, 2 - rank / rows, tokens(targets), logits, tokens(targets), logits)
        for rank, source in enumerate(tokens(rows))
    )


def _scores(
    rng: random.Random, heads: list[Head], operations: tuple[Operation, ...]
) -> Iterator[OperationScore]:
    for head in heads:
        for one in operations:
            hits = rng.randrange(5) if rng.random() < 0.3 else 0
            yield OperationScore(head, one.name, one.category, hits, 0, 10, 50)
