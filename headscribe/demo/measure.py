"""What the bundled model can do and what its heads hold: the model card's numbers, from the saved files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import GPTNeoXForCausalLM

from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.core.settings import MapSettings
from headscribe.demo.generator import Pair, TextGenerator, held_out_prompts, split_pairs
from headscribe.mapping.checkpoint import open_checkpoint
from headscribe.mapping.scores import score_heads
from headscribe.operations import Operation

SEED = 1
"""Seeds the choice of sentence and opener for each held-out prompt."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How often the most likely next token is an accepted target."""

    correct: int
    n: int

    def __str__(self) -> str:
        return f"{self.correct / self.n:.2f} ({self.correct}/{self.n})" if self.n else "–"


@dataclass(frozen=True, slots=True)
class MeasuredOperation:
    """One operation of the bundled model.

    Attributes:
        operation: its name.
        seen: accuracy on the trained pairs, in sentences and behind openers that training never used.
        unseen: the same on pairs that training never stated; n is 0 where no pair is held out.
        best: the head with the highest score; None where the operation is not valid for the model.
    """

    operation: str
    seen: Accuracy
    unseen: Accuracy
    best: OperationScore | None


def measure(folder: Path, operations: Sequence[Operation]) -> list[MeasuredOperation]:
    """Accuracy and best head of every operation, in the order given.

    Args:
        folder: a checkpoint that ``headscribe.demo.train`` wrote.
        operations: operations that have sentences in ``sentences.py``.
    """
    model = GPTNeoXForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model.train(False)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    generator = TextGenerator(operations, tokenizer, SEED)
    best = best_heads(folder, operations)
    measured = []
    for operation in operations:
        trained, held_out = split_pairs(operation)
        seen = accuracy(model, generator, operation, trained)
        unseen = accuracy(model, generator, operation, held_out)
        measured.append(MeasuredOperation(operation.name, seen, unseen, best.get(operation.name)))
    return measured


def best_heads(folder: Path, operations: Sequence[Operation]) -> dict[str, OperationScore]:
    """For every operation valid for the model, the head with the highest score (the first of equals)."""
    checkpoint = open_checkpoint(str(folder))
    facts = checkpoint.facts
    heads = [Head(layer, head) for layer in range(facts.n_layers) for head in range(facts.n_heads)]
    scores, _ = score_heads(checkpoint, MapSettings(view="paper", device="cpu"), operations, heads)
    best: dict[str, OperationScore] = {}
    for score in scores:
        if score.operation not in best or score.hits > best[score.operation].hits:
            best[score.operation] = score
    return best


@torch.no_grad()
def accuracy(
    model: GPTNeoXForCausalLM, generator: TextGenerator, operation: Operation, pairs: Sequence[Pair]
) -> Accuracy:
    """Top-1 accuracy of the next token over one held-out prompt per pair."""
    prompts = held_out_prompts(generator, operation, pairs, SEED)
    if not prompts:
        return Accuracy(0, 0)
    longest = max(len(tokens) for tokens, _ in prompts)
    padded = torch.tensor([tokens + [0] * (longest - len(tokens)) for tokens, _ in prompts])
    last = torch.tensor([len(tokens) - 1 for tokens, _ in prompts])
    hidden = model.base_model(padded).last_hidden_state[
        torch.arange(len(prompts)), last
    ]  # padding is on the right
    logits = model.get_output_embeddings()(hidden)  # type: ignore[no-untyped-call]
    predicted = logits.argmax(-1).tolist()
    correct = sum(token in accepted for token, (_, accepted) in zip(predicted, prompts, strict=True))
    return Accuracy(correct, len(prompts))
