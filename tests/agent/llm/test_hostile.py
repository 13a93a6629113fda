"""Servers that send too much, send elsewhere, ask to wait for ever, or count what cannot be."""

import asyncio
import gzip
import json
import time
import tracemalloc
import zlib
from email.utils import formatdate
from functools import cache

import pytest
from werkzeug import Request, Response

from headscribe.agent.caller import Caller
from headscribe.agent.llm.failures import Hopeless
from headscribe.agent.llm.openai_compatible import OpenAICompatibleClient
from headscribe.agent.retry import Backoff
from headscribe.core.chat import CallFailed, FailureKind, Message
from headscribe.core.errors import LLMUnavailable
from headscribe.core.records import Usage
from headscribe.core.settings import DescribeSettings
from headscribe.prompts import estimate_tokens
from headscribe.store.describe.journal import Journal
from tests.agent.llm.chat_server import CHAT, Asked, completion, failure, json_response

MIB = 2**20


def endless(content_type="application/json"):
    def respond(_: Request) -> Response:
        def pieces():
            yield b'{"choices": ['
            for _ in range(2000):  # far beyond the limit, and an end for the test's own server
                yield b" " * MIB

        return Response(pieces(), content_type=content_type)

    return respond


@cache
def bomb(encoding):
    """A body of about a megabyte that decompresses to a gigabyte."""
    if encoding == "gzip, gzip":
        return gzip.compress(gzip.compress(b" " * (512 * MIB)))
    press = zlib.compressobj(9, zlib.DEFLATED, 31 if encoding == "gzip" else 15)
    return b"".join(press.compress(b" " * MIB) for _ in range(1024)) + press.flush()


@pytest.mark.parametrize("content_type", ["application/json", "text/event-stream", "text/html"])
def test_a_body_without_end_is_not_read_to_it(httpserver, content_type):
    httpserver.expect_request(CHAT).respond_with_handler(endless(content_type))
    tracemalloc.start()
    error = failure(httpserver)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.kind is FailureKind.BAD_REPLY
    assert "larger than 8 MiB" in error.message
    assert peak < 64 * MIB


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "gzip, gzip"])
def test_a_compressed_bomb_does_not_go_off(httpserver, encoding, status):
    body = bomb(encoding)
    assert len(body) < 2 * MIB
    httpserver.expect_request(CHAT).respond_with_data(
        body, status=status, headers={"Content-Encoding": encoding}
    )
    tracemalloc.start()
    error = failure(httpserver, timeout=30.0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "larger than 8 MiB" in error.message
    assert peak < 64 * MIB


def test_a_reply_that_is_compressed_and_no_bomb_is_read(httpserver):
    body = gzip.compress(json.dumps(completion()).encode())
    httpserver.expect_request(CHAT).respond_with_data(body, headers={"Content-Encoding": "gzip"})
    assert Asked(httpserver).reply.text == "Paris"


@pytest.mark.parametrize(
    "body", [b"no gzip at all", gzip.compress(b'{"choices"', mtime=0)[:-9]], ids=["none", "cut"]
)
def test_a_body_that_cannot_be_decompressed_is_an_attempt_to_be_repeated(httpserver, body):
    httpserver.expect_request(CHAT).respond_with_data(body, headers={"Content-Encoding": "gzip"})
    assert failure(httpserver).kind in {FailureKind.BAD_REPLY, FailureKind.CONNECTION}


def check(server):
    async def run():
        client = OpenAICompatibleClient("m", "m", api_key="a-long-key", base_url=server.url_for("/v1"))
        try:
            await client.check()
        finally:
            await client.aclose()

    asyncio.run(run())


def test_a_list_of_models_without_end_passes_the_check_unread(httpserver):
    httpserver.expect_request("/v1/models").respond_with_handler(endless())
    tracemalloc.start()
    check(httpserver)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 * MIB


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_prompts_and_keys_do_not_follow_to_another_host(httpserver, status):
    elsewhere = httpserver.url_for("/stolen").replace("localhost", "127.0.0.1")
    headers = {"Location": elsewhere}
    for path in (CHAT, "/v1/models"):
        httpserver.expect_request(path).respond_with_data("", status=status, headers=headers)
    httpserver.expect_request("/stolen").respond_with_json(completion())
    error = failure(httpserver)
    assert isinstance(error, Hopeless)
    assert "sends on to http://127.0.0.1" in error.message
    with pytest.raises(LLMUnavailable, match="sends on to"):
        check(httpserver)
    assert not [request for request, _ in httpserver.log if request.path == "/stolen"]


def test_a_redirection_on_the_same_host_is_followed(httpserver):
    httpserver.expect_request(CHAT).respond_with_data("", status=307, headers={"Location": "/v2/chat"})
    httpserver.expect_request("/v2/chat").respond_with_json(completion())
    assert Asked(httpserver).reply.text == "Paris"


@pytest.mark.parametrize("location", ["http://", "http://[broken", "://", "\x00", "/v1/chat/completions"])
def test_a_redirection_to_nowhere_is_a_failure(httpserver, location):
    headers = {"Location": location}
    httpserver.expect_request(CHAT).respond_with_data("", status=307, headers=headers)
    assert isinstance(failure(httpserver), CallFailed)


class Waiting:
    """A call by a caller whose pauses are only noted."""

    def __init__(self, server, tmp_path, **backoff):
        self.said, self.pauses = [], []
        journal = Journal(tmp_path / "run.db")

        async def run():
            client = OpenAICompatibleClient("m", "m", api_key="a-long-key", base_url=server.url_for("/v1"))
            settings = DescribeSettings(max_retries=2)
            caller = Caller(
                client, journal, settings=settings, backoff=Noted(self.pauses), say=self.said.append
            )
            try:
                return await caller.call((Message("user", "Which head?"),)), caller.totals
            finally:
                await client.aclose()

        self.reply, self.totals = asyncio.run(run())
        self.journal_totals = journal.totals()
        journal.close()


class Noted(Backoff):
    """Notes the waits that it would make, and makes none."""

    def __init__(self, pauses):
        super().__init__()
        object.__setattr__(self, "pauses", pauses)

    def __call__(self, retry_state):
        self.pauses.append(super().__call__(retry_state))
        return 0.0


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("inf", "for ever"),
        ("Infinity", "for ever"),
        ("9" * 400, "for ever"),
        ("31536000", "525,600 minutes"),
        (formatdate(time.time() + 86_400 * 365, usegmt=True), "minutes"),
    ],
    ids=["inf", "infinity", "digits", "seconds", "date"],
)
def test_a_wait_beyond_reason_is_cut_short_and_said_once(httpserver, tmp_path, asked, words):
    limited = json_response({}, 429, **{"Retry-After": asked})
    for _ in range(2):
        httpserver.expect_ordered_request(CHAT).respond_with_response(limited)
    httpserver.expect_ordered_request(CHAT).respond_with_json(completion())
    waited = Waiting(httpserver, tmp_path)
    assert waited.reply.text == "Paris"
    assert all(300 <= pause <= 331 for pause in waited.pauses)
    (line,) = waited.said
    assert words in line


@pytest.mark.parametrize("asked", ["nan", "-5", "Mon, 99 Foo 99999 99:99:99 GMT", "1e999", "soon"])
def test_a_wait_that_is_none_is_our_own(httpserver, tmp_path, asked):
    httpserver.expect_ordered_request(CHAT).respond_with_response(
        json_response({}, 429, **{"Retry-After": asked})
    )
    httpserver.expect_ordered_request(CHAT).respond_with_json(completion())
    waited = Waiting(httpserver, tmp_path)
    assert waited.pauses[0] <= 1.0
    assert not waited.said


USAGES = {
    "none": None,
    "a list": [1],
    "texts": {"prompt_tokens": "11", "completion_tokens": "7"},
    "huge": {"prompt_tokens": 10**30, "completion_tokens": 10**30},
    "fractions": {"prompt_tokens": 11.5, "completion_tokens": 7.25},
    "negative": {"prompt_tokens": -1, "completion_tokens": -7},
    "NaN": {"prompt_tokens": float("nan"), "completion_tokens": float("nan")},
    "infinite": {"prompt_tokens": float("inf"), "completion_tokens": float("-inf")},
    "true": {"prompt_tokens": True, "completion_tokens": True},
}


@pytest.mark.parametrize("kind", USAGES)
def test_counts_that_are_none_are_estimated_and_marked(httpserver, tmp_path, kind):
    sent, back = estimate_tokens("Which head?"), estimate_tokens("Countries to capitals.")
    body = completion("Countries to capitals.") | {"usage": USAGES[kind]}
    httpserver.expect_request(CHAT).respond_with_data(json.dumps(body))
    asked = Waiting(httpserver, tmp_path)
    assert asked.reply.usage == Usage(sent, back, None, estimated=True)
    assert (asked.totals.prompt_tokens, asked.totals.completion_tokens, asked.totals.estimated) == (
        sent,
        back,
        1,
    )
    totals = asked.journal_totals
    assert (totals.prompt_tokens, totals.completion_tokens, totals.calls_estimated) == (sent, back, 1)


def test_counts_that_servers_write_as_whole_floats_are_believed(httpserver, tmp_path):
    body = completion() | {"usage": {"prompt_tokens": 11.0, "completion_tokens": 7}}
    httpserver.expect_request(CHAT).respond_with_json(body)
    assert Waiting(httpserver, tmp_path).reply.usage == Usage(11, 7)


@pytest.mark.parametrize(
    "body",
    [
        '{"choices": ' + "[" * 200_000,
        '{"choices": [{"message": {"content": {"a": 1}}}]}',
        '{"choices": [{"message": {"content": [1, 2]}}]}',
        '{"choices": [{"message": {"content": "x", "tool_calls": [{}]}}]}',
        '{"choices": [[]]}',
        '{"id": ' + "9" * 5000 + "}",
        "null",
        '"text"',
        "\x00\xff",
    ],
)
def test_a_body_of_another_shape_is_a_failed_attempt(httpserver, body):
    httpserver.expect_request(CHAT).respond_with_data(body, content_type="application/json")
    assert failure(httpserver).kind is FailureKind.BAD_REPLY
