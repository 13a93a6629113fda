"""A key that a server echoes, in its replies or its errors, is in nothing that is written or printed."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner
from werkzeug import Request, Response

from benchmarks.made_map import write_made_map
from headscribe.cli.app import app
from headscribe.pipeline import RunDir

KEY = 'planted/key+"4711"'
ENCODED = [
    KEY,
    quote(KEY, safe=""),
    json.dumps(KEY)[1:-1],
    json.dumps(json.dumps(KEY))[3:-3],
    base64.b64encode(KEY.encode()).decode().rstrip("=")[:-1],
]
WHERE: dict[str, Callable[[dict[str, object], str], None]] = {
    "text": lambda body, said: _message(body).update(content=json.dumps({"pattern": f"One to {said}."})),
    "thoughts": lambda body, said: _message(body).update(reasoning=said),
    "refusal": lambda body, said: _message(body).update(refusal=said),
    "model": lambda body, said: body.update(model=said),
    "id": lambda body, said: body.update(id=said),
}


def _message(body: dict[str, object]) -> dict[str, object]:
    return body["choices"][0]["message"]  # type: ignore[index]


def answer(where: str, said: str) -> dict[str, object]:
    message = {"content": '{"pattern": "One to two."}'}
    body: dict[str, object] = {"choices": [{"finish_reason": "stop", "message": message}]}
    WHERE[where](body, said)
    return body


def described(server: HTTPServer, tmp_path: Path) -> str:
    """Describe five heads by the command line; what it prints."""
    model, map_path = write_made_map(tmp_path / "made", 1, 5, rows=12, targets=3)
    command = ["describe", model, "-o", str(tmp_path / "run"), "--map", str(map_path), "--method", "single"]
    command += ["--view", "paper", "--salient", "12", "--targets", "3", "--max-retries", "0"]
    done = CliRunner().invoke(app, [*command, "--llm", f"{server.url_for('/v1')}#m"])
    return done.output


def written(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.mark.parametrize("where", WHERE)
def test_a_key_in_a_reply_is_kept_nowhere(
    tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setenv("HEADSCRIBE_LLM_API_KEY", KEY)

    def echo(request: Request) -> Response:
        key = request.headers["Authorization"].removeprefix("Bearer ")
        said = f"{key} {quote(key, safe='')} {base64.b64encode(key.encode()).decode()}"
        return Response(json.dumps(answer(where, said)))

    httpserver.expect_request("/v1/chat/completions").respond_with_handler(echo)
    printed = described(httpserver, tmp_path)
    kept = written(tmp_path / "run")
    assert b"[key]" in kept, "it was echoed, and taken out"
    for form in ENCODED:
        assert form not in printed
        assert form.encode() not in kept
    for row in RunDir.open(tmp_path / "run").descriptions():
        assert not any(form in repr(row) for form in ENCODED)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 429, 500])
def test_a_key_in_an_error_is_kept_nowhere(
    tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("HEADSCRIBE_LLM_API_KEY", KEY)

    def complain(request: Request) -> Response:
        return Response(json.dumps({"detail": f"no {request.headers['Authorization']} {quote(KEY)}"}), status)

    httpserver.expect_request("/v1/chat/completions").respond_with_handler(complain)
    printed = described(httpserver, tmp_path)
    kept = written(tmp_path / "run")
    for form in ENCODED:
        assert form not in printed
        assert form.encode() not in kept


INSANE = [10**30, 0.5, float("nan"), float("inf"), -3, "many", None, True]


def test_token_counts_that_cannot_be_cost_nothing_and_tables_are_written(
    tmp_path: Path, httpserver: HTTPServer
) -> None:
    counts = iter(INSANE)

    def count(_: Request) -> Response:
        usage = {"prompt_tokens": next(counts), "completion_tokens": next(counts, 7)}
        return Response(json.dumps(answer("id", "x") | {"usage": usage}))

    httpserver.expect_request("/v1/chat/completions").respond_with_handler(count)
    printed = described(httpserver, tmp_path)
    rows = list(RunDir.open(tmp_path / "run").descriptions())
    assert [row.outcome.status.value for row in rows].count("ok") >= 4
    assert "estimated" in printed
    assert all(row.tokens_estimated and (row.prompt_tokens or 0) > 50 for row in rows if row.prompt_tokens)
