"""``submit`` against a server that speaks OpenAI's protocol for files and batches."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from headscribe.core.batch import Batch
from headscribe.core.errors import BadOption, LLMUnavailable
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.pipeline import RunSummary, describe_model
from headscribe.pipeline.describe import batch_submit
from tests.pipeline.conftest import Listening
from tests.pipeline.describe.batch_runner import Line, answer, refuse

KEY = "sk-secret-4711-and-more"
N = 6
SINGLE = DescribeSettings(method="single", max_retries=0)
VERIFIED = DescribeSettings(rounds=0, validation=1, test=1)


class BatchServer:
    """Files and batches in memory. A batch goes one ``status`` further whenever someone looks."""

    def __init__(self, server: HTTPServer) -> None:
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.keys: set[str] = set()
        self.statuses = ["validating", "in_progress", "completed"]
        self.respond: Callable[[Line], Line | None] = answer
        self.before: Callable[[Request], Response | None] = lambda request: None
        for path, method, handler in (
            ("files", "POST", self.upload),
            ("batches", "POST", self.create),
            ("batches", "GET", self.listing),
        ):
            server.expect_request(f"/v1/{path}", method=method).respond_with_handler(self._guard(handler))
        self._server = server

    def _guard(self, handler: Callable[[Request], Any]) -> Callable[[Request], Response]:
        def handle(request: Request) -> Response:
            self.keys.add(request.headers["Authorization"])
            early = self.before(request)
            return early or Response(json.dumps(handler(request)), content_type="application/json")

        return handle

    def upload(self, request: Request) -> object:
        assert request.form["purpose"] == "batch"
        name = f"file-{len(self.files)}"
        self.files[name] = request.files["file"].read()
        return {
            "id": name,
            "object": "file",
            "bytes": 1,
            "created_at": 1,
            "filename": "f",
            "purpose": "batch",
            "status": "processed",
        }

    def create(self, request: Request) -> object:
        asked = request.get_json()
        assert (asked["endpoint"], asked["completion_window"]) == ("/v1/chat/completions", "24h")
        name = f"batch_{len(self.batches)}"
        self.batches[name] = {
            "id": name, "object": "batch", "created_at": 1, "status": self.statuses[0], "looks": 0, **asked,
        }  # fmt: skip
        self._server.expect_request(f"/v1/batches/{name}").respond_with_handler(
            self._guard(lambda request: self.look(self.batches[name]))
        )
        return self.batches[name]

    def listing(self, request: Request) -> object:
        return {"object": "list", "data": list(self.batches.values()), "has_more": False}

    def look(self, batch: dict[str, Any]) -> object:
        batch["status"] = self.statuses[min(batch["looks"], len(self.statuses) - 1)]
        batch["looks"] += 1
        asked = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        batch["request_counts"] = {"total": len(asked), "completed": batch["looks"], "failed": 0}
        if batch["status"] in {"completed", "expired"} and "output_file_id" not in batch:
            lines = [line for line in map(self.respond, asked) if line]
            good = [line for line in lines if line["response"]["status_code"] == 200]
            batch["output_file_id"] = self.publish(good)
            batch["error_file_id"] = self.publish([line for line in lines if line not in good])
        return batch

    def publish(self, lines: list[Line]) -> str | None:
        if not lines:
            return None
        name = f"file-{len(self.files)}"
        self.files[name] = "".join(json.dumps(line) + "\n" for line in lines).encode()
        self._server.expect_request(f"/v1/files/{name}/content").respond_with_data(self.files[name])
        return name


@pytest.fixture
def server(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> BatchServer:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", httpserver.url_for("/v1"))
    monkeypatch.setattr(batch_submit.time, "sleep", lambda seconds: None)
    return BatchServer(httpserver)


@pytest.fixture
def submit(model: str, tmp_path: Path, listening: Listening) -> Callable[..., RunSummary]:
    def call(asking: DescribeSettings = SINGLE, llm: str = "openai:gpt-x") -> RunSummary:
        return describe_model(
            model,
            tmp_path / "run",
            llm=llm,
            heads="L1",
            map_settings=MapSettings(salient=8, targets=3),
            describe_settings=asking,
            batch=Batch("submit", tmp_path / "requests.jsonl"),
            progress=listening,
        )

    return call


def test_one_command_uploads_waits_and_reads(
    server: BatchServer, submit: Callable[..., RunSummary], tmp_path: Path
) -> None:
    done = submit()
    assert (done.exit_code, done.counts["ok"], done.batch.taken) == (0, N, N)
    assert server.keys == {f"Bearer {KEY}"}
    assert len(server.batches) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "requests.jsonl", "requests.jsonl.output.jsonl", "run",
    ]  # fmt: skip
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), "keys are never stored"


def test_a_method_of_several_steps_takes_one_batch_each(
    server: BatchServer, submit: Callable[..., RunSummary]
) -> None:
    done = submit(VERIFIED)
    assert (done.exit_code, len(server.batches)) == (0, 3)


def test_an_interrupted_wait_goes_on_with_the_same_batch(
    server: BatchServer,
    submit: Callable[..., RunSummary],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(batch_submit.time, "sleep", interrupt)
        assert submit().exit_code == 130
    state = json.loads((tmp_path / "requests.jsonl.batch.json").read_text())
    assert state == {"llm": "openai:gpt-x", "requests": N, "input_file_id": "file-0", "batch_id": "batch_0"}
    with pytest.raises(BadOption, match="under way"):
        submit(llm="openai:other")
    assert submit().exit_code == 0
    assert len(server.batches) == 1


def test_a_batch_whose_start_was_not_heard_of_is_found_again(
    server: BatchServer, submit: Callable[..., RunSummary]
) -> None:
    def lose(request: Request) -> Response | None:
        if (request.path, request.method) != ("/v1/batches", "POST"):
            return None
        server.create(request)
        return Response("{}", status=400)

    server.before = lose
    with pytest.raises(LLMUnavailable, match="the batch server fails"):
        submit()
    server.before = lambda request: None
    assert submit().exit_code == 0
    assert len(server.batches) == 1


def test_what_an_expired_batch_has_brought_is_kept(
    server: BatchServer, submit: Callable[..., RunSummary]
) -> None:
    answered: list[Line] = []

    def two(line: Line) -> Line | None:
        answered.append(line)
        return answer(line) if len(answered) <= 2 else None

    server.respond, server.statuses = two, ["expired"]
    cut = submit()
    assert (cut.batch.taken, cut.left, cut.exit_code) == (2, N - 2, 1)
    assert "has expired" in str(cut.stopped)
    server.respond, server.statuses = answer, ["completed"]
    assert submit().exit_code == 0
    assert len(server.files[server.batches["batch_1"]["input_file_id"]].splitlines()) == N - 2


def test_a_download_that_breaks_off_is_repeated(
    server: BatchServer, submit: Callable[..., RunSummary], httpserver: HTTPServer
) -> None:
    cut = Response(iter([b"{"]), headers={"Content-Length": "1000"})
    contents = re.compile(r"/v1/files/file-\d+/content")
    httpserver.expect_oneshot_request(contents).respond_with_response(cut)
    assert submit().counts["ok"] == N
    assert len(server.batches) == 1


def test_lines_of_the_error_file_are_read_too(server: BatchServer, submit: Callable[..., RunSummary]) -> None:
    server.respond = lambda line: refuse(line) if line["custom_id"] < "8" else answer(line)
    done = submit()
    assert done.counts["ok"] == done.batch.taken
    assert done.counts["failed"] == sum(done.batch.failed.values()) == N - done.batch.taken


def test_a_refused_batch_is_one_line_and_can_be_submitted_anew(
    server: BatchServer, submit: Callable[..., RunSummary], tmp_path: Path
) -> None:
    server.statuses = ["failed"]
    with pytest.raises(LLMUnavailable, match="batch_0 has failed"):
        submit()
    assert not (tmp_path / "requests.jsonl.batch.json").exists()
    server.statuses = ["completed"]
    assert submit().exit_code == 0


def test_without_a_key_nothing_is_begun(submit: Callable[..., RunSummary], tmp_path: Path) -> None:
    with pytest.raises(LLMUnavailable, match="no key"):
        submit()
    assert not list(tmp_path.iterdir())


def test_requests_do_not_follow_to_another_host(
    server: BatchServer, submit: Callable[..., RunSummary], httpserver: HTTPServer
) -> None:
    elsewhere = httpserver.url_for("/stolen").replace("localhost", "127.0.0.1")
    server.before = lambda request: Response("", status=307, headers={"Location": elsewhere})
    with pytest.raises(LLMUnavailable, match="sends on to"):
        submit()
    assert not [request for request, _ in httpserver.log if request.path == "/stolen"]
