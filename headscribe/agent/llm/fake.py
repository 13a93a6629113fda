"""An LLM that is none: for tests, rehearsals and dry runs. ``docs/how-to/llms.md`` describes its scripts."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Any

from headscribe.agent.llm.failures import http_failure, no_tool_calling
from headscribe.agent.llm.script import Entry, Script
from headscribe.agent.llm.server_words import ServerWords
from headscribe.core.chat import CallFailed, ChatReply, ChatRequest, FailureKind, ToolCall
from headscribe.core.records import Usage

LABEL = "Fake answer, written by no LLM"
_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.){1,40})"')
_ONE_WORD = re.compile(r"Answer with one (?:word|letter), (\w+)")
_SHOWN = 3


class FakeClient:
    """Answers by a script, and beyond it by rule: the same request always gets the same labelled answer.

    Args:
        name: what names its answers.
        script: what to answer or how to fail; None for the rule alone.
    """

    def __init__(self, name: str = "fake", script: Script | None = None) -> None:
        self.name = name
        self._script = script or Script()

    async def check(self) -> None:
        """It can always be asked."""

    async def send(self, request: ChatRequest) -> ChatReply:
        """Answer, or fail as the script says.

        Raises:
            CallFailed: the script wants it.
        """
        started = time.perf_counter()
        prompt = "\n".join(message.content for message in request.messages)
        entry = self._script.take(prompt)
        if entry.latency:
            await asyncio.sleep(entry.latency)
        if failure := _failure(entry):
            raise (request.tools and no_tool_calling(failure)) or failure
        calls = tuple(call.at(place) for place, call in enumerate(entry.tool_calls, _answered(request)))
        if entry.answers_itself and not _answered(request):
            calls = plausible_call(request)
        text = "" if calls else plausible_text(request)
        text = text if entry.answers_itself else entry.reply_text
        usage = Usage(
            len(prompt.split()) if entry.prompt_tokens is None else entry.prompt_tokens,
            len(text.split()) if entry.completion_tokens is None else entry.completion_tokens,
        )
        seconds = time.perf_counter() - started
        return ChatReply(
            text,
            entry.finish_reason,
            entry.refusal,
            usage,
            model=self.name,
            seconds=seconds,
            raw={"fake": True},
            tool_calls=calls,
        )

    async def aclose(self) -> None:
        """Nothing is open."""


def _failure(entry: Entry) -> CallFailed | None:
    if entry.status is None and entry.failure is None:
        return None
    message = entry.message or f"the script asks for this failure: {entry.failure or entry.status}"
    if entry.failure:
        return CallFailed(FailureKind(entry.failure), message, retry_after=entry.retry_after)
    failure = http_failure(entry.status or 500, ServerWords(message))
    failure.retry_after = entry.retry_after
    return failure


def plausible_call(request: ChatRequest) -> tuple[ToolCall, ...]:
    """One call, of each tool in turn, with a quoted token of the last message; none where none is allowed."""
    if not request.tools or request.tool_choice == "none":
        return ()
    tool = request.tools[_answered(request) % len(request.tools)]
    sample = list(dict.fromkeys(_QUOTED.findall(request.messages[-1].content)))[-1:] or ["a"]
    arguments = json.dumps(_instance(tool.parameters, sample[0]))
    return (ToolCall(f"fakecall{_answered(request)}", tool.name, arguments),)


def _answered(request: ChatRequest) -> int:
    """Tool calls of the conversation so far."""
    return sum(message.role == "tool" for message in request.messages)


def plausible_text(request: ChatRequest) -> str:
    """A reply that obeys the request: the first word offered, or the schema with some quoted tokens in it."""
    found = dict.fromkeys(_QUOTED.findall(request.messages[-1].content))
    shown = ", ".join(f'"{token}"' for token in list(found)[-_SHOWN:]) or "nothing quoted"
    drawn = f", drawn with seed {request.sampling.seed}" if request.sampling.seed else ""
    sentence = f"{LABEL}{drawn}; the prompt ends with {shown}."
    if asked := _ONE_WORD.search(request.messages[-1].content):
        return asked[1]
    if request.schema is None:
        return sentence
    return json.dumps(_instance(request.schema, sentence), ensure_ascii=False)


def _instance(schema: dict[str, Any], sentence: str) -> Any:
    """The plainest value that a JSON Schema allows, with the sentence wherever there is room for text."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    kind = next((one for one in kind if one != "null"), "null") if isinstance(kind, list) else kind
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: _instance(inner, sentence) for name, inner in properties.items()}
    if kind == "array":
        return [_instance(schema.get("items", {"type": "string"}), sentence)] * max(
            1, schema.get("minItems", 1)
        )
    if kind == "string":
        return sentence[: schema.get("maxLength", len(sentence))]
    if kind == "boolean":
        return True
    return schema.get("minimum", 0) if kind in {"integer", "number"} else None
