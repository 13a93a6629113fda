"""The commands of docs/how-to/batch.md do what it says; vLLM itself is in tests/vllm."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from tests.cli.conftest import Cli
from tests.conftest import REPOSITORY
from tests.pipeline.describe.batch_runner import run_batch

GUIDE = (REPOSITORY / "docs" / "how-to" / "batch.md").read_text(encoding="utf-8")
WRITE, RUN, READ, SUBMIT = "\n".join(re.findall(r"-->\n```\n(.*?)\n```\n", GUIDE, re.DOTALL)).splitlines()
SMALL = ["--heads", "L0H0,L1H3", "--method", "single"]


def words(command: str) -> list[str]:
    return [*shlex.split(command.replace("describe gpt2", "describe demo"))[1:], *SMALL]


def test_the_guide_goes_from_requests_to_descriptions(cli: Cli, tmp_path: Path) -> None:
    written = cli(*words(WRITE))
    assert written.code == 0, written
    assert "2 requests" in written.out
    assert "then: headscribe describe demo" in written.err
    asked = run_batch(*(tmp_path / name for name in ("requests.jsonl", "answers.jsonl")))
    assert {line["body"]["model"] for line in asked} == {shlex.split(RUN)[-1]}
    read = cli(*words(READ), "--json")
    assert read.code == 0, read
    summary = json.loads(read.out)
    assert (summary["batch"]["taken"], summary["batch"]["waiting"], summary["left"]) == (2, 0, 0)
    again = cli(*words(READ))
    assert re.search(r"\b0 answers.*\b2 lines", again.out)
    nothing = cli(*words(WRITE))
    assert (nothing.code, "Nothing is left to ask" in nothing.out) == (0, True)


def test_submitting_needs_the_key(cli: Cli, tmp_path: Path) -> None:
    ended = cli(*words(SUBMIT))
    assert ended.code == 2
    assert "no key for OpenAI" in ended.err
    assert not list(tmp_path.iterdir())


def test_a_wrong_mode_is_one_line(cli: Cli) -> None:
    ended = cli("describe", "demo", "--batch", "wirte", "x.jsonl")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "write|read|submit" in ended.err
