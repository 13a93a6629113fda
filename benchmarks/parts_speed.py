"""All heads of GPT-2's shape taken apart, beside the paper's map of them and beside whole V × V maps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

import torch

from benchmarks.entry import Comparison, Entry, Target, in_turn, on_processors
from benchmarks.gpt2_shape import HEADS, LAYERS, VOCABULARY, WIDTH
from benchmarks.rates import matrix_seconds
from headscribe.core.heads import Head, select_heads
from headscribe.core.settings import MapSettings
from headscribe.mapping.checkpoint import open_checkpoint
from headscribe.mapping.devices import choose_arithmetic
from headscribe.mapping.head_maps import map_heads
from headscribe.mapping.source_view import source_table, view_of_layer, vocabulary_rows

PARTS, PAPER = MapSettings(view="parts"), MapSettings(view="paper")

PLAIN_ROWS = 1024
"""Rows of the whole map that the plain way is timed on: each takes as long as any other."""

FIRST_MLP = 2 * VOCABULARY * WIDTH * 4 * WIDTH * 2
FACTORS = 2 * 2 * VOCABULARY * WIDTH * WIDTH * LAYERS


def measure(folder: Path, repeats: int) -> dict[str, object]:
    """Seconds from the opened files on."""
    everything, whole = select_heads("all", LAYERS, HEADS), _WholeMap(folder, Head(5, 3))
    floors, parts, paper = list[float](), list[float](), list[float]()
    seconds = in_turn(
        repeats,
        parts=on_processors(lambda: map_all(folder, PARTS, everything), parts),
        paper=on_processors(lambda: map_all(folder, PAPER, everything), paper),
        plain=whole.rows,
        floor=lambda: floors.append(matrix_seconds(FIRST_MLP + FACTORS)),
    )
    plain = median(seconds["plain"]) * VOCABULARY / PLAIN_ROWS * len(everything)
    entry = Entry(
        f"all {len(everything)} heads taken apart",
        seconds["parts"],
        Comparison("the standardised map in full, sorted; rows of one head, extrapolated", plain),
        Comparison("the first MLP once, every token through every W_V and W_O", median(floors)),
        Target("over_paper_map", "at most", 1.5),
        {
            "over_paper_map": ratio(parts, paper),
            "over_paper_map_by_the_clock": ratio(seconds["parts"], seconds["paper"]),
            "paper_map_seconds": median(seconds["paper"]),
        },
        "over_paper_map: seconds of processors beside those of the paper's map of the same heads, by turns",
    )
    return {"entries": [entry]}


def ratio(these: Sequence[float], those: Sequence[float]) -> float:
    """How many times longer these runs take than those beside them; the median."""
    return median(one / other for one, other in zip(these, those, strict=True))


def map_all(folder: Path, settings: MapSettings, heads: Sequence[Head]) -> None:
    """Map heads, and keep nothing."""
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
