"""What is done to a reply before it is kept or used: keys taken out, absent token counts estimated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from headscribe.core.chat import ChatReply, ChatRequest
from headscribe.core.records import Usage
from headscribe.core.secrets import hide_known_keys
from headscribe.prompts import estimate_tokens

MARK = "[key]"


def received(reply: ChatReply, request: ChatRequest) -> ChatReply:
    """The reply as it may be kept.

    A server, or a proxy, may echo the key that it was sent, so ``[key]`` stands in place of every key of the
    environment. Token counts that the server does not report, or that can be none, are estimated from the
    texts, and ``usage.estimated`` says so.
    """
    reply, usage = _without_keys(reply), reply.usage
    if usage.prompt_tokens is not None and usage.completion_tokens is not None:
        return reply
    sent = prompt_tokens(request) if usage.prompt_tokens is None else usage.prompt_tokens
    back = _reply_tokens(reply) if usage.completion_tokens is None else usage.completion_tokens
    return replace(reply, usage=Usage(sent, back, usage.cached_tokens, estimated=True))


def prompt_tokens(request: ChatRequest) -> int:
    """An estimate of the tokens that a request sends."""
    return sum(map(estimate_tokens, request.texts()))


def _reply_tokens(reply: ChatReply) -> int:
    thoughts = reply.raw.get("reasoning")
    said = [reply.text, thoughts if isinstance(thoughts, str) else ""]
    return sum(map(estimate_tokens, [*said, *(call.arguments for call in reply.tool_calls)]))


def _without_keys(reply: ChatReply) -> ChatReply:
    plain = reply.as_json()
    said = "\n".join(_texts(plain))
    # Looking for keys takes longest, and hardly any reply holds one.
    return reply if hide_known_keys(said, MARK) == said else ChatReply.from_json(_scrubbed(plain))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return hide_known_keys(value, MARK)
    if isinstance(value, dict):
        return {_scrubbed(key): _scrubbed(inner) for key, inner in value.items()}
    return [_scrubbed(inner) for inner in value] if isinstance(value, list) else value
