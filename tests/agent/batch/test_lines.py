"""A line of a batch file asks exactly what a live call asks; a line of its output is a live reply."""

import asyncio
import json

import pytest
from werkzeug import Request, Response

from headscribe.agent.batch.answers import BatchOutput, read_answer
from headscribe.agent.batch.lines import batch_line, first_body, is_batch_line
from headscribe.agent.llm.openai_compatible import OpenAICompatibleClient
from headscribe.agent.llm.spec import LLMSpec, parse_llm
from headscribe.core.chat import (
    CallFailed,
    ChatReply,
    ChatRequest,
    FailureKind,
    Message,
    Sampling,
    Tool,
    ToolCall,
)

SCHEMA = {"type": "object", "properties": {"pattern": {"type": "string"}}, "required": ["pattern"]}
TOOL = Tool("rows", "Rows of tokens.", {"type": "object", "properties": {"tokens": {"type": "array"}}})
CALLED = (
    Message("user", "Which head?\u2028 é \u0000"),
    Message("assistant", "", tool_calls=(ToolCall("c1", "rows", '{"tokens": ["a"]}'),)),
    Message("tool", '{"a": 1}', tool_call_id="c1"),
)
REQUESTS = {
    "schema": ChatRequest("m", CALLED[:1], schema=SCHEMA),
    "free text, seeded": ChatRequest("m", CALLED[:1], Sampling(0.7, 99, 5)),
    "the server's temperature": ChatRequest("m", CALLED[:1], Sampling(None)),
    "tools": ChatRequest("m", CALLED, tools=(TOOL,), tool_choice="required"),
}
BODY = {
    "model": "served",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Paris"}}],
    "usage": {"prompt_tokens": 11, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 5}},
}


def line(custom_id: str = "q1", body: object = BODY, status: int = 200, **parts: object) -> bytes:
    response = {"status_code": status, "request_id": "r", "body": body}
    return json.dumps(
        {"id": "b1", "custom_id": custom_id, "response": response, "error": None} | parts
    ).encode()


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("kind", ["server", "openai"])
def test_the_body_is_that_of_a_live_call(httpserver, monkeypatch, name, kind):
    sent = []

    def chat(request: Request) -> Response:
        sent.append(request.get_json())
        return Response(json.dumps(BODY | {"id": "x", "object": "chat.completion", "created": 1}))

    httpserver.expect_request("/v1/chat/completions").respond_with_handler(chat)
    address = httpserver.url_for("/v1")
    monkeypatch.setenv("OPENAI_BASE_URL", address)

    async def ask() -> None:
        client = OpenAICompatibleClient("m", "m", api_key="k", base_url=address if kind == "server" else None)
        await client.send(REQUESTS[name])
        await client.aclose()

    asyncio.run(ask())
    (live,) = sent
    written = first_body(REQUESTS[name], LLMSpec(kind, "m", "m"))
    assert written == {key: value for key, value in live.items() if (key, value) != ("stream", False)}


def test_a_line_is_one_line_of_ascii_named_by_the_request():
    request = REQUESTS["schema"]
    text = batch_line(request, parse_llm("vllm:org/model"))
    assert text.isascii()
    assert text.splitlines() == [text.rstrip("\n")]
    plain = json.loads(text)
    assert plain["custom_id"] == request.identity()
    assert (plain["method"], plain["url"], plain["body"]["model"]) == (
        "POST",
        "/v1/chat/completions",
        "org/model",
    )
    assert plain["body"]["messages"][0]["content"] == CALLED[0].content
    assert is_batch_line(text)
    assert not is_batch_line("PAR1")


def test_a_successful_line_is_a_reply():
    answer = read_answer(line())
    assert (answer.custom_id, answer.id) == ("q1", "b1")
    reply = answer.result
    assert isinstance(reply, ChatReply)
    assert (reply.text, reply.finish_reason, reply.model) == ("Paris", "stop", "served")
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.cached_tokens) == (11, 7, 5)
    assert ChatReply.from_json(json.loads(json.dumps(reply.as_json()))) == reply


def test_tool_calls_and_refusals_come_through():
    message = {"content": None, "tool_calls": [{"id": "c1", "function": {"name": "rows", "arguments": "{"}}]}
    assert read_answer(line(body={"choices": [{"message": message}]})).result.tool_calls == (
        ToolCall("c1", "rows", "{"),
    )
    refused = {"content": None, "refusal": "I will not"}
    assert read_answer(line(body={"choices": [{"message": refused}]})).result.refusal == "I will not"


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        (line(body={"error": {"message": "Rate limit"}}, status=429), FailureKind.RATE_LIMIT, "Rate limit"),
        (line(body=None, status=500), FailureKind.SERVER, "HTTP 500"),
        (
            line(response=None, error={"code": "batch_expired", "message": "late"}),
            FailureKind.TIMEOUT,
            "late",
        ),
        (line(response=None, error={"code": "odd", "message": "no"}), FailureKind.SERVER, "no"),
        # vLLM: a text, or its server's error.
        (line(body=None, status=400, error="Unknown URL"), FailureKind.BAD_REQUEST, "Unknown URL"),
        (
            line(
                body=None, status=400, error={"error": {"message": "maximum model length is 8", "code": 400}}
            ),
            FailureKind.TOO_LONG,
            "maximum model length",
        ),
        (line(body={"choices": []}), FailureKind.BAD_REPLY, "not a chat reply"),
        (line(body={"choices": [{"message": None}]}), FailureKind.BAD_REPLY, "not a chat reply"),
        (line(body="text"), FailureKind.BAD_REPLY, "not a chat reply"),
    ],
)
def test_an_error_line_is_a_failure_of_the_right_kind(given, kind, words):
    failure = read_answer(given).result
    assert isinstance(failure, CallFailed)
    assert failure.kind is kind
    assert words in failure.message


@pytest.mark.parametrize(
    "given",
    [b"{", line()[:-9], b"[]", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"custom_id": 3, "response": {}}',
     batch_line(REQUESTS["tools"], parse_llm("fake")).encode()],
)  # fmt: skip
def test_what_is_no_answer_is_counted_and_nothing_else(given):
    output = BatchOutput()
    output.add([given, b"\n", line()])
    assert (output.unreadable, list(output.answers)) == (1, ["q1"])


def test_of_several_lines_the_first_reply_counts():
    output = BatchOutput()
    other = BODY | {"model": "later"}
    output.add([line(body=None, status=500), line(), line(body=other), line(body=None, status=500)])
    assert output.answers["q1"].result.model == "served"
    assert output.duplicated == 3
