"""A request as a line of an OpenAI batch file, which vLLM's batch runner reads too."""

from __future__ import annotations

import json
from typing import Any, Literal

from headscribe.agent.llm.protocol import chat_body
from headscribe.agent.llm.quirks import Quirks
from headscribe.agent.llm.spec import LLMSpec
from headscribe.core.chat import ChatRequest

ENDPOINT: Literal["/v1/chat/completions"] = "/v1/chat/completions"


def batch_line(request: ChatRequest, spec: LLMSpec) -> str:
    """One line, with its line feed; ``custom_id`` is the request's identity.

    The text is ASCII, so that no reader can take a character inside it for the end of the line.
    """
    line = {
        "custom_id": request.identity(),
        "method": "POST",
        "url": ENDPOINT,
        "body": first_body(request, spec),
    }
    return json.dumps(line, ensure_ascii=True) + "\n"


def first_body(request: ChatRequest, spec: LLMSpec) -> dict[str, Any]:
    """The body of the HTTP request that a live call would send first."""
    quirks = Quirks()
    if spec.kind == "openai":
        quirks.limits.reverse()
    return chat_body(request, spec.model or spec.name, quirks)


def is_batch_line(text: str) -> bool:
    """Whether a text is a line of a file of requests."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(line, dict) and {"custom_id", "method", "url", "body"} <= line.keys()
