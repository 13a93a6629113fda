"""Replies that come in pieces, asked for or not."""

import asyncio
import json
import time

from werkzeug import Request, Response

from headscribe.agent.llm.openai_compatible import OpenAICompatibleClient
from headscribe.agent.reply import parse_reply
from headscribe.core.chat import FailureKind
from headscribe.core.records import Usage
from tests.agent.llm.chat_server import CHAT, Asked, bodies, failure, json_response, question

SCHEMA = {"type": "object", "properties": {"pattern": {"type": "string"}}, "required": ["pattern"]}
ANSWER = '{"pattern": "Countries to capitals."}'
THOUGHT = "I should answer."


def events(*pieces, end="[DONE]"):
    lines = [f"data: {json.dumps(piece)}\n\n" for piece in pieces]
    return ": ping\n\n" + "".join(lines) + f"data: {end}\n\n"


def piece(**delta):
    finish = delta.pop("finish_reason", None)
    return {
        "id": "chat-1",
        "model": "served",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


STREAM = events(
    piece(role="assistant", content=""),
    piece(reasoning_content=THOUGHT),
    piece(content=ANSWER[:9]),
    piece(content=ANSWER[9:] + "\u2028"),
    piece(finish_reason="stop"),
    {"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 7}},
)


def test_a_server_that_only_streams_is_asked_for_a_stream_and_its_pieces_are_one_reply(httpserver):
    def respond(request: Request) -> Response:
        if request.get_json().get("stream"):
            return Response(STREAM, content_type="text/event-stream")
        return json_response({"error": {"message": "This model only support stream mode"}}, status=400)

    httpserver.expect_request(CHAT).respond_with_handler(respond)
    first, second = Asked(httpserver, question(SCHEMA), question(SCHEMA)).replies
    assert len(bodies(httpserver)) == 3
    assert bodies(httpserver)[-1]["stream_options"] == {"include_usage": True}
    for reply in (first, second):
        assert (reply.text, reply.finish_reason, reply.model) == (ANSWER + "\u2028", "stop", "served")
        assert reply.usage == Usage(11, 7)
        assert reply.raw["reasoning"] == THOUGHT
        assert parse_reply(reply).description == "Countries to capitals."


def test_a_stream_that_nobody_asked_for_is_read_under_any_content_type(httpserver):
    httpserver.expect_request(CHAT).respond_with_data(STREAM, content_type="application/json")
    assert Asked(httpserver).reply.text == ANSWER + "\u2028"


def test_tool_calls_come_in_pieces_too(httpserver):
    first = {"index": 0, "id": "c1", "function": {"name": "rows", "arguments": '{"to'}}
    rest = {"index": 0, "function": {"arguments": 'kens": []}'}}
    other = {"index": 1, "id": "c2", "function": {"name": "end", "arguments": "{}"}}
    stream = events(*(piece(tool_calls=[call]) for call in (first, rest, other)))
    httpserver.expect_request(CHAT).respond_with_data(stream, content_type="text/event-stream")
    calls = Asked(httpserver).reply.tool_calls
    assert [(call.id, call.name, call.arguments) for call in calls] == [
        ("c1", "rows", '{"tokens": []}'),
        ("c2", "end", "{}"),
    ]


def test_an_error_inside_a_stream_or_a_body_that_looks_well_is_a_failure(httpserver):
    overloaded = {"error": {"code": 429, "message": "Provider is overloaded"}}
    httpserver.expect_ordered_request(CHAT).respond_with_data(events(piece(content="Pa"), overloaded))
    httpserver.expect_ordered_request(CHAT).respond_with_json(overloaded)
    httpserver.expect_ordered_request(CHAT).respond_with_data("data: {broken\n\n")
    kinds = [failure(httpserver).kind for _ in range(3)]
    assert kinds == [FailureKind.RATE_LIMIT, FailureKind.RATE_LIMIT, FailureKind.BAD_REPLY]


def test_a_stream_that_never_ends_is_a_timeout(httpserver):
    def drip(_: Request) -> Response:
        def pieces():
            for _ in range(30):
                time.sleep(0.1)
                yield events(piece(content="x"), end="").encode()

        return Response(pieces(), content_type="text/event-stream")

    httpserver.expect_request(CHAT).respond_with_handler(drip)
    assert failure(httpserver, timeout=0.4).kind is FailureKind.TIMEOUT


def test_calls_that_are_refused_together_all_learn_what_the_server_does_not_take(httpserver):
    def respond(request: Request) -> Response:
        body = request.get_json()
        time.sleep(0.1)
        for name in ("temperature", "response_format"):
            if name in body:
                return json_response({"error": {"message": f"no {name}"}}, status=400)
        if not body.get("stream"):
            return json_response({"detail": "stream must be true"}, status=400)
        return Response(STREAM, content_type="text/event-stream")

    async def together() -> list[str]:
        client = OpenAICompatibleClient("m", "m", api_key="a-long-key", base_url=httpserver.url_for("/v1"))
        replies = await asyncio.gather(*(client.send(question(SCHEMA)) for _ in range(8)))
        await client.aclose()
        return [reply.text for reply in replies]

    httpserver.expect_request(CHAT).respond_with_handler(respond)
    assert asyncio.run(together()) == [ANSWER + "\u2028"] * 8
