"""A run of a given map and given descriptions, written without mapping or describing anything."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from headscribe.core.descriptions import Description, Outcome, Status
from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.store.describe.run_dir import MAP
from headscribe.store.describe.run_header import MapReference, RunHeader
from headscribe.store.describe.run_writer import RunWriter
from headscribe.store.headers import Model, now
from headscribe.store.map.map_dir import MapDir
from headscribe.store.map.map_header import MapHeader
from headscribe.store.tool import this_tool

N_LAYERS, N_HEADS, N_PAIRS = 4, 5, 40
MODEL = Model(
    name="made", weights_hash="0", tokenizer_hash="0", family="gpt2", n_layers=N_LAYERS, n_heads=N_HEADS,
    n_kv_heads=N_HEADS, d_model=64, d_head=2, vocab_size=10, n_tokens=10, dtype="float32",
)  # fmt: skip


def described(said: str | None, confidence: float | None = None, status: str = "ok") -> Outcome:
    """An outcome; without words it has the status ``unclear`` unless another is given."""
    if said is None:
        found = Status(status) if status != "ok" else Status.UNCLEAR
        return Outcome(found, error="nothing" if found is not Status.UNCLEAR else None)
    return Outcome(Status.OK, pattern=said, description=said, confidence=confidence)


def made_run(
    folder: Path,
    outcomes: Mapping[Head, Outcome],
    scores: Mapping[Head, Mapping[str, float]],
    *,
    categories: Mapping[str, str] | None = None,
    state: str = "finished",
    llm: str = "made",
    method: str = "verified",
) -> Path:
    """Write a run and its map.

    Args:
        folder: of the run.
        outcomes: by head.
        scores: by head and operation; none at all for a map without scores.
        categories: of the operations; ``knowledge`` for the others.
        state: of the run.
        llm: who described.
        method: how.
    """
    rows = [
        OperationScore(
            head, name, (categories or {}).get(name, "knowledge"), round(score * N_PAIRS), 0, 10, N_PAIRS
        )
        for head, by_name in scores.items()
        for name, score in by_name.items()
    ]
    header = MapHeader(
        tool=this_tool(),
        model=MODEL,
        settings=MapSettings(view="paper"),
        device="cpu",
        dtype="float32",
        started_at=now(),
    )
    with RunWriter(folder) as writer:
        made = MapDir.write(folder / MAP, header, head_maps=() if not rows else None, scores=rows or None)
        writer.write_descriptions(
            Description(head, outcome, method, llm) for head, outcome in sorted(outcomes.items())
        )
        writer.write_header(
            RunHeader(
                tool=this_tool(),
                command="headscribe describe made",
                model=MODEL,
                map=MapReference(path=MAP, content_hash=made.content_hash),
                llm=llm,
                method=method,
                settings=DescribeSettings(),
                state=state,
                started_at=now(),
            )
        )
    return folder
