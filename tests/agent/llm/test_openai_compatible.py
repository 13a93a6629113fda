"""A server that speaks OpenAI's protocol, well or badly: each way to fail becomes the right kind."""

import asyncio
import contextlib
import json
import logging
import socket
import threading
import time
from email.utils import formatdate

import pytest
from werkzeug import Request, Response

from headscribe.agent.llm.address import is_loopback
from headscribe.agent.llm.openai_compatible import OpenAICompatibleClient
from headscribe.core.chat import CallFailed, ChatRequest, FailureKind, Message, Sampling
from headscribe.core.errors import LLMUnavailable
from tests.agent.llm.chat_server import CHAT, completion

KEY = "secret-key-4711"
SCHEMA = {
    "type": "object",
    "properties": {"pattern": {"type": "string"}},
    "required": ["pattern"],
    "additionalProperties": False,
}


def question(schema=None, **sampling):
    messages = (Message("system", "Answer."), Message("user", "Capital of France?"))
    return ChatRequest("m", messages, Sampling(**sampling), schema)


def ask(server, request=None, *, timeout=5.0, base_url=None, times=1):
    """Send a request ``times`` times with one client; the last reply."""

    async def run():
        url = base_url or server.url_for("/v1")
        client = OpenAICompatibleClient("m", "m", api_key=KEY, base_url=url, timeout=timeout)
        try:
            for _ in range(times):
                reply = await client.send(request or question())
            return reply
        finally:
            await client.aclose()

    return asyncio.run(run())


def check(base_url):
    async def run():
        client = OpenAICompatibleClient("m", "m", api_key=KEY, base_url=base_url)
        try:
            await client.check()
        finally:
            await client.aclose()

    asyncio.run(run())


def failure(server, **arguments):
    with pytest.raises(CallFailed) as caught:
        ask(server, **arguments)
    assert "\n" not in caught.value.message
    return caught.value


def bodies(server):
    return [json.loads(request.get_data()) for request, _ in server.log if request.path == CHAT]


def error_body(message, **more):
    return {"error": {"message": message, "type": "invalid_request_error", **more}}


def test_a_reply_is_kept_whole(httpserver):
    httpserver.expect_request(CHAT, method="POST").respond_with_json(completion())
    reply = ask(httpserver)
    assert (reply.text, reply.finish_reason, reply.model) == ("Paris", "stop", "served-as-this")
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.cached_tokens) == (11, 7, 5)
    assert reply.seconds > 0
    assert reply.raw["id"] == "chat-1"
    json.dumps(reply.raw)


def test_a_request_holds_messages_sampling_and_schema_and_nothing_more(httpserver):
    httpserver.expect_request(CHAT).respond_with_json(completion())
    ask(httpserver, question(SCHEMA, temperature=0.25, max_tokens=99, seed=3))
    body = bodies(httpserver)[0]
    assert body["response_format"]["json_schema"] == {"name": "reply", "schema": SCHEMA}
    assert body["messages"][1] == {"role": "user", "content": "Capital of France?"}
    assert (body["temperature"], body["max_tokens"], body["seed"]) == (0.25, 99, 3)
    assert set(body) - {"stream"} == {
        "model",
        "messages",
        "temperature",
        "max_tokens",
        "seed",
        "response_format",
    }


@pytest.mark.parametrize(
    "absent",
    [{"usage": None}, {"id": None}, {"model": None}, {"object": None, "created": None}],
    ids=["usage", "id", "model", "object"],
)
def test_absent_fields_are_tolerated(httpserver, absent):
    body = {name: value for name, value in completion().items() if name not in absent}
    httpserver.expect_request(CHAT).respond_with_json(body)
    assert ask(httpserver).text == "Paris"


def test_a_cut_reply_and_a_refusal_are_replies(httpserver):
    httpserver.expect_ordered_request(CHAT).respond_with_json(completion('{"patt', finish_reason="length"))
    httpserver.expect_ordered_request(CHAT).respond_with_json(completion(None, refusal="I will not."))
    cut = ask(httpserver, question(SCHEMA))
    assert (cut.text, cut.finish_reason) == ('{"patt', "length")
    refused = ask(httpserver, question(SCHEMA))
    assert (refused.text, refused.refusal) == ("", "I will not.")


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (429, "slow down", FailureKind.RATE_LIMIT),
        (429, "You exceeded your current quota, please check your plan and billing", FailureKind.RATE_LIMIT),
        (500, "oops", FailureKind.SERVER),
        (503, "overloaded", FailureKind.SERVER),
        (408, "too slow", FailureKind.TIMEOUT),
        (400, "this field is wrong", FailureKind.BAD_REQUEST),
        (400, "This model's maximum context length is 1024 tokens.", FailureKind.TOO_LONG),
        (413, "request entity too large", FailureKind.TOO_LONG),
        (401, "no such key", FailureKind.AUTH),
        (403, "not allowed", FailureKind.AUTH),
    ],
)
def test_each_status_is_a_kind_of_failure_and_one_attempt(httpserver, status, message, kind):
    httpserver.expect_request(CHAT).respond_with_json(error_body(message), status=status)
    error = failure(httpserver)
    assert error.kind is kind
    assert message in error.message
    assert len(httpserver.log) == 1


@pytest.mark.parametrize(
    ("headers", "low", "high"),
    [
        ({"Retry-After": "7"}, 7, 7),
        ({"retry-after-ms": "250"}, 0.25, 0.25),
        # counted from when the tests were collected
        ({"Retry-After": formatdate(time.time() + 3600, usegmt=True)}, 1800, 3600),
    ],
    ids=["seconds", "milliseconds", "date"],
)
def test_the_wait_that_a_server_asks_for_is_read(httpserver, headers, low, high):
    httpserver.expect_request(CHAT).respond_with_json(error_body("wait"), status=429, headers=headers)
    assert low <= failure(httpserver).retry_after <= high


def test_a_wait_that_cannot_be_read_is_none(httpserver):
    httpserver.expect_request(CHAT).respond_with_json({}, status=503, headers={"Retry-After": "soon"})
    assert failure(httpserver).retry_after is None


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<html><body>Sign in</body></html>", "text/html"),
        ('{"choices": [', "application/json"),
        ('{"choices": null}', "application/json"),
        ('{"choices": []}', "application/json"),
        ('{"error": {"message": "upstream broke"}}', "application/json"),
        ("", "application/json"),
    ],
    ids=["html", "cut json", "null", "no choice", "error inside", "empty"],
)
def test_a_body_that_is_no_chat_reply_is_a_bad_reply(httpserver, body, content_type):
    httpserver.expect_request(CHAT).respond_with_data(body, content_type=content_type)
    assert failure(httpserver).kind is FailureKind.BAD_REPLY


def test_a_slow_server_is_a_timeout_by_the_wall_clock(httpserver):
    def drip(_: Request) -> Response:
        def pieces():
            for _ in range(20):
                time.sleep(0.1)
                yield b" "

        return Response(pieces(), content_type="application/json")

    httpserver.expect_request(CHAT).respond_with_handler(drip)
    started = time.perf_counter()
    assert failure(httpserver, timeout=0.4).kind is FailureKind.TIMEOUT
    assert time.perf_counter() - started < 1.5


@contextlib.contextmanager
def rude_server(answer: bytes):
    """A server that sends ``answer`` and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


@pytest.mark.parametrize(
    "answer",
    [b"", b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"choices"'],
    ids=["before the reply", "in its middle"],
)
def test_a_dropped_connection_is_a_connection_failure(answer):
    with rude_server(answer) as base_url:
        assert failure(None, base_url=base_url).kind is FailureKind.CONNECTION


def free_address():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


def test_a_server_that_is_not_there_is_a_connection_failure_and_fails_the_check():
    address = free_address()
    assert failure(None, base_url=address).kind is FailureKind.CONNECTION
    with pytest.raises(LLMUnavailable, match="no LLM server answers") as error:
        check(address)
    assert address in str(error.value)


def picky(*rejected, wording="Unsupported parameter: '{}'"):
    """A server that refuses some parts of a request, one per answer."""

    def respond(request: Request) -> Response:
        body = json.loads(request.get_data())
        for name in rejected:
            if name in body:
                message = error_body(wording.format(name), param=name)
                return Response(json.dumps(message), status=400, content_type="application/json")
        return Response(json.dumps(completion()), content_type="application/json")

    return respond


@pytest.mark.parametrize(
    "wording", ["Unsupported parameter: '{}'", "nope", "{}: Extra inputs are not permitted"]
)
def test_parts_that_a_server_refuses_are_left_out_from_then_on_and_recorded(httpserver, wording):
    handler = picky("response_format", "temperature", wording=wording)
    httpserver.expect_request(CHAT).respond_with_handler(handler)
    reply = ask(httpserver, question(SCHEMA), times=2)
    assert reply.text == "Paris"
    assert reply.raw["left_out"] == ["response_format", "temperature"]
    assert len(bodies(httpserver)) == 4, "two refusals, then each call is sent once"


def test_the_limit_is_sent_under_its_other_name_where_a_server_wants_that(httpserver):
    httpserver.expect_request(CHAT).respond_with_handler(picky("max_tokens"))
    reply = ask(httpserver, question(max_tokens=50))
    assert bodies(httpserver)[-1]["max_completion_tokens"] == 50
    assert "left_out" not in reply.raw


def test_a_server_that_knows_no_limit_is_asked_without(httpserver):
    httpserver.expect_request(CHAT).respond_with_handler(picky("max_tokens", "max_completion_tokens"))
    assert ask(httpserver).raw["left_out"] == ["max_tokens"]


def test_an_unknown_model_is_told_with_those_that_are_there(httpserver):
    httpserver.expect_request(CHAT).respond_with_json(error_body("no model m"), status=404)
    httpserver.expect_request("/v1/models").respond_with_json({"object": "list", "data": [{"id": "llama"}]})
    error = failure(httpserver)
    assert error.kind is FailureKind.BAD_REQUEST
    assert "has no model m; it has: llama" in error.message


def test_a_wrong_path_is_told_as_such(httpserver):
    httpserver.expect_request("/chat/completions").respond_with_data("404 page not found", status=404)
    httpserver.expect_request("/models").respond_with_data("404 page not found", status=404)
    assert "/v1?" in failure(httpserver, base_url=httpserver.url_for("")).message


def test_a_server_cannot_move_the_cursor(httpserver):
    httpserver.expect_request(CHAT).respond_with_json(error_body("\x1b[2J\u202eno\nmodel"), status=400)
    assert str(failure(httpserver)) == "bad-request: HTTP 400: [2J no model"


def test_a_refused_key_is_never_shown(httpserver, caplog, capfd, monkeypatch):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HEADSCRIBE_LLM_API_KEY", KEY)
    said = error_body(f"Incorrect API key provided: {KEY}. Also sk-proj-abcdefgh123 and Bearer {KEY}")
    httpserver.expect_request(CHAT).respond_with_json(said, status=401)
    httpserver.expect_request("/v1/models").respond_with_json(said, status=401)
    error = failure(httpserver)
    with pytest.raises(LLMUnavailable) as refused:
        check(httpserver.url_for("/v1"))
    assert httpserver.log[0][0].headers["Authorization"] == f"Bearer {KEY}"
    output = capfd.readouterr()
    for text in (str(error), str(refused.value), caplog.text, output.out, output.err):
        assert KEY not in text
        assert "abcdefgh123" not in text
    assert "[key]" in str(error)


def test_a_server_without_a_list_of_models_passes_the_check(httpserver):
    httpserver.expect_request("/v1/models").respond_with_data("nothing here", status=404)
    check(httpserver.url_for("/v1"))


@pytest.mark.parametrize("body", ["<html></html>", "[]", '{"data": null}', "{}"])
def test_an_odd_list_of_models_passes_the_check(httpserver, body):
    httpserver.expect_request("/v1/models").respond_with_data(body, content_type="application/json")
    check(httpserver.url_for("/v1"))


def test_a_proxy_is_not_used_for_this_machine(httpserver, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    httpserver.expect_request(CHAT).respond_with_json(completion())
    assert ask(httpserver).text == "Paris"
    assert [
        is_loopback(url) for url in ("http://[::1]:8/v1", "http://localhost/v1", "https://x.org/v1", None)
    ] == [
        True,
        True,
        False,
        False,
    ]
