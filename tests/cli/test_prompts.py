"""``headscribe prompts``: list, show, new, check, compare, history."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def test_at_least_three_templates_that_describe_are_shipped(cli: Cli) -> None:
    found = json.loads(cli("prompts", "list", "--json").out)
    describing = [row["template"] for row in found if row["describes"]]
    assert {"describe@1", "contrast@1", "suppression@1"} <= set(describing)
    assert all(row["from"] == "shipped" and row["purpose"] for row in found)


def test_show_prints_the_file_or_the_filled_in_prompt(cli: Cli) -> None:
    assert 'name = "suppression"' in cli("prompts", "show", "suppression").out
    shown = cli("prompts", "show", "suppression", "--rendered")
    assert 'lowers [" France", " Spain"]' in shown.out
    assert "the same for every head" in shown.err
    said = json.loads(cli("prompts", "show", "suppression", "--rendered", "--json").out)
    assert said["messages"][0]["role"] == "user"


def test_a_new_template_is_found_checked_and_gets_the_next_version(cli: Cli, tmp_path: Path) -> None:
    assert cli("prompts", "new", "mine", "--from", "contrast").code == 0
    path = tmp_path / "config" / "headscribe" / "prompts" / "mine-1.toml"
    assert cli("prompts", "check", str(path)).code == 0
    assert cli("prompts", "new", "mine", "--from", "mine").code == 0
    assert (path.parent / "mine-2.toml").is_file()
    names = [row["template"] for row in json.loads(cli("prompts", "list", "--json").out)]
    assert names[-2:] == ["mine@1", "mine@2"]
    again = cli("prompts", "new", "other", "-o", str(path))
    assert again.code == 2
    assert "there is a file already" in again.err


def test_check_names_the_problems_and_fails(cli: Cli, tmp_path: Path) -> None:
    assert cli("prompts", "new", "mine", "-o", "mine.toml").code == 0
    text = Path("mine.toml").read_text().replace('["constant", ', '["constant", "scores", ')
    Path("mine.toml").write_text(text)
    ended = cli("prompts", "check", "mine.toml")
    assert ended.code == 1
    assert "mine.toml: leak: 'scores' belongs to the evaluation" in ended.out
    said = json.loads(cli("prompts", "check", "mine.toml", "--json").out)
    assert said["template"] is None
    assert said["problems"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("describe", "--llm", "fake"), "one prompt cannot be compared"),
        (("describe", "describe@2", "--llm", "fake"), "are the same prompt"),
        (("describe", "detect", "--llm", "fake"), "does not describe heads"),
        (("describe", "contrast", "--llm", "rules"), "the built-in rules use no prompt"),
        (("describe", "nothing", "--llm", "fake"), "there is no prompt template 'nothing'"),
    ],
)
def test_what_cannot_be_compared_is_one_line(words: tuple[str, ...], said: str, cli: Cli) -> None:
    ended = cli("prompts", "compare", *words, "--model", "demo")
    assert ended.code == 2
    assert said in ended.err
    assert ended.err.count("\n") == 1
    assert not Path("runs").exists()


def test_without_comparisons_the_history_says_how_to_make_one(cli: Cli) -> None:
    assert "No comparison yet" in cli("prompts", "history").out
    assert json.loads(cli("prompts", "history", "--json").out) == []
