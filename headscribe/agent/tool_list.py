"""What the method ``agent`` offers to an LLM: the same tools for every head of a run."""

from __future__ import annotations

from typing import Any

from headscribe.agent.tool_arguments import LONGEST_DRAFT, LONGEST_TEXT, MOST_PAIRS, MOST_WORDS
from headscribe.core.chat import Tool

TARGETS, SOURCES = 8, 12
"""Tokens shown per row of targets, and per list of sources."""

OTHERS = ("other-1", "other-2", "other-3")
"""What the LLM calls the heads that it can compare with."""


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
_COUNT = {"type": "integer", "description": "How many.", "minimum": 1, "maximum": MOST_WORDS}
_DRAFT = {
    "type": "string",
    "description": f"What the head does, in one or two sentences. At most {LONGEST_DRAFT} characters.",
}
_SENTENCES = {
    "type": "string",
    "description": f"At most {LONGEST_TEXT} characters.",
}

TOOLS = (
    Tool(
        "map_tokens",
        f"For source tokens of your choice, the {TARGETS} tokens that the head promotes most, and how "
        "strongly it acts on the source, as the percentage of all tokens on which it acts less.",
        _object(words=_WORDS),
    ),
    Tool(
        "suppressed_by",
        f"For source tokens of your choice, the {TARGETS} tokens that the head suppresses most.",
        _object(words=_WORDS),
    ),
    Tool(
        "random_sources",
        "As map_tokens, for source tokens drawn at random: what the head does with tokens that nobody chose.",
        _object(count=_COUNT),
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
"""Experiments that every run offers."""

DRAFT = Tool(
    "test_description",
    "Test a draft of your description: a reader who knows nothing else answers questions about rows that you "
    "have not seen, with the draft and without it. The lift is the share of the reader's mistakes that the "
    "draft removes: 1 all of them, 0 none, below 0 it misleads.",
    _object(description=_DRAFT),
)
"""Offered wherever a reader can be asked."""

CONSTANT = Tool(
    "constant_part",
    f"What the head does whatever the source: the {TARGETS} tokens that this promotes most and suppresses "
    "most, and how strongly it moves target tokens of your choice.",
    _object(words=_WORDS),
)
"""Offered where the map is taken apart."""

ABLATE = Tool(
    "ablate_in_text",
    f"Run the model on a text: its {TARGETS} likeliest next tokens with the head and without it, and those "
    "that the head makes likelier and less likely. A head acts on the tokens that it attends to.",
    _object(text=_SENTENCES),
)
"""Offered where the run is told to run the model."""


def offered(*, parts: bool, running: bool) -> tuple[Tool, ...]:
    """The tools of a run.

    Args:
        parts: whether its map is taken apart.
        running: whether the model may be run.
    """
    return (*TOOLS, DRAFT, *(CONSTANT,) * parts, *(ABLATE,) * running)
