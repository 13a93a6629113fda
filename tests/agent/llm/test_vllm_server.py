"""A local vLLM server's life, with a small stand-in for vLLM; tests/vllm has the real one."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from headscribe.agent.llm.opening import open_client
from headscribe.agent.llm.spec import parse_llm
from headscribe.agent.llm.vllm_server import VLLMServer, last_words
from headscribe.agent.llm.vllm_setup import chat_template_arguments, find_vllm
from headscribe.core.errors import LLMUnavailable, MissingExtra
from headscribe.core.progress import Silent
from headscribe.core.settings import DescribeSettings
from tests.processes import gone_within, members

pytestmark = pytest.mark.outside

STAND_IN = """
import http.server, json, os, signal, subprocess, sys, time
arguments = sys.argv[1:]
with open(os.environ["STAND_IN_NOTES"], "w") as notes:
    json.dump({"arguments": arguments, "pid": os.getpid()}, notes)
behaviour = os.environ.get("STAND_IN", "")
if behaviour == "dies":
    print("ValueError: no such architecture")
    sys.exit(3)
if behaviour == "hangs":
    time.sleep(600)
if behaviour == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

port = int(arguments[arguments.index("--port") + 1])
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """This interpreter with a stand-in for vLLM; the file where it notes its arguments."""
    package = tmp_path / "lib" / "vllm" / "entrypoints" / "openai"
    package.mkdir(parents=True)
    for folder in (package, package.parent, package.parent.parent):
        (folder / "__init__.py").touch()
    (package / "api_server.py").write_text(STAND_IN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "lib"))
    monkeypatch.setenv("HEADSCRIBE_VLLM_PYTHON", sys.executable)
    monkeypatch.setenv("STAND_IN_NOTES", str(tmp_path / "notes.json"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path / "notes.json"


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "tiny-model"
    folder.mkdir()
    (folder / "tokenizer_config.json").write_text("{}")
    return folder


def run_server(model, within=None, **arguments):
    """Start a server, do something while it runs, and give back the leader of its process group."""
    leaders = []

    async def run():
        server = VLLMServer(str(model), **arguments)
        async with server as base_url:
            leaders.append(server.pid)
            assert base_url == f"http://127.0.0.1:{server.port}/v1"
            assert len(members(leaders[0])) == 3, "the keeper, the server and the server's own child"
            if within:
                await within()

    try:
        asyncio.run(run())
    finally:
        for leader in leaders:
            assert gone_within(leader, 2)


def test_it_is_started_with_what_it_needs_and_stopped(stand_in, model, monkeypatch):
    monkeypatch.setenv("HEADSCRIBE_VLLM_ARGS", "--max-model-len 512")
    run_server(model, extra_args=("--seed", "3"))
    notes = stand_in.read_text()
    for wanted in ('"127.0.0.1"', '"tiny-model"', "xgrammar", "plain_chat.jinja", '"512"', '"--seed", "3"'):
        assert wanted in notes or wanted in notes.replace("\\", "")
    assert not list(model.parent.glob("headscribe-vllm-*")), "the log of a good end is removed"


def test_it_is_stopped_when_the_work_fails(stand_in, model):
    async def fail():
        raise RuntimeError("work failed")

    with pytest.raises(RuntimeError):
        run_server(model, fail)


def test_it_is_stopped_when_the_work_is_cancelled(stand_in, model):
    async def cancel():
        asyncio.current_task().cancel()
        await asyncio.sleep(1)

    with pytest.raises(asyncio.CancelledError):
        run_server(model, cancel)


def test_a_server_that_ignores_being_asked_is_killed(stand_in, model, monkeypatch):
    monkeypatch.setenv("STAND_IN", "stubborn")
    monkeypatch.setattr("headscribe.agent.llm.vllm_server.STOP_GRACE", 1.0)
    run_server(model)


def test_an_early_death_is_one_line_with_the_servers_last_words(stand_in, model, monkeypatch):
    monkeypatch.setenv("STAND_IN", "dies")
    with pytest.raises(LLMUnavailable, match="ValueError: no such architecture") as error:
        run_server(model)
    assert "exit code 3" in Path(error.value.where).read_text()
    assert "\n" not in str(error.value)


def test_the_last_words_are_the_first_exception_without_its_prefix(tmp_path):
    prefix = "(Worker pid=18) ERROR 11-21 00:42:49 [executor.py:10] "
    log = tmp_path / "log"
    log.write_text(
        "(APIServer pid=1) WARNING 11-21 00:42:15 [utils.py:2] errors like `OSError: [Errno 24]`\n"
        f"{prefix}Traceback (most recent call last):\n{prefix}RuntimeError: head_dim=16 is not supported\n"
        "vllm.exceptions.EngineDeadError: see above\nshutting down\n"
    )
    assert last_words(log) == "RuntimeError: head_dim=16 is not supported"
    log.write_text("killed\n")
    assert last_words(log) == "killed"
    log.write_text("")
    assert last_words(log) == "it wrote nothing"


def test_a_server_that_dies_while_it_is_needed_tells_why(stand_in, model):
    async def run():
        spec = parse_llm(f"vllm:{model}")
        async with open_client(spec, DescribeSettings(), Silent()) as client:
            os.kill(json.loads(stand_in.read_text())["pid"], signal.SIGKILL)
            await asyncio.sleep(0.5)
            await client.check()

    with pytest.raises(LLMUnavailable, match="ended while it was needed: The server ended by itself"):
        asyncio.run(run())


def test_a_server_that_never_answers_is_given_up_and_stopped(stand_in, model, monkeypatch):
    monkeypatch.setenv("STAND_IN", "hangs")
    with pytest.raises(LLMUnavailable, match=r"did not answer within 1\.5 s"):
        run_server(model, timeout=1.5)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_server_outlives_a_killed_parent(stand_in, model, number):
    code = (
        "import asyncio, signal, sys\n"
        "from headscribe.agent.llm.vllm_server import VLLMServer\n"
        # a shell starts background jobs with Ctrl-C ignored, and children inherit that
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "async def run():\n"
        "    server = VLLMServer(sys.argv[1])\n"
        "    async with server:\n"
        "        print(server.pid, flush=True)\n"
        "        await asyncio.sleep(600)\n"
        "asyncio.run(run())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(model)], stdout=subprocess.PIPE, text=True
    ) as parent:
        leader = int(parent.stdout.readline())
        assert len(members(leader)) == 3
        os.kill(parent.pid, number)
        parent.wait(timeout=30)
    assert gone_within(leader, 5)


def test_a_missing_vllm_is_named_with_its_install_command(tmp_path):
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    bare.chmod(0o755)
    with pytest.raises(MissingExtra, match=r"pip install 'headscribe\[vllm\]'"):
        find_vllm(str(bare))


def test_a_wrong_interpreter_is_named(tmp_path):
    with pytest.raises(MissingExtra, match="no Python interpreter"):
        find_vllm(str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("files", "passed"),
    [
        ({"tokenizer_config.json": "{}"}, True),
        ({"tokenizer_config.json": '{"chat_template": "x"}'}, False),
        ({"tokenizer_config.json": "{}", "chat_template.jinja": "x"}, False),
        ({"tokenizer_config.json": "broken"}, False),
        ({}, False),
    ],
)
def test_a_model_gets_a_chat_template_only_if_it_has_none(tmp_path, files, passed):
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    arguments = chat_template_arguments(str(tmp_path))
    assert bool(arguments) is passed
    assert all(Path(path).is_file() for path in arguments[1:])
