"""A reply that was cut is asked for once more with twice the room; after that, its error says what helps."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner
from werkzeug import Request, Response

from benchmarks.made_map import write_made_map
from headscribe.cli.app import app
from headscribe.core.descriptions import Description, Status
from headscribe.pipeline import RunDir

ANSWER = (
    '{"reasoning": "It is so.", "inputs": "Ones.", "pattern": "One to two.", "description": "One to two."}'
)
READS = '{"reason": "It fits.", "belongs": "yes", "choice": "A"}'


class Verbose:
    """A server whose replies need some tokens, more for one head than for the others; cut below."""

    def __init__(self, server: HTTPServer, *, usual: int = 20, one: int = 20, reader: int = 20) -> None:
        self.usual, self.one, self.reader = usual, one, reader
        self.limits: dict[str, list[int]] = {}
        self.describers: list[str] = []
        server.expect_request("/v1/chat/completions").respond_with_handler(self.respond)
        self.llm = f"{server.url_for('/v1')}#m"

    def respond(self, request: Request) -> Response:
        body = request.get_json()
        prompt, limit = json.dumps(body["messages"]), body["max_tokens"]
        self.limits.setdefault(prompt, []).append(limit)
        reads = '"pattern"' not in json.dumps(body.get("response_format"))
        if not reads and prompt not in self.describers:
            self.describers.append(prompt)
        needs = self.reader if reads else self.one if prompt == self.describers[0] else self.usual
        text = (READS if reads else ANSWER)[: None if limit >= needs else 20]
        choice = {"finish_reason": "stop" if limit >= needs else "length", "message": {"content": text}}
        usage = {"prompt_tokens": 10, "completion_tokens": min(limit, needs)}
        return Response(json.dumps({"choices": [choice], "usage": usage}))


@pytest.fixture
def made(tmp_path: Path) -> tuple[str, Path]:
    return write_made_map(tmp_path / "made", 1, 5, rows=12, targets=3)


def describe(made: tuple[str, Path], run: Path, llm: str, *more: str) -> list[Description]:
    command = [
        "describe",
        made[0],
        "-o",
        str(run),
        "--map",
        str(made[1]),
        "--view",
        "paper",
        "--salient",
        "12",
    ]
    done = CliRunner().invoke(app, [*command, "--targets", "3", "--concurrency", "1", "--llm", llm, *more])
    assert done.exit_code in {0, 1}, done.output
    return list(RunDir.open(run).descriptions())


SINGLE = ("--method", "single")


def test_a_reply_that_was_cut_is_asked_for_once_more_with_twice_the_room_and_both_are_paid(
    made: tuple[str, Path], tmp_path: Path, httpserver: HTTPServer
) -> None:
    server = Verbose(httpserver, one=100)
    rows = describe(made, tmp_path / "run", server.llm, *SINGLE, "--max-reply-tokens", "64")
    assert {row.outcome.status for row in rows} == {Status.OK}
    assert sorted(map(len, server.limits.values())) == [1, 1, 1, 1, 2]
    assert max(server.limits.values(), key=len) == [64, 128]
    assert Counter(row.completion_tokens for row in rows) == {20: 4, 64 + 100: 1}


def test_the_advice_of_a_reply_that_is_cut_even_so_works_and_pays_for_no_other_head(
    made: tuple[str, Path], tmp_path: Path, httpserver: HTTPServer
) -> None:
    server = Verbose(httpserver, one=200)
    rows = describe(made, tmp_path / "run", server.llm, *SINGLE, "--max-reply-tokens", "64")
    (cut,) = [row for row in rows if row.outcome.status is not Status.OK]
    assert cut.outcome.status is Status.TRUNCATED
    advice = re.search(r"--retry truncated --max-reply-tokens \d+", cut.outcome.error or "")
    assert advice is not None
    server.limits.clear()
    again = describe(made, tmp_path / "run", server.llm, *SINGLE, *advice[0].split())
    assert {row.outcome.status for row in again} == {Status.OK}
    assert list(server.limits.values()) == [[256]]


def test_a_context_that_cuts_replies_is_told_as_what_it_is(
    made: tuple[str, Path], tmp_path: Path, httpserver: HTTPServer
) -> None:
    def small(request: Request) -> Response:
        if request.get_json()["max_tokens"] > 30:
            words = "maximum context length is 1000 tokens and your request has 970 input tokens"
            return Response(json.dumps({"error": {"message": words}}), status=400)
        choice = {"finish_reason": "length", "message": {"content": ANSWER[:20]}}
        return Response(json.dumps({"choices": [choice]}))

    httpserver.expect_request("/v1/chat/completions").respond_with_handler(small)
    rows = describe(made, tmp_path / "run", f"{httpserver.url_for('/v1')}#m", *SINGLE)
    assert {row.outcome.status for row in rows} == {Status.TRUNCATED}
    assert all("context leaves no more room" in (row.outcome.error or "") for row in rows)


def test_readers_get_little_room_at_first_and_the_whole_where_they_need_it(
    made: tuple[str, Path], tmp_path: Path, httpserver: HTTPServer
) -> None:
    short, rounds = Verbose(httpserver), ("--rounds", "0", "--heads", "L0H0")
    describe(made, tmp_path / "short", short.llm, *rounds)
    readers = [limits for prompt, limits in short.limits.items() if prompt not in short.describers]
    assert readers
    assert all(limits == [256] for limits in readers)
    assert all(short.limits[prompt] == [1024] for prompt in short.describers)
    httpserver.clear()
    thinking = Verbose(httpserver, reader=900)
    describe(made, tmp_path / "thinking", thinking.llm, *rounds)
    readers = [limits for prompt, limits in thinking.limits.items() if prompt not in thinking.describers]
    assert all(limits == [256, 1024] for limits in readers)
