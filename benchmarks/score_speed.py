"""Scoring all heads for the paper's 20 operations, and all built-in ones, against the published procedure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.entry import Comparison, Entry, Target, in_turn
from benchmarks.gpt2_shape import HEADS, LAYERS, VOCABULARY, WIDTH
from benchmarks.maps_published import OPERATIONS as PAPER
from benchmarks.published import Weights, operation_hits, read
from benchmarks.rates import matrix_seconds
from headscribe.core.heads import Head, select_heads
from headscribe.core.settings import MapSettings
from headscribe.mapping.checkpoint import open_checkpoint
from headscribe.mapping.scores import score_heads
from headscribe.operations import Operation, builtin_operations, k_for, single_token_pairs, valid

SAMPLE = [Head(7, 5)]
"""Heads that the published procedure is timed on; each takes as long as any other."""

Pairs = dict[str, list[tuple[int, int]]]


def measure(folder: Path, repeats: int) -> dict[str, object]:
    """Seconds for all heads, from the opened files on; the sample's hits must be equal."""
    paper = [one for one in builtin_operations() if one.name in PAPER.values()]
    assert len(paper) == len(PAPER)
    entries = [
        _entry(
            folder, paper, repeats, "the paper's 20 operations", Target("ratio_to_baseline", "at least", 30)
        ),
        _entry(folder, builtin_operations(), 1, "all built-in operations", None),
    ]
    return {"entries": entries}


def _entry(
    folder: Path, operations: Sequence[Operation], repeats: int, name: str, target: Target | None
) -> Entry:
    everything, settings = select_heads("all", LAYERS, HEADS), MapSettings()
    checkpoint = open_checkpoint(str(folder))
    weights, word_id = read(checkpoint), checkpoint.vocabulary.word_id
    pairs = {one.name: single_token_pairs(one, word_id) for one in operations}
    scored = [one for one in operations if valid(len(pairs[one.name]))]
    n_pairs = sum(len(pairs[one.name]) for one in scored)
    sources = {source for one in scored for source, _ in pairs[one.name]}
    # every distinct source through the head, then against U: what deciding a rank by its whole row takes
    flop = 2 * len(sources) * VOCABULARY * WIDTH * len(everything)
    found: dict[tuple[Head, str], tuple[int, int]] = {}
    expected: dict[tuple[Head, str], tuple[int, int]] = {}
    floors: list[float] = []

    def ours() -> None:
        scores, _ = score_heads(open_checkpoint(str(folder)), settings, operations, everything)
        found.update({(row.head, row.operation): (row.hits, row.suppression_hits) for row in scores})

    seconds = in_turn(
        repeats,
        published=lambda: expected.update(_published(weights, scored, pairs)),
        floor=lambda: floors.append(matrix_seconds(flop)),
        ours=ours,
    )
    assert all(found[key] == hits for key, hits in expected.items())
    return Entry(
        f"scores of {name}, all {len(everything)} heads",
        seconds["ours"],
        Comparison(
            f"{len(SAMPLE)} of {len(everything)} heads, extrapolated: whole rows of M, sorted at both ends",
            median(seconds["published"]) / len(SAMPLE) * len(everything),
        ),
        Comparison("whole rows of M of every distinct source, at the matrix rate", median(floors)),
        target,
        {"operations": len(scored), "pairs": n_pairs},
        "below the floor because most ranks are decided on a sample of columns",
    )


def _published(
    weights: Weights, operations: Sequence[Operation], pairs: Pairs
) -> dict[tuple[Head, str], tuple[int, int]]:
    return {
        (head, one.name): operation_hits(weights, *head, pairs[one.name], k_for(one, len(weights.e)))
        for head in SAMPLE
        for one in operations
    }
