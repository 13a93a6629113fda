"""Scoring all heads for the paper's 20 operations, and all built-in ones, beside the plain procedures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from itertools import product
from math import isclose
from pathlib import Path
from statistics import median

from benchmarks.entry import Comparison, Entry, Target, in_turn, on_processors
from benchmarks.gpt2_shape import HEADS, LAYERS, VOCABULARY, WIDTH
from benchmarks.maps_published import OPERATIONS as PAPER
from benchmarks.published import PlainScores, operation_scores, read, specific_scores
from benchmarks.rates import matrix_seconds
from headscribe.core.heads import Head, select_heads
from headscribe.core.records import OperationScore
from headscribe.core.settings import MapSettings
from headscribe.mapping.checkpoint import open_checkpoint
from headscribe.mapping.scores import score_heads
from headscribe.mapping.usable_tokens import usable_tokens
from headscribe.operations import Operation, builtin_operations, k_for, single_token_pairs, valid

SAMPLE = [Head(7, 5)]
"""Heads that the plain procedures are timed on; each takes as long as any other."""

WHOLE_MAPS = 3
"""Operations that the plain way in parts is timed on: each makes the whole map."""


def measure(folder: Path, repeats: int) -> dict[str, object]:
    """Seconds for all heads, from the opened files on; the sample's scores must be equal."""
    paper = [one for one in builtin_operations() if one.name in PAPER.values()]
    assert len(paper) == len(PAPER)
    every, plain = builtin_operations(), MapSettings(view="paper")
    target = Target("ratio_to_baseline", "at least", 30)
    entries = [
        _entry(folder, paper, plain, repeats, "scores of the paper's 20 operations", target),
        _entry(folder, every, plain, 1, "scores of all built-in operations", None),
        _entry(folder, every, MapSettings(view="parts"), 1, "scores of all of them in parts", None),
    ]
    return {"entries": entries}


def _entry(
    folder: Path,
    operations: Sequence[Operation],
    settings: MapSettings,
    repeats: int,
    name: str,
    target: Target | None,
) -> Entry:
    everything, parts = select_heads("all", LAYERS, HEADS), settings.view == "parts"
    checkpoint = open_checkpoint(str(folder))
    weights, word_id = read(checkpoint), checkpoint.vocabulary.word_id
    pairs = {one.name: single_token_pairs(one, word_id) for one in operations}
    scored = [one for one in operations if valid(len(pairs[one.name]))]
    n_pairs = sum(len(pairs[one.name]) for one in scored)
    sources = {source for one in scored for source, _ in pairs[one.name]}
    # every distinct source through the head, then against U: what deciding a rank by its whole row takes
    flop = 2 * len(sources) * VOCABULARY * WIDTH * len(everything) * (1 + parts)
    usable = usable_tokens(checkpoint, settings).mask if parts else None
    sample = scored[:WHOLE_MAPS] if parts else scored
    found: dict[tuple[Head, str], PlainScores] = {}
    expected: dict[tuple[Head, str], PlainScores] = {}
    floors, processors = list[float](), list[float]()

    def plainly() -> None:
        for head, one in product(SAMPLE, sample):
            k = k_for(one, len(weights.e))
            if usable is None:
                expected[head, one.name] = operation_scores(weights, *head, pairs[one.name], k)
            else:
                expected[head, one.name] = specific_scores(weights, *head, pairs[one.name], k, usable)

    def ours() -> None:
        scores, _ = score_heads(open_checkpoint(str(folder)), settings, operations, everything)
        found.update({(row.head, row.operation): _leading(row) for row in scores})

    seconds = in_turn(
        repeats,
        plain=plainly,
        floor=lambda: floors.append(matrix_seconds(flop)),
        ours=on_processors(ours, processors),
    )
    assert all(_close(found[key], scores) for key, scores in expected.items())
    what = f"the whole standardised map for each of {len(sample)} operations" if parts else "whole rows of M"
    return Entry(
        f"{name}, with shuffled scores, all {len(everything)} heads",
        seconds["ours"],
        Comparison(
            f"{len(SAMPLE)} of {len(everything)} heads, extrapolated: {what}, sorted at both ends",
            median(seconds["plain"]) / len(SAMPLE) * len(everything) / len(sample) * len(scored),
        ),
        Comparison("whole rows of M of every distinct source, at the matrix rate", median(floors)),
        target,
        {"operations": len(scored), "pairs": n_pairs, "processor_seconds": median(processors)},
        "below the floor because rows are given up once k entries exceed what is asked about",
    )


def _leading(row: OperationScore) -> PlainScores:
    up, down = row.promotion, row.suppression
    return PlainScores(up.score, down.score, up.shuffled or 0.0, down.shuffled or 0.0)


def _close(one: PlainScores, other: PlainScores) -> bool:
    """Equal, but for entries that rounding puts on the other side of the k-th."""
    pairs = zip(astuple(one), astuple(other), strict=True)
    return all(isclose(a, b, abs_tol=1e-3) for a, b in pairs)
