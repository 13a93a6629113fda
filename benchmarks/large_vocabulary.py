"""Heads with a vocabulary of 262,144 taken apart, beside the paper's map of the same heads."""

from __future__ import annotations

import shutil
from pathlib import Path
from statistics import median

from benchmarks.entry import Comparison, Entry, in_turn, on_processors
from benchmarks.llama_shape import Shape, write_checkpoint
from benchmarks.memory import resident
from benchmarks.parts_speed import PAPER, PARTS, map_all, ratio
from benchmarks.rates import matrix_seconds
from headscribe.core.heads import select_heads

LARGE = Shape("a vocabulary of 262,144", 3, 4, 1, 1152, 6912, d_head=256, vocabulary=262_144)
"""Of the shape of a small model of today with a large vocabulary."""


def measure(folder: Path, repeats: int) -> dict[str, object]:
    """Seconds from the opened files on; the checkpoint is written beside ``folder`` and deleted again."""
    own = folder.parent / "large-vocabulary"
    write_checkpoint(own, LARGE, range(LARGE.n_layers))
    try:
        return {"entries": [_entry(own, repeats)]}
    finally:
        shutil.rmtree(own)


def _entry(folder: Path, repeats: int) -> Entry:
    heads = select_heads("all", LARGE.n_layers, LARGE.n_heads)
    v, d, width = LARGE.vocabulary, LARGE.d_model, LARGE.d_head
    mlp = 2 * 3 * v * d * LARGE.d_mlp
    factors = 2 * v * d * width * (LARGE.n_kv_heads + LARGE.n_heads) * LARGE.n_layers
    before, floors, parts, paper = resident(), list[float](), list[float](), list[float]()
    seconds = in_turn(
        repeats,
        parts=on_processors(lambda: map_all(folder, PARTS, heads), parts),
        paper=on_processors(lambda: map_all(folder, PAPER, heads), paper),
        floor=lambda: floors.append(matrix_seconds(mlp + factors)),
    )
    return Entry(
        f"{len(heads)} heads taken apart, {LARGE.name}",
        seconds["parts"],
        Comparison("see the times of GPT-2's shape"),
        Comparison("the first MLP once, every token through every W_V and W_O", median(floors)),
        None,
        {
            "over_paper_map": ratio(parts, paper),
            "over_paper_map_by_the_clock": ratio(seconds["parts"], seconds["paper"]),
            "paper_map_seconds": median(seconds["paper"]),
            "peak_mib": resident("VmHWM") - before,
            "embeddings_mib": 3 * 4 * v * d / 2**20,
        },
        f"{LARGE.n_layers} layers, one value head each, width {d}; embeddings are E, U and E'; "
        "over_paper_map is of seconds of processors",
    )
