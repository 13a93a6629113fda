"""The top pairs of whole maps, against going through every entry of them, in the same run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

from benchmarks.entry import Comparison, Entry, Target, in_turn
from benchmarks.rates import matrix_seconds
from headscribe.core.heads import Head
from headscribe.core.settings import MapSettings
from headscribe.mapping.checkpoint import Checkpoint, open_checkpoint
from headscribe.mapping.devices import choose_arithmetic
from headscribe.mapping.largest_entries import SMALL, largest_entries
from headscribe.mapping.source_view import source_table, view_of_layer, vocabulary_rows
from headscribe.mapping.top_pairs import head_factors

K = 100
HEAD = Head(5, 3)
"""Of GPT-2's shape; the others take as long."""

SPREADS = (0.25, 0.5, 1.0)
"""Standard deviations of the logarithm of a row's length, where lengths are heavy-tailed."""

BLOCK = 1024
SAMPLE = 8
"""The running top-k is timed on every so many-th source: each takes as long as any other."""

STORIES = Path(__file__).resolve().parents[2] / "shared" / "oracle" / "stories260K"

FASTER = Target("ratio_to_baseline", "at least", 5)
NOT_SLOWER = Target("ratio_to_running_limit", "at least", 0.87)
"""At most 1.15 times slower than without any bounds."""

Factors = tuple[Tensor, Tensor]


def running_top_k(a: Tensor, b: Tensor, k: int) -> Tensor:
    """The plain procedure: multiply a block, take its k largest entries, keep the k largest of all."""
    best = a.new_full((k,), -torch.inf)
    for i in range(0, len(a), BLOCK):
        for j in range(0, len(b), BLOCK):
            entries = (a[i : i + BLOCK] @ b[j : j + BLOCK].T).flatten()
            best = torch.cat([best, entries.topk(min(k, len(entries))).values]).topk(k).values
    return best


def time_search(name: str, maps: Sequence[Factors], repeats: int, target: Target | None) -> Entry:
    """Time all three on the same factors, turn by turn; what they find must be equal."""
    thinned = [(a[::SAMPLE].contiguous(), b) for a, b in maps]
    found: dict[bool, list[Tensor]] = {}
    shares: list[float] = []
    floors: list[float] = []

    def search(*, prune: bool | None) -> None:
        entries = [largest_entries(a, b, K, prune=prune) for a, b in maps]
        found[prune is None] = [column for one in entries for column in (one.values, one.rows, one.columns)]
        if prune is None:
            whole = sum(len(a) * len(b) for a, b in maps)
            shares.append(sum(one.multiplied for one in entries) / whole)

    seconds = in_turn(
        repeats,
        ours=lambda: search(prune=None),
        plain=lambda: search(prune=False),
        floor=lambda: floors.append(matrix_seconds(sum(2 * len(b) * a.numel() for a, b in maps))),
        top_k=lambda: [running_top_k(a, b, K) for a, b in thinned],
    )
    assert all(torch.equal(one, other) for one, other in zip(found[True], found[False], strict=True))
    return Entry(
        f"{K} top pairs, {name}",
        seconds["ours"],
        Comparison("a blocked product with running top-k", median(seconds["top_k"]) * SAMPLE),
        Comparison("every entry multiplied out, at the matrix rate", median(floors)),
        target,
        {
            "ratio_to_running_limit": median(seconds["plain"]) / median(seconds["ours"]),
            "share_multiplied": shares[-1],
        },
        "from the factors of the map on; the running top-k is extrapolated from every eighth source; the "
        "running limit is our own search without bounds",
    )


def factors(checkpoint: Checkpoint, heads: Sequence[Head]) -> list[Factors]:
    """Both factors of the map of each head, with the default settings."""
    settings = MapSettings(view="paper")
    arithmetic, rows = choose_arithmetic(settings), vocabulary_rows(checkpoint, settings)
    dtype, device = arithmetic.dtype, arithmetic.device
    unembedding, found, table = checkpoint.unembedding(dtype, device), [], None
    for head in heads:
        view = view_of_layer(settings, head.layer)
        if table is None or table.view != view:
            table = source_table(checkpoint, view, arithmetic, rows)
        both = head_factors(table, rows, checkpoint.ov(head.layer, dtype, device), head.head, unembedding)
        found.append((both.a, both.b))
    return found


def heavy_tailed(maps: Sequence[Factors], spread: float) -> list[Factors]:
    """The same maps with the length of every row multiplied by a lognormal number."""
    generator = torch.Generator().manual_seed(0)

    def scaled(factor: Tensor) -> Tensor:
        return factor * torch.exp(spread * torch.randn(len(factor), 1, generator=generator))

    return [(scaled(a), scaled(b)) for a, b in maps]


def measure(folder: Path, repeats: int) -> dict[str, object]:
    """Seconds to find the top pairs once the factors are there, and how many times faster that is."""
    random = factors(open_checkpoint(str(folder)), [HEAD])
    entries = [time_search("random weights", random, repeats, NOT_SLOWER)]
    for spread in SPREADS:
        name = f"row lengths spread by {spread}"
        entries.append(time_search(name, heavy_tailed(random, spread), repeats, FASTER))
    trained = {"demo": "demo"} | ({"stories260K": str(STORIES)} if STORIES.exists() else {})
    for name, model in trained.items():
        checkpoint = open_checkpoint(model)
        shape = checkpoint.facts
        heads = [Head(layer, head) for layer in range(shape.n_layers) for head in range(shape.n_heads)]
        # maps as small as those of stories260K are searched plainly: there is nothing to gain
        target = FASTER if shape.vocab_size**2 > SMALL else None
        entries.append(time_search(f"all heads of {name}", factors(checkpoint, heads), repeats, target))
    return {"entries": entries}
