"""Small records with every dimension different, for the tests of files."""

from __future__ import annotations

from headscribe.core.chat import ChatRequest, Message, Sampling
from headscribe.core.descriptions import Description, Outcome, Status
from headscribe.core.heads import Head
from headscribe.core.records import HeadMap, Mapping, OperationScore, Token
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.store.describe.run_header import MapReference, RunHeader
from headscribe.store.headers import Model
from headscribe.store.map.map_header import MapHeader
from headscribe.store.tool import Tool

MODEL = Model(
    name="tiny",
    weights_hash="sha256:aa",
    tokenizer_hash="sha256:bb",
    family="gpt2",
    n_layers=2,
    n_heads=3,
    n_kv_heads=3,
    d_model=12,
    d_head=4,
    vocab_size=37,
    n_tokens=35,
    dtype="float32",
)
TOOL = Tool(version="0", python="3")


def map_header(**fields: object) -> MapHeader:
    values: dict[str, object] = {
        "tool": TOOL,
        "model": MODEL,
        "settings": MapSettings(view="paper"),
        "device": "cpu",
        "dtype": "float32",
        "started_at": "2025-01-01T00:00:00+00:00",
    }
    return MapHeader.model_validate(values | fields)


def run_header(**fields: object) -> RunHeader:
    values: dict[str, object] = {
        "tool": TOOL,
        "model": MODEL,
        "map": MapReference(path="map", content_hash="cc"),
        "llm": "fake",
        "method": "single",
        "settings": DescribeSettings(),
        "started_at": "2025-01-01T00:00:00+00:00",
    }
    return RunHeader.model_validate(values | fields)


def head_map(layer: int, head: int, text: str = " France") -> HeadMap:
    def mapping(rank: int) -> Mapping:
        return Mapping(
            rank=rank,
            source=Token(rank + 7, text),
            saliency=1.5 + layer + head / 8,
            targets=(Token(1, " Paris"), Token(2, "\n"), Token(3, "</script>")),
            logits=(0.1, 0.05, -0.3),
            suppressed=(Token(4, ""), Token(5, "é")),
            suppressed_logits=(-9.0, -8.5),
        )

    return HeadMap(Head(layer, head), (mapping(0), mapping(1)))


def score(layer: int, head: int, operation: str = "country_to_capital", hits: int = 7) -> OperationScore:
    return OperationScore(Head(layer, head), operation, "knowledge", hits, 3, k=10, n_pairs=41)


def description(layer: int, head: int, status: Status = Status.OK, text: str = "Capitals.") -> Description:
    answered = status in (Status.OK, Status.UNCLEAR)
    outcome = Outcome(
        status,
        inputs="Countries." if answered else None,
        pattern="Their capitals." if answered else None,
        description=text if status is Status.OK else None,
        error=None if answered else "no answer",
        confidence=0.7 if answered else None,
        n_tests=10,
    )
    return Description(
        Head(layer, head), outcome, "single", "fake", "describe@1", "dd", prompt_tokens=120, seconds=0.5
    )


def request(text: str = "Say.") -> ChatRequest:
    """A question to an LLM."""
    return ChatRequest("fake", (Message("user", text),), Sampling(), {"type": "object"})
