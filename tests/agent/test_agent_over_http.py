"""The method ``agent`` against a server of OpenAI's protocol: calls, their answers, the drafts' reader."""

from __future__ import annotations

import asyncio
import json

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from benchmarks.simulated import family_of, planted_evidence, right
from headscribe.agent.describers import open_describer
from headscribe.agent.llm.spec import parse_llm
from headscribe.core.chat import ChatRequest, Message, Sampling, Tool
from headscribe.core.progress import Silent
from headscribe.core.settings import DescribeSettings
from tests.agent.list_journal import ListJournal
from tests.agent.llm.chat_server import CHAT, completion, json_response
from tests.agent.operation_head import OperationHead, Researcher

EVIDENCE = planted_evidence(5)
FAMILY = family_of(EVIDENCE)


def as_request(body: dict) -> ChatRequest:
    """What was sent, as the planted LLM takes it."""
    messages = tuple(
        Message(one["role"], one.get("content") or "", tool_call_id=one.get("tool_call_id"))
        for one in body["messages"]
    )
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
    tools = tuple(
        Tool(one["function"]["name"], one["function"]["description"], one["function"]["parameters"])
        for one in body.get("tools", ())
    )
    return ChatRequest("served", messages, Sampling(), schema, tools, body.get("tool_choice"))


def test_experiments_and_drafts_over_the_network(httpserver: HTTPServer) -> None:
    planted, answered = Researcher(FAMILY), []

    def answer(sent: Request) -> Response:
        body = json.loads(sent.get_data())
        for message in body["messages"]:
            for call in message.get("tool_calls", ()):
                assert isinstance(json.loads(call["function"]["arguments"]), dict)
                answered.append(call["id"])
        ids = [message["tool_call_id"] for message in body["messages"] if message["role"] == "tool"]
        assert ids == list(dict.fromkeys(ids)), "every answer belongs to a call of its own"
        reply = asyncio.run(planted.send(as_request(body)))
        listed = [
            {
                "id": f"call-{len(ids)}",
                "type": "function",
                "function": {"name": one.name, "arguments": one.arguments},
            }
            for one in reply.tool_calls
        ]
        more = {"tool_calls": listed, "finish_reason": "tool_calls"} if listed else {}
        return json_response(completion(reply.text, **more))

    httpserver.expect_request("/v1/models").respond_with_json({"data": [{"id": "served"}]})
    httpserver.expect_request(CHAT).respond_with_handler(answer)
    spec = parse_llm(f"{httpserver.url_for('/v1')}#served")
    settings = DescribeSettings(
        method="agent", prompt="describe@1", max_retries=0, intruders=0, max_items=12, concurrency=2
    )

    async def describe():
        async with open_describer(spec, settings, ListJournal(), Silent()) as describer:
            outcome = await describer.describe(EVIDENCE, experiments=OperationHead(FAMILY))
            return outcome, describer.totals

    outcome, totals = asyncio.run(describe())
    assert (outcome.description, outcome.confidence) == (right(FAMILY), 1.0)
    tools = [one.tool for one in outcome.transcript.experiments]
    assert tools == ["map_tokens"] + ["test_description"] * 3
    assert set(answered) == {f"call-{number}" for number in range(4)}
    assert totals.calls == len(planted.sent)
    assert totals.prompt_tokens == 11 * totals.calls, "what the server says is what is counted"
