"""Dynamic scores of all heads by forward passes, against one pass per head and pair."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import torch

from benchmarks.entry import Comparison, Entry, in_turn
from benchmarks.gpt2_shape import HEADS, LAYERS, VOCABULARY, WIDTH
from benchmarks.rates import matrix_seconds
from headscribe.core.settings import MapSettings
from headscribe.eval.check.dynamic import dynamic_hits
from headscribe.eval.check.prompts import TEMPLATES, TokenPrompt, word_prompts
from headscribe.inference.running_model import RunningModel, Shape, load_model
from headscribe.mapping.checkpoint import Checkpoint, open_checkpoint
from headscribe.operations import builtin_operations
from headscribe.pipeline.check.context import CheckpointReadout

OPERATION, PAIRS, K = "country_to_capital", 40, 10
SAMPLE = (3, 5)
"""The head that the plain way is timed on, on the first pairs; each takes as long as any other."""

SAMPLED_PAIRS = 8


def measure(folder: Path, repeats: int) -> dict[str, object]:
    """Seconds for the scores of one operation in one template; the sample's hits must be equal."""
    checkpoint = open_checkpoint(str(folder))
    shape = Shape(LAYERS, HEADS, HEADS, WIDTH // HEADS)
    model = load_model(folder, shape, dtype=torch.float32, device=torch.device("cpu"))
    readout = CheckpointReadout(checkpoint, MapSettings(view="paper"))
    prompts = _prompts(checkpoint)
    floors: list[float] = []
    # the weights of the blocks for each token, the unembedding for each prompt
    flop = 2 * 12 * LAYERS * WIDTH**2 * sum(len(prompt.ids) for prompt in prompts)
    flop += 2 * VOCABULARY * WIDTH * len(prompts)
    seconds = in_turn(
        repeats,
        plain=lambda: plain_hits(model, prompts[:SAMPLED_PAIRS], readout),
        floor=lambda: floors.append(matrix_seconds(flop)),
        ours=lambda: dynamic_hits(model, [prompts], readout, K),
    )
    (few,) = dynamic_hits(model, [prompts[:SAMPLED_PAIRS]], readout, K)
    layer, head = SAMPLE
    assert few.context[layer][head] == plain_hits(model, prompts[:SAMPLED_PAIRS], readout)
    entry = Entry(
        f"dynamic scores of all {LAYERS * HEADS} heads, {len(prompts)} prompts",
        seconds["ours"],
        Comparison(
            f"one head, {SAMPLED_PAIRS} prompts, extrapolated: a forward pass for each head and "
            "prompt, one whole row of logits, with context only",
            median(seconds["plain"]) * len(prompts) / SAMPLED_PAIRS * LAYERS * HEADS,
        ),
        Comparison("the forward passes alone, at the matrix rate", median(floors)),
        note=f"with and without context, promoted and suppressed; {VOCABULARY:,} logits per head and prompt",
    )
    return {"entries": [entry]}


def plain_hits(model: RunningModel, prompts: list[TokenPrompt], readout: CheckpointReadout) -> int:
    """One head's hits with context: its output times U, the whole row, for one prompt at a time."""
    layer, head = SAMPLE
    hits = 0
    for prompt in prompts:
        z = model.watch(torch.tensor([prompt.ids])).z[layer][0, head]
        logits = z @ readout.output(layer)[head] @ readout._unembedding.T
        hits += int(prompt.target in logits.topk(K).indices)
    return hits


def _prompts(checkpoint: Checkpoint) -> list[TokenPrompt]:
    operation = next(one for one in builtin_operations() if one.name == OPERATION)
    vocabulary = checkpoint.vocabulary
    return list(word_prompts(operation, TEMPLATES[0], vocabulary.word_id, vocabulary.encode).prompts[:PAIRS])
