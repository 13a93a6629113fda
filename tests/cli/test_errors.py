"""Bad input ends in one line that says what to do, with exit code 2, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.mapping.tiny_models import save_tiny

BAD = [
    (["describe", "no/such/folder/here"], "no/such/folder/here"),
    (["describe", "./missing"], "./missing"),
    (["map", "{tiny}", "-o", "maps/x", "--heads", "L99"], "L99|99"),
    (["map", "{tiny}", "-o", "maps/x", "--heads", "hello"], "'hello' selects no heads"),
    (["map", "{tiny}", "-o", "maps/x", "--device", "abacus"], "--device"),
    (["score", "{tiny}", "-o", "maps/x", "--k", "0"], "--k"),
    (["score", "{tiny}", "-o", "maps/x", "--operations", "absent.csv"], "absent.csv"),
    (["describe", "{tiny}", "--llm", "gpt-4o"], "gpt-4o"),
    (["describe", "{tiny}", "--llm", "openai:gpt-4o"], "OPENAI_API_KEY"),
    (["describe", "{tiny}", "--llm", "http://127.0.0.1:9/v1#m", "--max-retries", "0"], "127.0.0.1:9"),
    (["describe", "{tiny}", "--retry", "tired"], "tired"),
    (["describe", "{tiny}", "--llm", "fake", "--prompt", "nonsense"], "nonsense"),
    (["probe", "{tiny}", "--head", "5", "word"], "L5H3"),
    (["probe", "{tiny}", "--head", "L0H0", "#99999999"], "99999999"),
    (["runs", "show", "absent"], "absent"),
    (["runs", "list", "absent"], "absent"),
    (["report", "absent"], "absent"),
    (["prompts", "history", "absent"], "absent"),
    (["describe", "{tiny}", "-o", "{tiny}/config.json"], "this is a file"),
    (["score", "{tiny}", "-o", "{tiny}/config.json"], "this is a file"),
    (["map", "{tiny}", "-o", ""], "-o"),
    (["map", "{tiny}", "-o", "/"], "the root of the file system"),
    (["map", "{tiny}", "-o", "x" * 300], "300 bytes"),
    (["describe", "{tiny}", "-o", "runs/" + "é" * 140], "280 bytes"),
    (["map", "{tiny}", "-o", "{circle}"], "lead in a circle"),
    (["report", "{circle}/run"], "lead in a circle"),
    (["describe", "x" * 300, "-o", "runs/x"], "xxxxxxxx"),
    (["probe", "{circle}", "--head", "L0H0", "word"], "{circle}"),
    (["describe", "{tiny}", "--llm", "fake", "--temperature", "inf"], "--temperature"),
    (["describe", "{tiny}", "--llm", "fake", "--concurrency", "1000000000"], "--concurrency"),
    (["pairs", "{tiny}", "--head", "L0H0", "--top", "100000000"], "--top"),
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    save_tiny("gpt2", folder)
    return folder


@pytest.mark.parametrize(
    ("words", "named"), BAD, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_bad_input_is_one_line_with_exit_code_2(
    cli: Cli, tiny: Path, tmp_path: Path, words: list[str], named: str
) -> None:
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    ended = cli(*(word.format(tiny=tiny, circle=circle) for word in words))
    lines = [line for line in ended.err.splitlines() if line.startswith("error: ")]
    assert ended.code == 2, ended
    assert len(lines) == 1, ended.err
    assert any(part in lines[0] for part in named.format(circle=circle).split("|")), lines[0]
    assert "Traceback" not in ended.err
    assert ended.out == ""
    assert not list(tmp_path.rglob("*.parquet")) or "describe" in words


def test_unknown_option_is_named(cli: Cli) -> None:
    ended = cli("map", "demo", "--nonsense")
    assert ended.code == 2
    assert "--nonsense" in ended.err


def test_a_key_in_the_environment_is_never_printed(
    cli: Cli, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "sk-verysecretkey1234567890"
    monkeypatch.setenv("OPENAI_API_KEY", key)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    ended = cli("describe", str(tiny), "--llm", "openai:gpt-4o", "--max-retries", "0", "--heads", "L0H0")
    assert ended.code in {1, 2}
    assert key not in ended.out + ended.err
    for file in Path.cwd().rglob("*"):
        assert not file.is_file() or key.encode() not in file.read_bytes(), file


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("describe",), "Missing argument 'MODEL'. See headscribe describe --help"),
        (("describe", "--bogus"), "No such option: --bogus"),
        (("decribe", "demo"), "No such command 'decribe'. Did you mean 'describe'. See headscribe --help"),
        (("describe", "demo", "--method", "guess"), "'guess' is not one of"),
        (("runs", "show"), "Missing argument 'RUN'. See headscribe runs show --help"),
    ],
)
def test_a_mistyped_command_is_one_line(cli: Cli, typed: tuple[str, ...], said: str) -> None:
    ended = cli(*typed)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.count("\n") == 1
    assert ended.err.startswith("error: ")
    assert said in ended.err


def test_a_group_alone_prints_its_help(cli: Cli) -> None:
    ended = cli("prompts")
    assert (ended.code, ended.err) == (2, "")
    assert "Usage: headscribe prompts" in ended.out


def test_a_missing_script_is_known_before_anything_is_mapped(cli: Cli, tiny: Path) -> None:
    ended = cli("describe", str(tiny), "--llm", "fake:absent.json", "-o", "run")
    assert ended.code == 2
    assert "absent.json" in ended.err
    assert not Path("run", "map").exists()


def test_an_unknown_operation_gets_a_suggestion(cli: Cli, tiny: Path) -> None:
    command = ("check", str(tiny), "--by", "correlation", "-o", "map", "--operation")
    assert "Did you mean country_to_capital" in cli(*command, "country_capital").err
    assert "docs/operations.md" in cli(*command, "xyzzy").err


def test_ctrl_c_is_one_word(cli: Cli, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("headscribe.pipeline.probe_model", interrupted)
    ended = cli("probe", str(tiny), "--head", "L0H0", "word")
    assert (ended.code, ended.out, ended.err) == (130, "", "interrupted\n")
