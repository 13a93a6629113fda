"""Steering a run of the bundled model, whose heads are known to do what the rules say of them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from headscribe.cli.app import app
from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.core.settings import SteerSettings
from headscribe.eval.steer.steering import Steering
from headscribe.pipeline import RunDir, describe_model, report_run, steer_run
from headscribe.store.describe.descriptions import DESCRIPTIONS
from headscribe.store.steer.steering_table import read_steering

HEADS = "L0H2,L0H6,L2H3"
COPIES, SAYS_NOTHING = Head(0, 6), Head(2, 3)


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("steer") / "run"
    describe_model("demo", run, llm="rules", heads=HEADS)
    return run


@pytest.fixture
def run(described: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(described, tmp_path / "run"))


def _say(run: Path, head: Head, text: str) -> None:
    """Let the run say something else of a head."""
    rows = [
        replace(row, outcome=replace(row.outcome, description=text)) if row.head == head else row
        for row in RunDir.open(run).descriptions()
    ]
    DESCRIPTIONS.write(DESCRIPTIONS.path(run), rows)


def test_right_descriptions_are_borne_out_and_wrong_ones_are_not(run: Path) -> None:
    right = {one.head: one for one in steer_run(run).heads}
    assert right[COPIES].raised > 0.95
    assert right[COPIES].because is not None
    assert right[COPIES].because > 0.3
    _say(run, COPIES, "Maps a number to its ordinal.")
    wrong = {one.head: one for one in steer_run(run).heads}
    assert wrong[COPIES].raised < right[COPIES].raised
    assert (wrong[COPIES].because or 0) < 0.5 * right[COPIES].because
    assert wrong[Head(0, 2)] == right[Head(0, 2)]


def test_what_was_tried_is_not_tried_again(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = steer_run(run)
    rows = read_steering(run)
    with monkeypatch.context() as patched:
        patched.setattr(Steering, "of_head", lambda *_: pytest.fail("ran again"))
        assert steer_run(run) == before
    assert read_steering(run) == rows
    assert {row.head for row in rows} == {Head(0, 2), COPIES}
    steer_run(run, SteerSettings(sources=3))
    assert len([row for row in read_steering(run) if row.head == COPIES]) == 3


def test_a_description_without_a_pair_is_counted(run: Path) -> None:
    _say(run, COPIES, "Promotes pronouns whatever the source.")
    assert steer_run(run).silent == [COPIES]
    assert COPIES not in {row.head for row in read_steering(run)}


def test_the_report_shows_it(run: Path) -> None:
    steer_run(run)
    page = report_run(run).read_text(encoding="utf-8")
    assert "Descriptions in the running model" in page
    assert "In the running model" in page


def test_the_commands(run: Path, tmp_path: Path) -> None:
    printed = CliRunner().invoke(app, ["steer", str(run), "--sources", "4"])
    assert printed.exit_code == 0, printed.output
    assert "L0H6" in printed.stdout
    document = json.loads(CliRunner().invoke(app, ["steer", str(run), "--json"]).stdout)
    assert {one["head"] for one in document["heads"]} == {"L0H2", "L0H6"}
    new = ["describe", "demo", "--llm", "rules", "--heads", "L0H2", "--steer", "-o", str(tmp_path / "new")]
    document = json.loads(CliRunner().invoke(app, [*new, "--json"]).stdout)
    assert document["steering"]["heads"][0]["head"] == "L0H2"


def test_a_run_without_descriptions_yet_is_not_steered(tmp_path: Path) -> None:
    """Requests that were only written leave nothing to try, and are no fault."""
    asked = ["describe", "demo", "--heads", "L0H2", "--llm", "openai:m", "--method", "single", "--steer"]
    written = ["--batch", "write", str(tmp_path / "requests.jsonl"), "-o", str(tmp_path / "run"), "--json"]
    printed = CliRunner().invoke(
        app, [*asked, *written], env={"OPENAI_API_KEY": "sk-not-a-real-key-0123456789"}
    )
    assert printed.exit_code == 0, printed.output
    assert "steering" not in json.loads(printed.stdout)


def test_a_folder_that_is_no_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadStore, match="not a run folder"):
        steer_run(tmp_path)
