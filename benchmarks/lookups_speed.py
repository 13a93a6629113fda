"""Strongest prompts of many neurons in one pass: time over three sizes, memory over numbers of texts."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from os import environ
from pathlib import Path
from statistics import median

import torch

from benchmarks.entry import Comparison, Entry, Target, in_turn
from benchmarks.gpt2_shape import HEADS, LAYERS, WIDTH
from benchmarks.memory import resident
from benchmarks.rates import matrix_seconds
from headscribe.core.lookups import Neuron
from headscribe.inference.blocks import Blocks
from headscribe.inference.running_model import Shape, load_model
from headscribe.lookups.activations import strongest_prompts
from headscribe.lookups.neurons import late_layers
from headscribe.mapping.checkpoint import open_checkpoint

PER_LAYER = 40
"""Neurons of both arms, as by default."""

TEXT_TOKENS = (32, 128)
"""Lengths of the texts, drawn evenly."""

SIZES = (20, 40, 80)
"""Texts of the three timings."""

STREAMS = (1_000, 2_000, 8_000)
"""Texts of the three measurements of memory, on the bundled model."""

FIXED = {"MALLOC_MMAP_THRESHOLD_": "1000000", "MALLOC_TRIM_THRESHOLD_": "0"}
"""Else glibc keeps freed activations of many sizes in pieces, and what is measured is its fragmentation."""


def measure(folder: Path, repeats: int) -> dict[str, object]:
    """Seconds and tokens at three sizes; peak memory at three numbers of texts."""
    return {"entries": [_time(folder, repeats), _memory()]}


def _time(folder: Path, repeats: int) -> Entry:
    shape = Shape(LAYERS, HEADS, HEADS, WIDTH // HEADS)
    blocks = Blocks(load_model(folder, shape, dtype=torch.float32, device=torch.device("cpu")))
    neurons = _neurons(LAYERS)
    found = strongest_prompts(blocks, _texts(SIZES[0], 1_000), neurons, n=20, split="explain")
    one = strongest_prompts(blocks, _texts(SIZES[0], 1_000), neurons[:1], n=20, split="explain")
    assert [prompt.text for prompt in one.prompts] == [
        prompt.text for prompt in found.prompts if prompt.neuron == neurons[0]
    ]
    tokens = {size: sum(len(ids) for _, ids in _texts(size, 1_000)) for size in SIZES}
    floors: list[float] = []
    flop = 2 * 12 * LAYERS * WIDTH**2 * tokens[SIZES[-1]]

    def run(size: int, n: int) -> None:
        strongest_prompts(blocks, _texts(size, 1_000), neurons[:n], n=20, split="explain")

    seconds = in_turn(
        repeats,
        plain=lambda: run(SIZES[0], 1),
        floor=lambda: floors.append(matrix_seconds(flop)),
        small=lambda: run(SIZES[0], len(neurons)),
        middle=lambda: run(SIZES[1], len(neurons)),
        large=lambda: run(SIZES[2], len(neurons)),
    )
    names = ("small", "middle", "large")
    rates = [median(seconds[name]) / tokens[size] for name, size in zip(names, SIZES, strict=True)]
    return Entry(
        f"strongest prompts of {len(neurons)} neurons, {tokens[SIZES[-1]]:,} tokens",
        seconds["large"],
        Comparison(
            f"a pass over the texts for each neuron; one neuron on {SIZES[0]} texts, extrapolated",
            median(seconds["plain"]) * len(neurons) * tokens[SIZES[-1]] / tokens[SIZES[0]],
        ),
        Comparison("the blocks' weights for each token, at the matrix rate", median(floors)),
        Target("seconds_per_token_growth", "at most", 1.25),
        {
            **{f"ms_per_token_{tokens[size]}": 1000 * rate for size, rate in zip(SIZES, rates, strict=True)},
            "seconds_per_token_growth": rates[-1] / rates[0],
        },
        f"growth: seconds per token of {SIZES[-1]} texts over those of {SIZES[0]}",
    )


def _memory() -> Entry:
    runs = []
    for n in STREAMS:
        command = [sys.executable, "-m", "benchmarks.lookups_speed", str(n)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environ | FIXED)
        runs.append(json.loads(done.stdout))
    return Entry(
        f"strongest prompts from a stream of {STREAMS[-1]:,} texts, bundled model",
        [runs[-1]["seconds"]],
        Comparison("see the times above"),
        Comparison("see the times above"),
        Target("peak_growth_mib", "at most", 20),
        {
            **{f"peak_mib_{n}": run["peak"] for n, run in zip(STREAMS, runs, strict=True)},
            "peak_growth_mib": runs[-1]["peak"] - runs[0]["peak"],
        },
        f"MiB of the process, freed blocks of 1 MB given back at once; growth from {STREAMS[0]:,} texts",
    )


def _neurons(n_layers: int) -> list[Neuron]:
    return [Neuron(layer, index) for layer in late_layers(n_layers) for index in range(PER_LAYER)]


def _texts(n: int, vocabulary: int) -> Iterator[tuple[int, list[int]]]:
    """As many texts of random tokens, made one at a time."""
    draw = torch.Generator().manual_seed(0)
    for number in range(n):
        length = int(torch.randint(*TEXT_TOKENS, (), generator=draw))
        yield number, torch.randint(1, vocabulary, (length,), generator=draw).tolist()


def main() -> None:
    """In a process of its own, whose memory is measured: the bundled model on so many texts."""
    checkpoint = open_checkpoint("demo")
    facts = checkpoint.facts
    shape = Shape(facts.n_layers, facts.n_heads, facts.n_kv_heads, facts.d_head)
    model = load_model(checkpoint.path, shape, dtype=torch.float32, device=torch.device("cpu"))
    started = time.perf_counter()
    texts = _texts(int(sys.argv[1]), facts.n_tokens)
    strongest_prompts(Blocks(model), texts, _neurons(facts.n_layers), n=20, split="explain")
    print(json.dumps({"peak": resident("VmHWM"), "seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
