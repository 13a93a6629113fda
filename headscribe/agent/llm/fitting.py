"""How long a reply may be where prompt and reply together do not fit into an LLM's context."""

from __future__ import annotations

import re

SHORTEST = 16
"""Tokens below which a reply says nothing."""

_N = r"(\d[\d,]{0,11})(?![\d,])"
# Servers word this differently: vLLM, OpenAI, SGLang, TGI, llama.cpp, OpenRouter, Anthropic.
_CONTEXT = re.compile(
    rf"context.{{0,10}}?(?:length|window|size|limit)[^\d]{{0,40}}{_N}(?! \+)|must be <= {_N}|> {_N}\b",
    re.IGNORECASE,
)
_PROMPT = re.compile(
    rf"{_N} (?:tokens )?(?:in|of|from) (?:the )?(?:input |text )?(?:messages|prompt|input)"
    rf"|{_N} (?:input tokens|`inputs` tokens|prompt tokens|tokens from the input)|{_N} \+ \d",
    re.IGNORECASE,
)
_MOST = re.compile(rf"at most {_N} (?:completion|output|new|reply) tokens", re.IGNORECASE)
_OF_THE_REPLY = re.compile(
    r"max_(?:completion_|new_|output_)?tokens|in the (?:completion|output)", re.IGNORECASE
)


def room_for_reply(complaint: str, asked: int) -> int | None:
    """Tokens that a reply may have for the request to be taken, None where a shorter reply would not help.

    Where a server says that the reply is too long and not by how much, half of what was asked for.

    Args:
        complaint: the server's words.
        asked: the limit of the reply that was sent.
    """
    room = _said(complaint, asked)
    return room if room is not None and SHORTEST <= room < asked else None


def _said(complaint: str, asked: int) -> int | None:
    if most := _first(_MOST, complaint):
        return most
    context, prompt = _first(_CONTEXT, complaint), _first(_PROMPT, complaint)
    if context and prompt:
        return context - prompt
    return asked // 2 if _OF_THE_REPLY.search(complaint) and (context or "exceed" in complaint) else None


def _first(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    number = next((group for group in found.groups() if group), None) if found else None
    return int(number.replace(",", "")) if number else None
