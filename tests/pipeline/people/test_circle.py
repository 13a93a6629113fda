"""The full circle on the bundled model, by the commands that a person types."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headscribe.core.heads import Head
from headscribe.store.people.keys import read_key
from tests.cli.conftest import Cli, cli
from tests.conftest import REPOSITORY
from tests.pipeline.people.simulated import Annotator, fill_csv

__all__ = ["cli"]

DATA = REPOSITORY / "headscribe" / "operations" / "data"
OPERATIONS = ("copying", "country_to_capital", "word_to_homophone", "word_to_synonym")


def test_describe_evaluate_export_label_import_agree_report(cli: Cli, tmp_path: Path) -> None:
    operations = [word for name in OPERATIONS for word in ("--operations", str(DATA / f"{name}.json"))]
    assert (
        cli("describe", "demo", "--heads", "L0,L1H0,L1H1", "--view", "paper", "-o", "run", *operations).code
        == 0
    )
    assert cli("evaluate", "run", "--json").code == 0
    exported = cli(
        *("people", "export", "run", "--format", "csv", "-o", "out", "--sample", "all"),
        *("--groups", "0,1-2", "--annotators", "anna,ben,cleo", "--controls", "2", "--json"),
    )
    assert exported.code == 0
    made = json.loads(exported.out)
    assert (made["heads"], made["repeats"]) == (10, 2)
    layer_0 = frozenset(Head(0, head) for head in range(8))
    for name, sheet in zip(made["annotators"], made["files"], strict=True):
        fill_csv(Path(sheet), Annotator(name, 1.0, layer_0, layer_0), read_key(Path(made["key"])).truths)
    imported = cli("people", "import", "run", *made["files"], "--json")
    assert (imported.code, json.loads(imported.out)["added"]) == (0, 3 * made["items"])
    agreed = cli("people", "agreement", "run", "--json")
    assert agreed.code == 0
    found = json.loads(agreed.out)
    assert [row["plausible"]["share"] for row in found["groups"]] == [1.0, 0.0]
    assert found["overall"]["plausible"]["share"] == pytest.approx(8 / 10)
    assert [row["alpha"] for row in found["reliability"]] == [1.0, 1.0]
    assert [row["wrong_accepted"] + row["repeats_changed"] for row in found["controls"]] == [0, 0, 0]
    predictors = [row["predictor"] for row in found["predictions"]]
    assert predictors == ["confidence", "operation agreement, rules judge"]
    assert "Krippendorff" in cli("people", "agreement", "run").out
    assert cli("report", "run").code == 0
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "Judged by people" in page
    assert "judged plausible" in page


def test_the_commands_say_what_went_wrong_in_one_line(cli: Cli, tmp_path: Path) -> None:
    for words in (("export", "nowhere"), ("import", "nowhere", "file"), ("agreement", "nowhere")):
        ended = cli("people", *words)
        assert ended.code == 2
        assert ended.err.startswith("error: ")
        assert ended.err.count("\n") == 1
