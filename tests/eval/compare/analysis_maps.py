"""Score tables and map folders with planted scores, for the tests of the analyses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from headscribe.core.heads import Head, parse_head
from headscribe.core.records import OperationScore
from headscribe.core.settings import MapSettings
from headscribe.eval.compare import ScoreTable, score_table
from headscribe.store.headers import Model
from headscribe.store.map.map_dir import MapDir
from headscribe.store.map.map_header import MapHeader, ScoredOperation
from headscribe.store.tool import this_tool

CATEGORIES = {
    "copying": "algorithmic",
    "name_copying": "algorithmic",
    "country_to_capital": "knowledge",
    "country_to_language": "knowledge",
    "word_to_synonym": "linguistic",
    "year_to_following": "algorithmic",
}
N_PAIRS = 100

Planted = Mapping[str, Mapping[str, float]]
"""For each head by name, its scores by operation; ``-operation`` is a suppression score."""


def records(
    planted: Planted, n_layers: int, n_heads: int, operations: Iterable[str] = tuple(CATEGORIES)
) -> list[OperationScore]:
    """Scores of every head of a model for every operation, zero where nothing is planted."""
    by_head = {parse_head(name): scores for name, scores in planted.items()}
    return [
        OperationScore(
            head=head,
            operation=operation,
            category=CATEGORIES[operation],
            hits=round(N_PAIRS * by_head.get(head, {}).get(operation, 0.0)),
            suppression_hits=round(N_PAIRS * by_head.get(head, {}).get(f"-{operation}", 0.0)),
            k=1 if operation == "copying" else 10,
            n_pairs=N_PAIRS,
        )
        for head in (Head(layer, head) for layer in range(n_layers) for head in range(n_heads))
        for operation in operations
    ]


def table(
    planted: Planted,
    n_layers: int = 3,
    n_heads: int = 4,
    n_kv_heads: int | None = None,
    *,
    label: str = "model",
    operations: Iterable[str] = tuple(CATEGORIES),
) -> ScoreTable:
    """A score table with planted scores."""
    scores = records(planted, n_layers, n_heads, tuple(operations))
    return score_table(label, scores, n_layers=n_layers, n_heads=n_heads, n_kv_heads=n_kv_heads or n_heads)


def write_map(
    folder: Path,
    scores: list[OperationScore] | None,
    *,
    name: str = "planted",
    n_layers: int = 3,
    n_heads: int = 4,
    n_kv_heads: int | None = None,
    revision: str | None = None,
    d_model: int = 40,
    n_tokens: int = 95,
) -> MapDir:
    """A map folder that holds these scores and no mappings."""
    model = Model(
        name=name,
        revision=revision,
        weights_hash=f"weights of {name}",
        tokenizer_hash="tokenizer",
        family="gpt2",
        n_layers=n_layers,
        n_heads=n_heads,
        n_kv_heads=n_kv_heads or n_heads,
        d_model=d_model,
        d_head=d_model // n_heads,
        vocab_size=n_tokens,
        n_tokens=n_tokens,
        dtype="float32",
    )
    operations = {score.operation: score.category for score in scores or []}
    header = MapHeader(
        tool=this_tool(),
        model=model,
        settings=MapSettings(view="paper"),
        device="cpu",
        dtype="float32",
        started_at="2026-01-01T00:00:00+00:00",
        operations=tuple(
            ScoredOperation(name=operation, category=category, version=1, digest=f"digest of {operation}")
            for operation, category in operations.items()
        ),
    )
    return MapDir.write(folder, header, scores=scores)
