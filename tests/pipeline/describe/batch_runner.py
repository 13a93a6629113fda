"""A stand-in for batch runners: answers a file of requests by the rule of the fake LLM."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from headscribe.agent.llm.fake import plausible_call, plausible_text
from headscribe.core.chat import ChatRequest, Message, Tool

Line = dict[str, Any]
_TOOL = ("name", "description", "parameters")


def answer(line: Line) -> Line:
    """What a runner writes for a request that succeeds."""
    body = line["body"]
    request = ChatRequest(
        "fake",
        tuple(Message(one["role"], one["content"] or "") for one in body["messages"]),
        schema=body.get("response_format", {}).get("json_schema", {}).get("schema"),
        tools=tuple(Tool(*map(tool["function"].get, _TOOL)) for tool in body.get("tools", ())),
        tool_choice=body.get("tool_choice"),
    )
    message: Line = {"role": "assistant", "content": None}
    if calls := plausible_call(request):
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in calls
        ]
    else:
        message["content"] = plausible_text(request)
    reply = {
        "model": body["model"],
        "choices": [{"finish_reason": "stop", "message": message}],
        "usage": {
            "prompt_tokens": sum(len(one.content.split()) for one in request.messages),
            "completion_tokens": len((message["content"] or "").split()),
        },
    }
    return _output(line, {"status_code": 200, "request_id": "r", "body": reply})


def refuse(line: Line, status: int = 400, message: str = "the filter says no") -> Line:
    """What a runner writes for a request that fails."""
    return _output(line, {"status_code": status, "request_id": "r", "body": {"error": {"message": message}}})


def _output(line: Line, response: Line) -> Line:
    return {
        "id": f"line-{line['custom_id'][:8]}",
        "custom_id": line["custom_id"],
        "response": response,
        "error": None,
    }


def requests(file: Path) -> list[Line]:
    return [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()]


def run_batch(file: Path, output: Path, respond: Callable[[Line], Line | None] = answer) -> list[Line]:
    """Write a line for every request, None for none; the requests."""
    asked = requests(file)
    lines = [respond(line) for line in asked]
    output.write_text("".join(json.dumps(line) + "\n" for line in lines if line))
    return asked
