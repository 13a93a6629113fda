"""Every command that README.md and docs/ show can be typed; those that need no network are run."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import typer

import headscribe
from headscribe.cli.app import app
from tests.cli.conftest import Cli, cli
from tests.conftest import REPOSITORY
from tests.documentation import Shown, commands

pytestmark = pytest.mark.docs

__all__ = ["cli"]

SHOWN = commands()
EXPORT_PAGE = REPOSITORY / "docs" / "export.md"
INLINE_RUN = ("README.md", "docs/how-to/costs.md", "docs/how-to/prompts.md")
"""Pages whose commands within sentences and tables are run, too."""


def leaf(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words name, and what is left of them."""
    command, rest = typer.main.get_command(app), list(words)
    while (held := getattr(command, "commands", None)) is not None:
        if not rest or rest[0].startswith("-"):
            break
        assert rest[0] in held, f"there is no command {rest[0]}"
        command = held[rest.pop(0)]
    return command, rest


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: f"{shown.page}:{shown.line}")
def test_a_shown_command_exists_with_its_options(shown: Shown) -> None:
    command, rest = leaf(shown.words)
    known = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    options = {word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
    assert options <= known | {"--help"}
    if shown.form == "block" and not shown.sketch and shown.error is None:
        with command.make_context(command.name, rest):
            pass


def test_the_pages_show_commands_and_most_of_them_are_run() -> None:
    counted = Counter("run" if runs(shown) else shown.needs or shown.form for shown in SHOWN)
    assert counted["run"] >= 60
    assert counted["network"] <= 40
    assert set(counted) <= {"run", "network", "shell", "slow", "inline", "block"}


def runs(shown: Shown) -> bool:
    """Whether the command is run here."""
    if shown.sketch or shown.needs:
        return False
    return shown.form == "block" or (shown.page in INLINE_RUN and "--help" not in shown.text)


@pytest.fixture
def desk(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """A folder with a described run, and the files that pages speak of; nobody's settings."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    for name in ("HF_TOKEN", "HEADSCRIBE_VLLM_PYTHON"):
        monkeypatch.delenv(name, raising=False)
    assert cli("describe", "demo", "-o", "runs/demo").code == 0
    shutil.copytree(tmp_path / "runs" / "demo", tmp_path / "runs" / "other")
    pairs = [("France", "Paris"), ("Japan", "Tokyo")]
    for name in ("my_pairs.csv", "animal_sound.csv"):
        (tmp_path / name).write_text("source,target\n" + "".join(f"{a},{b}\n" for a, b in pairs * 18))
    (tmp_path / "sounds.csv").write_text("source;target\ndog;bark\n")
    _models(tmp_path)
    return cli


def _models(folder: Path) -> None:
    """The checkpoints that the pages of errors tell of."""
    for name, kind in (("bert", "BertForMaskedLM"), ("mamba", "MambaForCausalLM")):
        (folder / name).mkdir()
        (folder / name / "config.json").write_text(json.dumps({"architectures": [kind], "model_type": name}))
    demo = Path(headscribe.__file__).parent / "demo" / "checkpoint"
    for name in ("quantised", "cut-short", "no-tokenizer"):
        shutil.copytree(demo, folder / name)
    config = json.loads((demo / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "gptq"}
    (folder / "quantised" / "config.json").write_text(json.dumps(config))
    os.truncate(folder / "cut-short" / "model.safetensors", 1000)
    (folder / "no-tokenizer" / "tokenizer.json").unlink()


@pytest.mark.timeout(900)  # a hundred commands, and a busy machine
def test_the_commands_run_and_the_errors_are_those_shown(desk: Cli, tmp_path: Path) -> None:
    done: set[tuple[str, ...]] = set()
    wrong = []
    for shown in filter(runs, SHOWN):
        words = offline(shown)
        if tuple(words) in done:
            continue
        done.add(tuple(words))
        ended = desk(*words)
        said = ended.err.replace(f"{tmp_path}/", "").strip().splitlines()
        if shown.error is None:
            if ended.code != 0:
                wrong.append((shown.page, shown.line, words, ended))
        elif ended.code == 0 or not matches(shown.error, said[-1]):
            wrong.append((shown.page, shown.line, words, said[-1:]))
    assert not wrong, "\n".join(map(str, wrong))
    for example in re.findall(r"```python\n(.*?)```", EXPORT_PAGE.read_text(), re.DOTALL):
        exec(compile(example, EXPORT_PAGE.name, "exec"), {})


def offline(shown: Shown) -> list[str]:
    """What is typed instead: README's lines for a hub or an LLM become dry runs of the bundled model."""
    words = shown.words
    if shown.page != "README.md":
        return words
    dry = ["--dry-run"] if words[0] == "describe" and "--llm" in words else []
    return [word.replace("gpt2", "demo").replace("meta-llama/Llama-3.1-70B", "demo") for word in words] + dry


def matches(shown: str, said: str) -> bool:
    """Whether the line is the one shown; ``…`` stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, shown.split("…"))), said) is not None
