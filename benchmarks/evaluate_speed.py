"""How long ``headscribe evaluate`` takes with the rules judge on a run of 1,024 heads × 45 operations."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from benchmarks.entry import Comparison, Entry, Target, in_turn
from headscribe.agent.rules.known import promoting
from headscribe.core.descriptions import Description, Outcome, Status
from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.operations import builtin_operations
from headscribe.pipeline import evaluate_run
from headscribe.store.describe.run_dir import MAP
from headscribe.store.describe.run_header import MapReference, RunHeader
from headscribe.store.describe.run_writer import RunWriter
from headscribe.store.headers import Model, now
from headscribe.store.map.map_dir import MapDir
from headscribe.store.map.map_header import MapHeader
from headscribe.store.tool import this_tool

N_LAYERS, N_HEADS, N_OPERATIONS = 32, 32, 45


def made_run(folder: Path, seed: int = 0) -> Path:
    """A finished run whose scores and descriptions are drawn: a tenth of the pairs score above zero, half of
    the heads are described by the operation they score highest on, the others by any or as unclear.
    """
    rng = random.Random(seed)
    operations = rng.sample(builtin_operations(), N_OPERATIONS)
    heads = [Head(layer, head) for layer in range(N_LAYERS) for head in range(N_HEADS)]
    scores = [
        OperationScore(
            head,
            one.name,
            one.category,
            hits=rng.randrange(len(one.pairs)) if rng.random() < 0.1 else 0,
            suppression_hits=0,
            k=10,
            n_pairs=len(one.pairs),
        )
        for head in heads
        for one in operations
    ]
    model = Model(
        name="made", weights_hash="0", tokenizer_hash="0", family="gpt2", n_layers=N_LAYERS, n_heads=N_HEADS,
        n_kv_heads=N_HEADS, d_model=64, d_head=2, vocab_size=10, n_tokens=10, dtype="float32",
    )  # fmt: skip
    header = MapHeader(
        tool=this_tool(),
        model=model,
        settings=MapSettings(view="paper"),
        device="cpu",
        dtype="float32",
        started_at=now(),
    )
    best: dict[Head, OperationScore] = {}
    for score in scores:
        if score.head not in best or score.score > best[score.head].score:
            best[score.head] = score
    with RunWriter(folder) as writer:
        made = MapDir.write(folder / MAP, header, scores=scores)
        writer.write_descriptions(_described(head, best[head], operations, rng) for head in heads)
        writer.write_header(
            RunHeader(
                tool=this_tool(),
                model=model,
                map=MapReference(path=MAP, content_hash=made.content_hash),
                llm="made",
                method="verified",
                settings=DescribeSettings(),
                state="finished",
                started_at=now(),
            )
        )
    return folder


def _described(head: Head, best: OperationScore, operations: list, rng: random.Random) -> Description:
    if rng.random() < 0.2:
        return Description(head, Outcome(Status.UNCLEAR, pattern="Unclear"), "verified", "made")
    name = best.operation if rng.random() < 0.6 else rng.choice(operations).name
    said = f"{promoting(name)}, mostly for frequent words, and sometimes to words of the same topic."
    outcome = Outcome(Status.OK, pattern=said, description=said, confidence=rng.random(), n_tests=16)
    return Description(head, outcome, "verified", "made")


def measure(_folder: Path, repeats: int) -> dict[str, object]:
    """Seconds for judging, 1,000 resamples, 1,000 permutations, sorting and writing."""
    with tempfile.TemporaryDirectory() as scratch:
        run = made_run(Path(scratch) / "run")
        seconds = in_turn(repeats, ours=lambda: evaluate_run(run))
    entry = Entry(
        f"evaluate {N_LAYERS * N_HEADS:,} heads × {N_OPERATIONS} operations, rules judge",
        seconds["ours"],
        Comparison("none: nobody has published a procedure"),
        Comparison("none: reading sentences has no operation count"),
        Target("seconds", "at most", 10),
        note="judging, 1,000 resamples, 1,000 permutations, sorting into categories, writing the tables",
    )
    return {"entries": [entry]}
