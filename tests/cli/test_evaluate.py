"""``headscribe evaluate``, as typed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from headscribe.core.heads import Head
from tests.cli.conftest import Cli
from tests.eval.evaluate.made_runs import described, made_run

QUICK = ("--resamples", "20", "--permutations", "20")
NAMES = ("country_to_capital", "noun_to_plural", "$x$ | <b>")


@pytest.fixture
def run(tmp_path: Path) -> str:
    said = ("Maps a country to its capital.", "Maps nouns to plurals.", "Copies.", None)
    heads = [Head(number // 5, number % 5) for number in range(12)]
    outcomes = {
        head: described(said[number % 4], confidence=number / 12) for number, head in enumerate(heads)
    }
    scores = {
        head: {name: float(number % 4 == place) / 2 for place, name in enumerate(NAMES)}
        for number, head in enumerate(heads)
    }
    return str(made_run(tmp_path / "run", outcomes, scores))


def test_what_is_printed_can_be_read_by_a_stranger(cli: Cli, run: str) -> None:
    done = cli("evaluate", run, *QUICK)
    assert done.code == 0
    assert "12 heads: 9 ok, 3 unclear, 0 unparseable, 0 refused, 0 truncated, 0 failed." in done.out
    assert re.search(r"36 pairs of 12 heads and 3 operations; 9 \D*0.15, 6 ", done.out)
    assert re.search(r"9 heads \D*0.15 .*; .* 6 ", done.out)
    for part in (
        "precision",
        "AUROC",
        "By chance",
        "Are confident descriptions righter?",
        "Kinds of operations",
    ):
        assert part in done.out
    assert re.search(r"Scored, but not expressed: .*3 of 3", done.out)
    assert re.search(r"Expressed, but not scored: .*None\.", done.out)
    assert "words of their names" in done.err


def test_json_is_one_document(cli: Cli, run: str) -> None:
    done = cli("evaluate", run, "--json", "--llm", "fake", *QUICK)
    said = json.loads(done.out)
    assert done.code == said["exit_code"] == 0
    assert said["evaluation"]["llm"]["llm"] == "fake"
    assert {row["judge"] for row in said["metrics"]} == {"rules", "llm", "rules-on-llm-items"}
    assert [row["operation"] for row in said["scored_not_expressed"]] == [NAMES[2]] * 3
    assert said["scored_not_expressed"][0]["head"] == "L0H2"


def test_a_dry_run_says_what_the_llm_would_take_and_writes_nothing(cli: Cli, run: str) -> None:
    before = sorted(path.name for path in Path(run).iterdir())
    done = cli("evaluate", run, "--llm", "openai:gpt-4o-mini", "--dry-run")
    assert done.code == 0
    assert re.search(r"openai:gpt-4o-mini .*18 pairs", done.out)
    assert "USD" in done.out
    assert sorted(path.name for path in Path(run).iterdir() if "run.db" not in path.name) == [
        name for name in before if "run.db" not in name
    ]
    plan = json.loads(cli("evaluate", run, "--llm", "fake", "--dry-run", "--json").out)
    assert plan["items"] == 18
    assert plan["answered"] == 0


def test_plots_are_written(cli: Cli, run: str, tmp_path: Path) -> None:
    assert cli("evaluate", run, *QUICK, "--plots", "plots").code == 0
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {
        f"{name}.{kind}" for name in ("reliability-rules", "categories") for kind in ("png", "svg")
    }


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("missing",), "not a run folder"),
        (("run", "--threshold", "2"), "2 is no threshold"),
        (("run", "--threshold", "0"), "0 is no threshold"),
        (("run", "--threshold", "nan"), "nan is no threshold"),
        (("run", "--dry-run"), "the rules judge asks nobody"),
        (("run", "--llm", "gpt-4o"), "does not say how to reach an LLM"),
        (("run", "--llm", "fake", "--judge", "nonsense"), "no prompt template 'nonsense'"),
        (("run", "--operations", "nowhere"), "no such file or folder"),
        (("run", "--resamples", "-1"), "'--resamples'"),
        (("run/map",), "not a run folder"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    cli: Cli, run: str, words: tuple[str, ...], problem: str
) -> None:
    done = cli("evaluate", *words)
    assert done.code == 2
    assert problem in done.err
    assert "Traceback" not in done.err
    assert not (Path(run) / "evaluation.json").exists()


def test_the_environments_llm_is_not_asked_without_being_named(
    cli: Cli, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADSCRIBE_LLM", "fake")
    said = json.loads(cli("evaluate", run, "--json", *QUICK).out)
    assert said["evaluation"]["llm"] is None
