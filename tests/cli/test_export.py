"""``headscribe export`` as it is typed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, cli
from tests.pipeline.export.exported_run import make_run

__all__ = ["cli"]


@pytest.fixture
def run(tmp_path: Path) -> str:
    make_run(tmp_path / "run", [" France", " Japan"])
    return "run"


def test_a_folder_is_written_and_its_files_are_named(cli: Cli, run: str, tmp_path: Path) -> None:
    ended = cli("export", run, "--to", "csv", "-o", "out")
    assert ended.code == 0
    assert "mappings" in ended.out
    assert "Folder: out" in ended.out
    assert (tmp_path / "out" / "mappings.csv").is_file()


def test_json_says_what_was_written(cli: Cli, run: str) -> None:
    said = json.loads(cli("export", run, "--to", "dataset", "-o", "out", "--table", "mappings", "--json").out)
    assert said["tables"] == {"mappings": 2}
    assert said["files"] == ["README.md", "data/mappings.parquet", "export.json"]
    assert said["bytes"] > 0
    assert (said["repo"], said["commit"], said["private"]) == (None, None, None)


def test_a_dry_run_says_where_it_would_push(cli: Cli, run: str, tmp_path: Path) -> None:
    ended = cli("export", run, "--to", "hub", "--repo", "me/heads", "--private", "--dry-run")
    assert ended.code == 0
    assert re.search(r"me/heads, branch main; .*private", ended.out)
    said = json.loads(cli("export", run, "--to", "hub", "--repo", "me/heads", "--dry-run", "--json").out)
    assert (said["dry_run"], said["repo"], said["private"], said["commit"]) == (True, "me/heads", False, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--to", "hub"], "hub needs a dataset's id (--repo)"),
        (["--to", "hub", "--repo", "me/heads"], "there is no token"),
        (["--to", "csv"], "it is not said where to write (-o)"),
        (["--to", "csv", "-o", "run"], "this is not an export"),
        (["--to", "xls", "-o", "out"], "xls"),
        (["--to", "hub", "--repo", "nonsense"], "no dataset's id"),
    ],
)
def test_bad_input_is_one_line(
    cli: Cli, run: str, words: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    ended = cli("export", run, *words)
    assert ended.code == 2
    assert said in ended.err
    assert "Traceback" not in ended.err
