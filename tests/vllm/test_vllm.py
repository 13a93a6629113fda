"""A real vLLM server: its life, and its protocol. Its model is tiny and random, so its words are junk."""

import asyncio
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from headscribe.agent.caller import Caller
from headscribe.agent.llm.openai_compatible import OpenAICompatibleClient
from headscribe.agent.llm.vllm_server import VLLMServer
from headscribe.agent.rehearsal import NoJournal
from headscribe.core.chat import CallFailed, FailureKind, Message
from headscribe.core.errors import LLMUnavailable
from headscribe.core.settings import DescribeSettings
from headscribe.pipeline import RunDir
from tests.processes import gone_within, members

pytestmark = pytest.mark.vllm

SCHEMA = {
    "type": "object",
    "properties": {"clear": {"type": "boolean"}, "kind": {"type": "string", "enum": ["fact", "form"]}},
    "required": ["clear", "kind"],
    "additionalProperties": False,
}
HELLO = (Message("system", "You describe attention heads."), Message("user", "Say hello."))


def listening(pids: list[int]) -> set[tuple[str, int]]:
    """Addresses (hexadecimal) and ports that these processes listen on."""
    inodes = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                inodes.add(os.readlink(descriptor))
            except OSError:
                continue
    sockets = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                address, port = fields[1].split(":")
                sockets.add((address, int(port, 16)))
    return sockets


def test_the_protocol_is_vllms(served):
    seen = {}

    async def run():
        client = OpenAICompatibleClient("tiny", served.model, api_key="none", base_url=served.base_url)
        await client.check()
        free, strict = (
            Caller(client, NoJournal(), settings=DescribeSettings(max_reply_tokens=tokens))
            for tokens in (24, 64)
        )
        seen["free"] = await free.call(HELLO)
        seen["strict"] = await asyncio.gather(
            *(strict.call((Message("user", f"Head {n}?"),), schema=SCHEMA) for n in range(20))
        )
        long = (Message("user", "word " * 9000),)
        with pytest.raises(CallFailed) as too_long:
            await strict.call(long, schema=SCHEMA)
        seen["too long"] = too_long.value
        greedy = Caller(client, NoJournal(), settings=DescribeSettings(max_reply_tokens=100_000))
        seen["greedy"] = await greedy.call(HELLO, schema=SCHEMA)
        wrong = OpenAICompatibleClient("x", "no-such-model", api_key="none", base_url=served.base_url)
        with pytest.raises(CallFailed, match="it has: tiny") as unknown:
            await Caller(wrong, NoJournal(), settings=DescribeSettings()).call(HELLO)
        seen["unknown"] = unknown.value
        await client.aclose()
        await wrong.aclose()

    asyncio.run(run())
    assert seen["free"].finish_reason == "length"
    assert seen["free"].usage.completion_tokens == 24
    assert seen["free"].usage.prompt_tokens > 10
    for reply in seen["strict"]:
        answer = json.loads(reply.text)
        assert isinstance(answer["clear"], bool)
        assert answer["kind"] in {"fact", "form"}
        assert reply.finish_reason == "stop"
        assert "left_out" not in reply.raw
    assert seen["greedy"].raw["left_out"] == ["max_tokens"], "a limit beyond the context is no limit"
    assert seen["too long"].kind is FailureKind.TOO_LONG
    assert seen["unknown"].kind is FailureKind.BAD_REQUEST


def test_a_server_listens_on_the_loopback_address_alone(served):
    sockets = listening(members(served.leader))
    assert {address for address, _ in sockets} == {"0100007F"}, "127.0.0.1 and nothing else"
    assert served.port in {port for _, port in sockets}


def test_a_model_that_vllm_cannot_load_is_one_line_with_the_log(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "no-such-family"}')

    async def run():
        async with VLLMServer(str(tmp_path)):
            raise AssertionError("the server must not start")

    with pytest.raises(LLMUnavailable, match="ended before it could answer") as error:
        asyncio.run(run())
    assert "no-such-family" in str(error.value)
    assert Path(error.value.where).is_file()
    Path(error.value.where).unlink()


def answered_on(line: str) -> int:
    found = re.search(r"vLLM answers on port (\d+)", line)
    return int(found[1]) if found else 0


def test_a_run_starts_its_server_describes_every_head_and_leaves_nothing_behind(
    tiny_llm, studied_model, tmp_path
):
    run, stdout = tmp_path / "run", tmp_path / "stdout"
    command = [sys.executable, "-m", "headscribe", "describe", studied_model]
    command += ["--llm", f"vllm:{tiny_llm}", "--method", "single", "-o", str(run), "--json"]
    leader, port, lines = 0, 0, []
    with (
        stdout.open("w") as out,
        subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, text=True) as process,
    ):
        assert process.stderr
        for line in process.stderr:
            lines.append(line)
            if found := answered_on(line):
                port = found
                leader = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text())
                assert port in {port for _, port in listening(members(leader))}
    said = "".join(lines)
    assert process.returncode in {0, 1}, said
    assert gone_within(leader, 5)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    log = re.search(r"\(log: ([^)]+)\)", said)
    assert log
    assert not Path(log[1]).exists()
    assert "tokens in its prefix cache" in said

    rows = RunDir.open(run).descriptions()
    assert len({row.head for row in rows}) == json.loads(stdout.read_text())["heads"] >= 24
    allowed = {"ok", "unclear", "unparseable", "truncated", "refused"}
    assert {row.outcome.status for row in rows} <= allowed, "every call reached the LLM"
    assert sum(row.completion_tokens or 0 for row in rows) > 40
    assert {row.llm for row in rows} == {f"vllm:{tiny_llm.resolve()}"}
    assert (run / "report.html").is_file()
    with sqlite3.connect(run / "run.db") as journal:
        assert journal.execute("pragma integrity_check").fetchone() == ("ok",)
