"""docs/people.md against the program: its commands run in their order, its tables are complete."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from headscribe.store.people.keys import read_keys
from tests.cli.conftest import Cli, cli
from tests.conftest import REPOSITORY
from tests.pipeline.people.planted_run import make_run

__all__ = ["cli"]

PAGE = (REPOSITORY / "docs" / "people.md").read_text(encoding="utf-8")
FILES = (REPOSITORY / "docs" / "files.md").read_text(encoding="utf-8")


def test_the_commands_and_the_example_run(cli: Cli, tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs" / "demo")
    for command in re.findall(r"^\$ headscribe (.+)$", PAGE, re.MULTILINE):
        words = shlex.split(command)
        if words[:2] == ["people", "import"]:
            (key,) = read_keys(run.path).values()
            answers = [
                {"item": item.id, "pattern_visible": True, "description_fits": True} for item in key.items
            ]
            same = {"export": key.export, "content_hash": key.content_hash, "labels": answers}
            for name in ("anna", "ben"):
                file = {"kind": "headscribe-labels", "schema_version": 1, "annotator": name} | same
                (tmp_path / f"answers-{name}.json").write_text(json.dumps(file))
        ended = cli(*words)
        assert ended.code == 0, (command, ended)
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(example, {})


def test_the_page_lists_every_reason_for_a_problem() -> None:
    places = ("pipeline/people/import_labels.py", "pipeline/people/rows.py", "store/people/reading.py")
    text = "".join((REPOSITORY / "headscribe" / place).read_text(encoding="utf-8") for place in places)
    codes = set(re.findall(r'(?:Fault\(|\.problem\(|Problem\(name, \w+, )"([a-z-]+)"', text))
    assert {"no-item", "conflict", "duplicate", "too-large"} <= codes
    assert [code for code in codes if f"`{code}`" not in PAGE] == []
