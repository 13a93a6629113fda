"""Tools, tool calls and their answers between our records and LangChain's messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from headscribe.core.chat import ChatRequest, Message, Tool, ToolCall

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage


def openai_tools(tools: tuple[Tool, ...], *, strict: bool = True) -> list[dict[str, Any]]:
    """Tools as OpenAI's protocol writes them, which LangChain takes for every provider.

    Args:
        strict: have the server keep arguments to the schema; vLLM does so only then.
    """
    extra = {"strict": True} if strict else {}
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                **extra,
            },
        }
        for tool in tools
    ]


def tool_arguments(request: ChatRequest, *, strict: bool = True) -> dict[str, Any]:
    """What of a request's body tools add; nothing without tools."""
    if not request.tools:
        return {}
    tools, choice = openai_tools(request.tools, strict=strict), request.tool_choice
    if choice in {tool.name for tool in request.tools}:
        return {"tools": tools, "tool_choice": {"type": "function", "function": {"name": choice}}}
    return {"tools": tools, "tool_choice": choice} if choice else {"tools": tools}


def to_langchain(message: Message) -> BaseMessage | tuple[str, str]:
    """A message as LangChain takes it."""
    if message.role == "tool":
        from langchain_core.messages import ToolMessage

        return ToolMessage(message.content, tool_call_id=message.tool_call_id or "")
    if not message.tool_calls:
        return (message.role, message.content)
    from langchain_core.messages import AIMessage

    calls = [
        {"type": "tool_call", "id": call.id, "name": call.name, "args": json.loads(call.arguments)}
        for call in message.tool_calls
    ]
    return AIMessage(message.content, tool_calls=calls)


def calls_in(message: AIMessage) -> tuple[ToolCall, ...]:
    """The tool calls of a reply: those that LangChain could read, then those that it could not."""
    readable = [
        ToolCall(call["id"] or "", call["name"], json.dumps(call["args"])) for call in message.tool_calls
    ]
    broken = [
        ToolCall(call["id"] or "", call["name"] or "", call["args"] or "")
        for call in message.invalid_tool_calls
    ]
    return (*readable, *broken)
