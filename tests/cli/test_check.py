"""``headscribe check`` as it is typed."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from headscribe.cli.app import app
from tests.mapping.tiny_models import save_tiny, save_tokenizer

WORDS = tuple(f"w{letter}{other}" for letter in "abcdef" for other in "ghijkl")


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command for a tiny model and one operation of the user's own, but for ``--by``."""
    folder = tmp_path_factory.mktemp("check")
    save_tiny("qwen3", folder / "model")
    save_tokenizer(folder / "model", WORDS)
    pairs = "\n".join(f"{source},{target}" for source, target in pairwise(WORDS))
    (folder / "next.csv").write_text(f"source,target\n{pairs}\n")
    command = [
        "check",
        str(folder / "model"),
        "-o",
        str(folder / "map"),
        "--operations",
        str(folder / "next.csv"),
    ]
    return [*command, "--template", "about {source} and"]


def test_json_is_one_document_with_every_correlation(typed: list[str]) -> None:
    result = CliRunner().invoke(app, [*typed, "--by", "correlation", "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    row, of_specific_part = document["operations"]
    assert of_specific_part["operation"] == row["operation"]
    assert row["operation"] == "next"
    assert set(row["context"]) == {"r", "low", "high", "p", "n", "n_heads", "reason"}
    assert Path(document["table"]).name == "correlation.parquet"


def test_a_person_gets_a_table_and_what_was_skipped(typed: list[str]) -> None:
    result = CliRunner().invoke(app, [*typed, "--by", "correlation"])
    assert "1 operations checked, 0 skipped" in result.stdout
    result = CliRunner().invoke(app, [*typed, "--by", "ablation"])
    assert result.exit_code == 0, result.output
    assert "skipped next" in result.stderr


@pytest.mark.parametrize("by", ["correlation", "multi-token"])
def test_plots_are_written_beside_the_result(typed: list[str], tmp_path: Path, by: str) -> None:
    template = ["--template", "about {source}"]
    plots = tmp_path / "plots"
    result = CliRunner().invoke(app, [*typed[:-2], *template, "--by", by, "--plots", str(plots), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["by"] == by
    assert {f"{by}-next.png", f"{by}-next.svg"} <= {file.name for file in plots.iterdir()}


def test_without_any_result_no_plot_is_written_and_a_line_says_so(typed: list[str], tmp_path: Path) -> None:
    plots = tmp_path / "plots"
    result = CliRunner().invoke(app, [*typed, "--by", "ablation", "--plots", str(plots)])
    assert result.exit_code == 0, result.output
    assert "No plots" in result.stderr
    assert not plots.exists()


def test_a_template_without_its_slot_is_one_line(typed: list[str]) -> None:
    result = CliRunner().invoke(app, [*typed, "--by", "correlation", "--template", "nothing"])
    assert result.exit_code != 0
    assert "has no {source}" in str(result.exception)


def test_views_are_compared_beside_each_other(typed: list[str], tmp_path: Path) -> None:
    words = [*typed, "-o", str(tmp_path), "--by", "correlation", "--view", "paper", "--view", "parts"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "All operations together" in result.stdout
    document = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    parts = [(row["view"], row["part"]) for row in document["operations"]]
    assert parts == [("paper", "whole"), ("parts", "whole"), ("parts", "specific")]
    assert {(row["view"], row["norms"]) for row in document["views"]} == {
        (view, norms) for view in ("paper", "parts") for norms in ("leave", "fold")
    }


def test_an_unknown_view_is_refused(typed: list[str]) -> None:
    result = CliRunner().invoke(app, [*typed, "--by", "correlation", "--view", "whole"])
    assert "there is no view 'whole'" in str(result.exception)
