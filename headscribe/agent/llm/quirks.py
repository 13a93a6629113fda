"""What one "OpenAI-compatible" server turned out not to take, so that it is asked without from then on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from headscribe.agent.llm.complaints import wants_stream
from headscribe.core.chat import CallFailed, ChatRequest, FailureKind

_NAMED_BY = {
    "logprobs": r"log_?prob",
    "top_logprobs": r"log_?prob",
    "response_format": r"response_format|json.?schema|structured.?output|guided|grammar",
    "temperature": r"temperature",
    "seed": r"\bseed\b",
    "max_tokens": r"max_tokens",
    "max_completion_tokens": r"max_completion_tokens",
    "stream_options": r"stream_options",
}


@dataclass
class Quirks:
    """The optional parts of a request, and which of them a server refuses.

    Attributes:
        limits: the names under which the limit of a reply may be sent, the next to try first. Most servers
            know ``max_tokens``; OpenAI's reasoning models know only ``max_completion_tokens``.
        refused: parts that are no longer sent.
        strict_tools: whether tools ask for arguments that keep to their schema.
        stream: whether replies are asked for in pieces, which is how some servers answer only.
    """

    limits: list[str] = field(default_factory=lambda: ["max_tokens", "max_completion_tokens"])
    refused: set[str] = field(default_factory=set)
    strict_tools: bool = True
    stream: bool = False

    def parts(self, request: ChatRequest) -> dict[str, Any]:
        """The optional parts of the request's body that the server is not known to refuse."""
        parts: dict[str, Any] = {}
        if self.limits:
            parts[self.limits[0]] = request.sampling.max_tokens
        if request.sampling.temperature is not None:
            parts["temperature"] = request.sampling.temperature
        if request.sampling.seed is not None:
            parts["seed"] = request.sampling.seed
        if request.schema is not None:
            schema = {"name": "reply", "schema": request.schema}
            parts["response_format"] = {"type": "json_schema", "json_schema": schema}
        if self.stream:
            parts["stream_options"] = {"include_usage": True}
        if request.logprobs:
            parts |= {"logprobs": True, "top_logprobs": request.logprobs}
        return {name: part for name, part in parts.items() if name not in self.refused}

    def copy(self) -> Quirks:
        """What is known now: calls in flight together learn from each other in the meantime."""
        return replace(self, limits=list(self.limits), refused=set(self.refused))

    def learn(self, failure: CallFailed, request: ChatRequest, sent: Quirks) -> bool:
        """Note what a server complains about; whether asking again without it makes sense.

        Args:
            failure: only a bad request is a complaint about parts.
            request: what was asked.
            sent: what was known when it was asked.
        """
        complaint = failure.complaint
        if failure.kind is not FailureKind.BAD_REQUEST:
            return False
        if not sent.stream and wants_stream(complaint):
            self.stream = True
            return True
        for name in sent.parts(request):
            if re.search(_NAMED_BY[name], complaint, re.IGNORECASE):
                self._drop(name)
                return True
        return False

    def learn_strictness(self, failure: CallFailed, sent: Quirks) -> bool:
        """Note that strict tools, or their schemas, are refused; whether asking without makes sense."""
        complaint = failure.message
        told = failure.kind is FailureKind.BAD_REQUEST and re.search(
            r"strict|schema", complaint, re.IGNORECASE
        )
        if not told or not sent.strict_tools or "response_format" in complaint:
            return False
        self.strict_tools = False
        return True

    def _drop(self, name: str) -> None:
        """Calls that were in flight together may all report the same part."""
        if name in self.limits:
            self.limits.remove(name)
        elif not name.startswith("max_"):
            self.refused |= {"logprobs", "top_logprobs"} if "logprobs" in name else {name}

    def left_out(self, request: ChatRequest) -> list[str]:
        """What of the request's wishes is not sent, for the record."""
        wanted = Quirks().parts(request)
        sent = self.parts(request)
        missing = {name for name in wanted if name not in sent and name != "max_tokens"}
        return sorted(missing | (set() if self.limits else {"max_tokens"}))
