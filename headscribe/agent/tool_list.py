"""What the method ``agent`` offers to an LLM: the same tools for every head of every model."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from headscribe.core.chat import Tool
from headscribe.prompts.variables import LONGEST_TOKEN

MOST_WORDS, MOST_PAIRS = 12, 30

TARGETS, SOURCES = 8, 12
"""Tokens shown per row of targets, and per list of sources."""

OTHERS = ("other-1", "other-2", "other-3")
"""What the LLM calls the heads that it can compare with."""

_Word = Annotated[str, Field(min_length=1, max_length=LONGEST_TOKEN)]


class Arguments(BaseModel):
    """Arguments of a tool, as they are checked when they come."""

    model_config = ConfigDict(extra="forbid", strict=True)


class WordsArguments(Arguments):
    """Source tokens."""

    words: list[_Word] = Field(min_length=1, max_length=MOST_WORDS)


class WordArguments(Arguments):
    """A target token."""

    word: _Word


class ComparisonArguments(WordsArguments):
    """Source tokens, and another head."""

    head_name: str


class PairArguments(Arguments):
    """A source token and a target token."""

    source: _Word
    target: _Word


class PairsArguments(Arguments):
    """Sources with the targets that a rule predicts."""

    pairs: list[PairArguments] = Field(min_length=1, max_length=MOST_PAIRS)


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(description: str, items: dict[str, Any], most: int) -> dict[str, Any]:
    return {
        "type": "array",
        "description": f"{description} At most {most}.",
        "items": items,
        "minItems": 1,
        "maxItems": most,
    }


_TEXT = {"type": "string"}
_WORDS = _list("Single words or tokens of the studied model.", _TEXT, MOST_WORDS)
_PAIRS = _list("Pairs that the rule predicts.", _object(source=_TEXT, target=_TEXT), MOST_PAIRS)

TOOLS = (
    Tool(
        "map_tokens",
        f"For source tokens of your choice, the {TARGETS} tokens that the head promotes most.",
        _object(words=_WORDS),
    ),
    Tool(
        "suppressed_by",
        f"For source tokens of your choice, the {TARGETS} tokens that the head suppresses most.",
        _object(words=_WORDS),
    ),
    Tool(
        "sources_promoting",
        f"The {SOURCES} tokens of the whole vocabulary for which the head most promotes a target.",
        _object(word=_TEXT),
    ),
    Tool(
        "strength_of_pairs",
        "Test a rule: which of your pairs of source and target the head promotes, and which it suppresses.",
        _object(pairs=_PAIRS),
    ),
    Tool(
        "compare_with_head",
        "What this head and another one of its layer promote for the same source tokens.",
        _object(head_name={"type": "string", "enum": list(OTHERS)}, words=_WORDS),
    ),
)
