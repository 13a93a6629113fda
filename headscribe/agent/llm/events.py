"""A reply that comes in pieces (server-sent events), put together as if it had come in one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_TEXTS = ("content", "reasoning_content", "reasoning", "refusal")


def is_events(text: str) -> bool:
    """Whether a body is a stream of events; some servers send one unasked, under any content type."""
    return text.lstrip("\ufeff \r\n").startswith(("data:", "event:", ": ", "id:"))


def join_events(text: str) -> dict[str, Any]:
    """The body of the answer whose pieces these are; the error, where a piece is one.

    Raises:
        ValueError: a piece is not JSON.
    """
    body: dict[str, Any] = {}
    message: dict[str, Any] = {"role": "assistant", "content": None}
    calls: dict[Any, dict[str, Any]] = {}
    texts: dict[str, list[str]] = {name: [] for name in _TEXTS}
    choice: dict[str, Any] = {"finish_reason": None, "message": message}
    for piece in _pieces(text):
        if "error" in piece and not piece.get("choices"):
            return piece
        body |= {name: value for name, value in piece.items() if name != "choices" and value is not None}
        for part in _objects(piece.get("choices"))[:1]:
            choice["finish_reason"] = part.get("finish_reason") or choice["finish_reason"]
            delta = part.get("delta") or part.get("message") or {}
            for name in _TEXTS:
                if isinstance(value := delta.get(name), str):
                    texts[name].append(value)
            for number, call in enumerate(_objects(delta.get("tool_calls"))):
                _add_call(calls.setdefault(call.get("index", number), {"id": "", "function": {}}), call)
    message |= {name: "".join(parts) for name, parts in texts.items() if parts}
    if calls:
        message["tool_calls"] = list(calls.values())
    return body | {"choices": [choice]}


def _add_call(call: dict[str, Any], delta: dict[str, Any]) -> None:
    """Add a piece to a tool call: its id and name come once, its arguments bit by bit."""
    function, added = call["function"], delta.get("function") or {}
    call["id"] = call["id"] or delta.get("id") or ""
    function["name"] = function.get("name") or added.get("name") or ""
    function["arguments"] = function.get("arguments", "") + (added.get("arguments") or "")


def _pieces(text: str) -> Iterator[dict[str, Any]]:
    for line in text.split("\n"):  # not splitlines: other line ends may stand inside JSON strings
        data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
        if data and data != "[DONE]":
            piece = json.loads(data)
            if isinstance(piece, dict):
                yield piece


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
