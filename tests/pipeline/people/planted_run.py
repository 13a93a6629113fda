"""A run with planted heads: each layer does something of its own, so which description is wrong is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from headscribe.core.descriptions import Description, Outcome, Status
from headscribe.core.heads import Head
from headscribe.core.records import HeadMap, Mapping, OperationScore, Token
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.describe.run_header import MapReference, RunHeader
from headscribe.store.describe.run_writer import RunWriter
from headscribe.store.map.map_dir import MapDir
from headscribe.store.map.map_header import MapHeader
from tests.store.samples import MODEL, TOOL

N_LAYERS, N_HEADS = 6, 5
MODEL_NAME, LLM = "secret-model-name", "secret-llm"
OPERATION = "secret_operation_of_layer_{}"

_DIGITS = str.maketrans("0123456789", "abcdefghij")


def word(*numbers: int) -> str:
    """A word of letters that no other numbers give."""
    return "x".join(f"{number:03d}".translate(_DIGITS) for number in numbers)


def planted_text(head: Head) -> str:
    """The right description of a head; it shares no word with that of another."""
    return f"Maps {word(head.layer, head.head, 1)} to {word(head.layer, head.head, 2)}."


def planted_status(head: Head) -> Status:
    """One head without an answer per two layers, one unclear head per layer."""
    if head.head == 4:
        return Status.UNCLEAR
    return Status.FAILED if head.head == 3 and head.layer % 2 else Status.OK


def planted_confidence(head: Head) -> float:
    """Rises with the head's number."""
    return 0.1 + 0.2 * head.head + head.layer / 100


def make_run(
    folder: Path,
    *,
    n_layers: int = N_LAYERS,
    n_heads: int = N_HEADS,
    text: Callable[[Head], str] = planted_text,
    status: Callable[[Head], Status] = planted_status,
    token: Callable[[Head, int], str] = lambda head, number: " " + word(head.layer, head.head, number),
) -> RunDir:
    """Write a run with its map, without a model and without an LLM."""
    heads = [Head(layer, head) for layer in range(n_layers) for head in range(n_heads)]
    model = MODEL.model_copy(update={"name": MODEL_NAME, "n_layers": n_layers, "n_heads": n_heads})
    header = MapHeader(
        tool=TOOL,
        model=model,
        settings=MapSettings(view="paper"),
        device="cpu",
        dtype="float32",
        started_at="2025-01-01",
    )
    scores = [
        OperationScore(head, OPERATION.format(head.layer), "knowledge", 30, 0, 10, 40) for head in heads
    ]
    with RunWriter(folder) as writer:
        made = MapDir.write(folder / "map", header, [_head_map(head, token) for head in heads], scores)
        writer.write_header(
            RunHeader(
                tool=TOOL,
                model=model,
                map=MapReference(path="map", content_hash=made.content_hash),
                llm=LLM,
                method="verified",
                settings=DescribeSettings(),
                started_at="2025-01-01",
                state="finished",
            )
        )
        writer.write_descriptions(_description(head, text, status) for head in heads)
    return RunDir.open(folder)


def _head_map(head: Head, token: Callable[[Head, int], str]) -> HeadMap:
    def tokens(*numbers: int) -> tuple[Token, ...]:
        return tuple(Token(number, token(head, number)) for number in numbers)

    return HeadMap(
        head,
        tuple(
            Mapping(
                rank=rank,
                source=tokens(10 * rank)[0],
                saliency=9.5 - rank,
                targets=tokens(10 * rank + 1, 10 * rank + 2),
                logits=(2.0, 1.0),
                suppressed=tokens(10 * rank + 3),
                suppressed_logits=(-1.0,),
            )
            for rank in range(7)
        ),
    )


def _description(head: Head, text: Callable[[Head], str], status: Callable[[Head], Status]) -> Description:
    ended = status(head)
    outcome = Outcome(
        ended,
        description=text(head) if ended is Status.OK else None,
        error="no answer" if ended is Status.FAILED else None,
        confidence=None if ended is Status.FAILED else planted_confidence(head),
    )
    return Description(head, outcome, "verified", LLM)
