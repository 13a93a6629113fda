"""A server that refuses one prompt (a status of its head) or every one (the end of the run)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from benchmarks.made_map import write_made_map
from headscribe.core.errors import LLMUnavailable
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.pipeline import RunSummary, describe_model

CHAT = "/v1/chat/completions"
SMALL = MapSettings(view="paper", salient=12, targets=3)
OK = {"choices": [{"finish_reason": "stop", "message": {"content": '{"pattern": "One to two."}'}}]}
OPENROUTER = {"error": {"code": 403, "message": "flagged", "metadata": {"flagged_input": "x"}}}
AZURE = {"error": {"code": "content_filter", "message": "filtered", "innererror": {}}}
NO_TEMPLATE = {"message": "default chat template is no longer allowed, so you must provide a chat template"}


def described(run: Path, server: HTTPServer, tmp_path: Path) -> RunSummary:
    model, map_path = write_made_map(tmp_path / "made", 1, 5, rows=12, targets=3)
    return describe_model(
        model,
        run,
        llm=f"{server.url_for('/v1')}#m",
        map_path=map_path,
        map_settings=SMALL,
        describe_settings=DescribeSettings(method="single", concurrency=1),
        operations=[],
    )


def refusing(which: Callable[[int], bool], body: object, status: int) -> Callable[[Request], Response]:
    """A server that refuses some prompts, by their number, whenever they come."""
    seen: list[str] = []

    def respond(request: Request) -> Response:
        prompt = json.dumps(request.get_json()["messages"])
        if prompt not in seen:
            seen.append(prompt)
        refused = which(seen.index(prompt))
        return Response(json.dumps(body if refused else OK), status=status if refused else 200)

    return respond


@pytest.mark.parametrize(("body", "status"), [(OPENROUTER, 403), (AZURE, 400)], ids=["OpenRouter", "Azure"])
def test_a_prompt_that_a_filter_refuses_is_one_refused_head_and_is_not_asked_again(
    tmp_path: Path, httpserver: HTTPServer, body: object, status: int
) -> None:
    httpserver.expect_request(CHAT).respond_with_handler(refusing(lambda n: n == 1, body, status))
    summary = described(tmp_path / "run", httpserver, tmp_path)
    assert (summary.counts["ok"], summary.counts["refused"], summary.exit_code) == (4, 1, 1)
    asked = len(httpserver.log)
    again = described(tmp_path / "run", httpserver, tmp_path)
    assert again.counts == summary.counts
    assert len([1 for request, _ in httpserver.log[asked:] if request.path == CHAT]) == 0


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"error": {"message": "Forbidden"}}, 403, "the LLM refuses"),
        (NO_TEMPLATE, 400, "--chat-template"),
        ({"error": {"message": "gone", "code": "model_not_found"}}, 400, "does not know the model m"),
    ],
    ids=["key", "template", "model"],
)
def test_what_no_other_prompt_could_help_against_ends_the_run_at_once(
    tmp_path: Path, httpserver: HTTPServer, body: object, status: int, words: str
) -> None:
    httpserver.expect_request(CHAT).respond_with_handler(refusing(lambda n: True, body, status))
    with pytest.raises(LLMUnavailable) as stopped:
        described(tmp_path / "run", httpserver, tmp_path)
    assert words in str(stopped.value)
    assert len([1 for request, _ in httpserver.log if request.path == CHAT]) == 1
