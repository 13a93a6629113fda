"""Heads taken apart, beside the paper's map of the same heads and beside whole V × V maps."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import torch

from benchmarks.entry import Comparison, Entry, Target, in_turn
from benchmarks.gpt2_shape import HEADS, LAYERS, VOCABULARY, WIDTH
from benchmarks.llama_shape import Shape, write_checkpoint
from benchmarks.memory import resident
from benchmarks.rates import matrix_seconds
from headscribe.core.heads import Head, select_heads
from headscribe.core.settings import MapSettings
from headscribe.mapping.checkpoint import open_checkpoint
from headscribe.mapping.devices import choose_arithmetic
from headscribe.mapping.head_maps import map_heads
from headscribe.mapping.source_view import source_table, view_of_layer, vocabulary_rows

PARTS, PAPER = MapSettings(view="parts"), MapSettings(view="paper")

LARGE = Shape("a vocabulary of 262,144", 3, 4, 1, 1152, 6912, d_head=256, vocabulary=262_144)
"""Of the shape of a small model of today with a large vocabulary."""

PLAIN_ROWS = 1024
"""Rows of the whole map that the plain way is timed on: each takes as long as any other."""

FIRST_MLP = 2 * VOCABULARY * WIDTH * 4 * WIDTH * 2
FACTORS = 2 * 2 * VOCABULARY * WIDTH * WIDTH * LAYERS


def measure(folder: Path, repeats: int) -> dict[str, object]:
    """Seconds from the opened files on, for all heads of GPT-2's shape, then with a large vocabulary."""
    large = folder.parent / "large-vocabulary"
    write_checkpoint(large, LARGE, range(LARGE.n_layers))
    try:
        return {"entries": [_gpt2(folder, repeats), _large(large, repeats)]}
    finally:
        shutil.rmtree(large)


def _gpt2(folder: Path, repeats: int) -> Entry:
    everything, whole = select_heads("all", LAYERS, HEADS), _WholeMap(folder, Head(5, 3))
    floors: list[float] = []
    seconds = in_turn(
        repeats,
        parts=lambda: _map(folder, PARTS, everything),
        paper=lambda: _map(folder, PAPER, everything),
        plain=whole.rows,
        floor=lambda: floors.append(matrix_seconds(FIRST_MLP + FACTORS)),
    )
    plain = median(seconds["plain"]) * VOCABULARY / PLAIN_ROWS * len(everything)
    ratios = [one / other for one, other in zip(seconds["parts"], seconds["paper"], strict=True)]
    return Entry(
        f"all {len(everything)} heads taken apart",
        seconds["parts"],
        Comparison("the standardised map in full, sorted; rows of one head, extrapolated", plain),
        Comparison("the first MLP once, every token through every W_V and W_O", median(floors)),
        Target("over_paper_map", "at most", 1.5),
        {"over_paper_map": median(ratios), "paper_map_seconds": median(seconds["paper"])},
        "over_paper_map: beside the paper's map of the same heads, by turns",
    )


def _large(folder: Path, repeats: int) -> Entry:
    heads = select_heads("all", LARGE.n_layers, LARGE.n_heads)
    v, d, width = LARGE.vocabulary, LARGE.d_model, LARGE.d_head
    mlp = 2 * 3 * v * d * LARGE.d_mlp
    factors = 2 * v * d * width * (LARGE.n_kv_heads + LARGE.n_heads) * LARGE.n_layers
    before, floors = resident(), list[float]()
    seconds = in_turn(
        repeats,
        parts=lambda: _map(folder, PARTS, heads),
        paper=lambda: _map(folder, PAPER, heads),
        floor=lambda: floors.append(matrix_seconds(mlp + factors)),
    )
    ratios = [one / other for one, other in zip(seconds["parts"], seconds["paper"], strict=True)]
    return Entry(
        f"{len(heads)} heads taken apart, {LARGE.name}",
        seconds["parts"],
        Comparison("see the times of GPT-2's shape"),
        Comparison("the first MLP once, every token through every W_V and W_O", median(floors)),
        None,
        {
            "over_paper_map": median(ratios),
            "paper_map_seconds": median(seconds["paper"]),
            "peak_mib": resident("VmHWM") - before,
            "embeddings_mib": 3 * 4 * v * d / 2**20,
        },
        f"{LARGE.n_layers} layers, one value head each, width {d}; embeddings are E, U and E'",
    )


def _map(folder: Path, settings: MapSettings, heads: Sequence[Head]) -> None:
    for _ in map_heads(open_checkpoint(str(folder)), settings, heads):
        pass


class _WholeMap:
    """Z of one head as one would write it down: rows of D over its columns' deviations, each row sorted."""

    def __init__(self, folder: Path, head: Head) -> None:
        checkpoint = open_checkpoint(str(folder))
        arithmetic, rows = choose_arithmetic(PARTS), vocabulary_rows(checkpoint, PARTS)
        table = source_table(checkpoint, view_of_layer(PARTS, head.layer), arithmetic, rows, PARTS.folding)
        ov = checkpoint.ov(head.layer, norms=PARTS.folding)
        values = table.vectors @ ov.w_v[head.head]
        self._specific = (values - values.mean(0))[:PLAIN_ROWS]
        self._w_o, self._unembedding = ov.w_o[head.head], checkpoint.unembedding()

    def rows(self) -> None:
        """The first ``PLAIN_ROWS`` rows."""
        entries = self._specific @ self._w_o @ self._unembedding.T
        torch.sort(entries / entries.std(0), dim=1)
