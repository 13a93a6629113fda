"""What each view of a real model's heads finds: ``python -m benchmarks.views [MODEL]``.

For every view, over all heads: the mean over the valid operations of the best head's score less its shuffled
score, and the hub share: the share of a head's 30 rows that list the same target among their first five, mean
over heads. Written to ``views.json`` view by view, so that a call that was cut short goes on.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.real_model import FOLDER
from headscribe.core.heads import Head, select_heads
from headscribe.core.parts import PartsMapping
from headscribe.core.records import HeadMap, OperationScore
from headscribe.core.settings import MapSettings
from headscribe.mapping.checkpoint import Checkpoint, open_checkpoint
from headscribe.mapping.head_maps import map_heads
from headscribe.mapping.scores import score_heads
from headscribe.operations import Operation, load_operations

RESULTS = Path(__file__).resolve().with_name("views.json")
VIEWS = {
    "paper": MapSettings(view="paper"),
    "paper, norms folded": MapSettings(view="paper", norms="fold"),
    "parts, raw": MapSettings(view="parts", source_view="raw"),
    "parts, first-mlp": MapSettings(view="parts", source_view="first-mlp"),
    "parts, residual, norms left out": MapSettings(view="parts", source_view="residual", norms="leave"),
    "parts, residual": MapSettings(view="parts", source_view="residual"),
}
ROWS, FIRST = 30, 5


def main() -> None:
    """Measure the views that the results lack, and print all as a Markdown table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.views", description=__doc__)
    parser.add_argument("model", nargs="?", default=str(FOLDER), help="a folder or hub id")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the figures are kept")
    parser.add_argument("--heads", default="all", help="such as L20-29")
    parser.add_argument("--pairs", type=int, help="of each operation at most; all by default")
    chosen = parser.parse_args()
    checkpoint = open_checkpoint(chosen.model)
    kept = json.loads(chosen.out.read_text()) if chosen.out.exists() else {}
    heads = select_heads(chosen.heads, checkpoint.facts.n_layers, checkpoint.facts.n_heads)
    of = {
        "model": Path(chosen.model).name,
        "weights": checkpoint.weights_hash,
        "heads": chosen.heads,
        "pairs": chosen.pairs,
    }
    if {name: kept.get(name) for name in of} != of:
        kept = of | {"views": {}}
    operations = [replace(one, pairs=one.pairs[: chosen.pairs]) for one in load_operations([])]
    for name, settings in VIEWS.items():
        if name not in kept["views"]:
            kept["views"][name] = measure(checkpoint, settings, operations, heads)
            chosen.out.write_text(json.dumps(kept, indent=2) + "\n")
    print(table(kept["views"]))


def measure(
    checkpoint: Checkpoint, settings: MapSettings, operations: Sequence[Operation], heads: Sequence[Head]
) -> dict[str, Any]:
    """The figures of one view."""
    started = time.monotonic()
    scores, _ = score_heads(checkpoint, settings, operations, heads)
    scored = time.monotonic()
    hubs = [hub_share(found) for found in map_heads(checkpoint, settings, heads)]
    return {
        **best_scores(scores),
        "hub_share": round(mean(hubs), 4),
        "seconds_scoring": round(scored - started, 1),
        "seconds_mapping": round(time.monotonic() - scored, 1),
    }


def best_scores(scores: Iterable[OperationScore]) -> dict[str, Any]:
    """Means over the operations of the best heads' leading scores, raw and beyond the shuffled ones."""
    raw: dict[str, list[float]] = {}
    beyond: dict[str, list[float]] = {}
    either: dict[str, list[float]] = {}
    for score in scores:
        ends = (score.promotion.by("beyond-shuffled"), score.suppression.by("beyond-shuffled"))
        raw.setdefault(score.operation, []).append(score.promotion.score)
        beyond.setdefault(score.operation, []).append(ends[0])
        either.setdefault(score.operation, []).append(max(ends))
    return {
        "operations": len(raw),
        "score": _mean_best(raw),
        "beyond_shuffled": _mean_best(beyond),
        "beyond_shuffled_or_suppression": _mean_best(either),
        "by_operation": {name: round(max(values), 4) for name, values in sorted(beyond.items())},
    }


def _mean_best(values: Mapping[str, list[float]]) -> float:
    return round(mean(max(own) for own in values.values()), 4)


def hub_share(found: HeadMap) -> float:
    """The commonest target's share of a head's rows: of the sharpest ones where there are any."""
    sharpest = [row for row in found.mappings if isinstance(row, PartsMapping) and row.ranking == "sharpest"]
    rows = (sharpest or list(found.mappings))[:ROWS]
    common = Counter(target.id for row in rows for target in row.targets[:FIRST])
    return common.most_common(1)[0][1] / len(rows) if rows else 0.0


def table(views: Mapping[str, Mapping[str, Any]]) -> str:
    """The figures as a Markdown table, with the ratio of each view to the paper's."""
    lines = [
        "| view | best score | best score − shuffled | × paper | hub share |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, row in views.items():
        ratio = row["beyond_shuffled"] / views["paper"]["beyond_shuffled"]
        lines.append(
            f"| {name} | {row['score']:.3f} | {row['beyond_shuffled']:.3f} | {ratio:.2f} "
            f"| {row['hub_share']:.2f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
