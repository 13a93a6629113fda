"""Salience of all heads, and their whole maps, against the published procedure and the products it needs."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from benchmarks.entry import Comparison, Entry, Target, in_turn
from benchmarks.gpt2_shape import HEADS, LAYERS, VOCABULARY, WIDTH
from benchmarks.published import read, salient_mappings, salient_sources
from benchmarks.rates import matrix_seconds
from headscribe.core.heads import select_heads
from headscribe.core.settings import MapSettings
from headscribe.mapping.checkpoint import open_checkpoint
from headscribe.mapping.devices import choose_arithmetic
from headscribe.mapping.head_maps import map_heads
from headscribe.mapping.salience import most_salient, saliency
from headscribe.mapping.source_view import source_table, view_of_layer, vocabulary_rows

SAMPLE = [(3, 5), (7, 0)]
"""Heads that the published procedure is timed on; each takes as long as any other."""

FIRST_MLP = 2 * VOCABULARY * WIDTH * 4 * WIDTH * 2
PROJECTIONS = 2 * VOCABULARY * WIDTH * WIDTH * LAYERS
"""Operations that no order of the products avoids: the first MLP once, and each token through each W_V."""


def measure(folder: Path, repeats: int) -> dict[str, object]:
    """Seconds for all heads from the opened files on, so that reading them counts."""
    settings, everything = MapSettings(view="paper"), select_heads("all", LAYERS, HEADS)
    weights = read(open_checkpoint(str(folder)))
    cached = weights.first_mlp(weights.e)
    scale = len(everything) / len(SAMPLE)
    floors: list[float] = []
    found: dict[tuple[int, int], list[int]] = {}
    expected: dict[tuple[int, int], list[int]] = {}

    def published_salience() -> None:
        for head in SAMPLE:
            expected[head] = salient_sources(weights, *head, settings.salient)

    def published_maps() -> None:
        for head in SAMPLE:
            salient_mappings(weights, *head, settings.salient, settings.targets)

    seconds = in_turn(
        repeats,
        published=published_salience,
        floor=lambda: floors.append(matrix_seconds(FIRST_MLP + PROJECTIONS)),
        ours=lambda: found.update(all_salient_sources(folder, settings)),
        cached=lambda: [salient_sources(weights, *head, settings.salient, cached) for head in SAMPLE],
        maps=lambda: sum(1 for _ in map_heads(open_checkpoint(str(folder)), settings, everything)),
        published_maps=published_maps,
    )
    assert all(found[head] == ids for head, ids in expected.items())
    plain, warm, whole = (median(seconds[name]) * scale for name in ("published", "cached", "published_maps"))
    floor = Comparison(
        "the first MLP once and every token through every W_V, at the matrix rate", median(floors)
    )
    n = len(everything)
    of = f"{len(SAMPLE)} of {n} heads, extrapolated: W_V W_O multiplied out"
    entries = [
        Entry(
            f"salience of all {n} heads",
            seconds["ours"],
            Comparison(f"{of}, the first MLP for every head", plain),
            floor,
            Target("ratio_to_floor", "at most", 1.5),
        ),
        Entry(
            f"salience of all {n} heads, as published",
            seconds["ours"],
            Comparison(f"{of}, the first MLP for every head", plain),
            floor,
            Target("ratio_to_baseline", "at least", 40),
        ),
        Entry(
            f"salience of all {n} heads, first MLP kept",
            seconds["ours"],
            Comparison(f"{of}, the first MLP kept from before and not timed", warm),
            floor,
            Target("ratio_to_baseline", "at least", 5),
        ),
        Entry(
            f"whole maps of all {n} heads",
            seconds["maps"],
            Comparison(f"{of}, the first MLP for every head, full rows of M sorted", whole),
            floor,
            note="salience, then 5 promoted and 5 suppressed targets of 30 sources per head, with texts",
        ),
    ]
    return {"entries": entries}


def all_salient_sources(folder: Path, settings: MapSettings) -> dict[tuple[int, int], list[int]]:
    """Ids of the most salient tokens of every head."""
    checkpoint = open_checkpoint(str(folder))
    arithmetic, rows = choose_arithmetic(settings), vocabulary_rows(checkpoint, settings)
    found, table = {}, None
    for layer in range(LAYERS):
        view = view_of_layer(settings, layer)
        if table is None or table.view != view:
            table = source_table(checkpoint, view, arithmetic, rows)
        ov = checkpoint.ov(layer, arithmetic.dtype, arithmetic.device)
        _, ids = most_salient(saliency(table, ov, range(HEADS)), settings.salient)
        found |= {(layer, head): row for head, row in enumerate(ids.tolist())}
    return found
