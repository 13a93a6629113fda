"""``docs/files.md`` against the files themselves."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pytest
from pydantic import BaseModel

from docs.hooks.columns import with_columns
from headscribe.core.settings import MapSettings
from headscribe.pipeline import describe_model
from headscribe.store.catalogue import TABLES
from headscribe.store.describe.descriptions import DESCRIPTIONS
from headscribe.store.describe.run_header import RunHeader
from headscribe.store.evaluate.evaluation_header import EvaluationHeader
from headscribe.store.export.export_header import ExportHeader
from headscribe.store.lookups.lookups_header import LookupsHeader
from headscribe.store.map.map_header import MapHeader
from tests.conftest import REPOSITORY
from tests.pipeline.conftest import Counting

PAGE = (REPOSITORY / "docs" / "files.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return PAGE.split(f"\n### {title}\n")[1].split("\n#")[0]


def test_the_page_lists_the_columns_that_the_records_declare() -> None:
    assert with_columns(PAGE) == PAGE, "run make columns"


def test_every_column_has_a_meaning() -> None:
    columns = [(place, column) for place, table in TABLES.items() for column in table.columns]
    assert [(place, column.name) for place, column in columns if not column.meaning] == []


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("map.json", MapHeader),
        ("run.json", RunHeader),
        ("export.json", ExportHeader),
        ("evaluation.json", EvaluationHeader),
        ("lookups.json", LookupsHeader),
    ],
)
def test_the_page_lists_each_headers_fields(name: str, header: type[BaseModel]) -> None:
    first_cells = re.findall(r"^\| (`.+?`) \|", section(name), re.MULTILINE)
    listed = {field for cell in first_cells for field in re.findall(r"`(\w+)`", cell)}
    assert listed == set(header.model_fields)


def test_the_pages_examples_run(
    model: str,
    tmp_path: Path,
    llm: Counting,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("source,target\n" + "love,hate\n" * 30)
    settings = MapSettings(salient=4, targets=3)
    describe_model(model, Path("runs/demo"), llm="fake", map_settings=settings, operations=[pairs])
    examples = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(examples) == 4
    for example in examples:
        exec(example, {})
    assert "ok    24" in capsys.readouterr().out


def test_the_page_lists_the_journals_columns(model: str, tmp_path: Path, llm: Counting) -> None:
    describe_model(model, tmp_path / "run", llm="fake", heads="L0H0", map_settings=MapSettings(salient=4))
    database = sqlite3.connect(tmp_path / "run" / "run.db")
    for table in ("calls", "outcomes"):
        (line,) = re.findall(rf"^\| `{table}` \| (.+) \|$", section("run.db"), re.MULTILINE)
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        assert re.findall(r"`(\w+)`", line.replace("`descriptions.parquet`", "")) == columns
    (record,) = database.execute("SELECT record FROM outcomes").fetchone()
    assert list(json.loads(record)) == DESCRIPTIONS.schema.names
    database.close()
