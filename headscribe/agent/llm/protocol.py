"""OpenAI's chat protocol: the body of a request, and the reply in the body of an answer."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from typing import Any

from headscribe.agent.llm.events import is_events, join_events
from headscribe.agent.llm.failures import http_failure, one_line
from headscribe.agent.llm.quirks import Quirks
from headscribe.agent.llm.server_words import read_words
from headscribe.agent.llm.tool_messages import tool_arguments
from headscribe.core.chat import CallFailed, ChatReply, ChatRequest, FailureKind, Message, ToolCall
from headscribe.core.records import Usage

MOST_TOKENS = 100_000_000
"""Tokens beyond which a server's count is no count: no context is that large."""

_THOUGHTS = ("reasoning_content", "reasoning", "thinking")
"""Where servers put thoughts: vLLM, SGLang and DeepSeek, OpenRouter and newer vLLM, Ollama."""
_KEPT = ("id", "created", "system_fingerprint", "service_tier", "provider")
_CUT = frozenset({"length", "max_tokens"})


def chat_body(request: ChatRequest, model: str, quirks: Quirks) -> dict[str, Any]:
    """The body of the HTTP request, without the parts that the server is known to refuse.

    Args:
        model: the server's name for the model.
        quirks: what the server does not take.
    """
    return {
        "model": model,
        "messages": [_message(message) for message in request.messages],
        **quirks.parts(request),
        **tool_arguments(request, strict=quirks.strict_tools),
    }


def _message(message: Message) -> dict[str, Any]:
    plain: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_call_id is not None:
        plain["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        # A message that calls tools and says nothing has no content at all.
        plain["content"] = message.content or None
        plain["tool_calls"] = [
            {"type": "function", "id": call.id, "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    return plain


def reply_in(text: str) -> ChatReply:
    """The reply in the text of a body, JSON or a stream of events.

    Raises:
        CallFailed: there is none; what there is says why.
    """
    body: Any = text
    try:
        body = join_events(text) if is_events(text) else json.loads(text)
        return read_reply(body)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        said = read_words(body)
        # Gateways report what failed behind them inside an answer that looks well.
        status = next((int(code) for code in said.codes if re.fullmatch(r"[45]\d\d", code)), None)
        if status is not None:
            raise http_failure(status, said) from None
        message = f"not a chat reply: {one_line(said.message) or 'there is no text in it'}"
        raise CallFailed(FailureKind.BAD_REPLY, message, complaint=said.complaint) from None


def read_reply(body: Any) -> ChatReply:
    """The reply in the body of an answer; absent fields become None.

    Thoughts that come beside the text are kept in ``raw`` and are no answer, unless there is no other: some
    servers put all that a model says there (``content: null``).

    Raises:
        LookupError, TypeError, AttributeError: it is no chat reply.
    """
    choice = body["choices"][0]
    message = choice["message"]
    refusal, finish = _string(message.get("refusal")), _string(choice.get("finish_reason"))
    raw = {name: value for name in _KEPT if isinstance(value := body.get(name), str | int)}
    reply = ChatReply(
        text=_text(message.get("content")),
        finish_reason=finish,
        refusal=refusal,
        usage=read_usage(body.get("usage")),
        model=_string(body.get("model")),
        raw=raw,
        tool_calls=tuple(_tool_call(call) for call in message.get("tool_calls") or ()),
    )
    thoughts = next((text for name in _THOUGHTS if (text := _string(message.get(name)))), None)
    if thoughts is None:
        return reply
    # A reply that was cut while the model thought has no answer yet.
    if not (reply.text.strip() or reply.tool_calls or refusal or finish in _CUT):
        return replace(reply, text=thoughts, raw={**raw, "text_in": "reasoning"})
    return replace(reply, raw={**raw, "reasoning": thoughts})


def read_usage(usage: Any) -> Usage:
    """The tokens that a server reports; what is no possible count is None."""
    usage = usage if isinstance(usage, dict) else {}
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    return Usage(
        token_count(usage.get("prompt_tokens")),
        token_count(usage.get("completion_tokens")),
        token_count(cached),
    )


def token_count(value: Any) -> int | None:
    """A server's count of tokens; None for what can be none: negative, NaN, a fraction, beyond reason."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 <= value <= MOST_TOKENS or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return int(value) if value == int(value) else None


def _text(content: Any) -> str:
    """Some servers give the text in parts; those of thoughts hold no text (Mistral)."""
    if isinstance(content, list):
        return "".join(_string(part.get("text")) or "" for part in content)
    if content is None or isinstance(content, str):
        return content or ""
    raise TypeError("its content is no text")


def _tool_call(call: dict[str, Any]) -> ToolCall:
    function = call["function"]
    return ToolCall(str(call.get("id") or ""), str(function["name"]), str(function.get("arguments") or ""))


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None
