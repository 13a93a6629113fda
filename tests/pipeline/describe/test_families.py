"""A run says which of its heads belong together: in its table, its report and on the screen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headscribe.cli.printing.describe import print_run, run_json
from headscribe.core.heads import Head
from headscribe.core.settings import MapSettings
from headscribe.pipeline import RunDir, describe_model
from tests.mapping.tiny_models import HEADS, KV_HEADS, save_tiny

SMALL = MapSettings(salient=6, targets=3)
SHARED = HEADS // KV_HEADS


def test_heads_of_one_value_head_are_told_apart_among_the_heads_of_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_tiny("llama", tmp_path / "model")
    model, run = str(tmp_path / "model"), tmp_path / "run"
    first = describe_model(model, run, llm="rules", heads="L1H0", map_settings=SMALL)
    assert [row.family for row in first.descriptions()] == [None], "a head alone is no family"
    summary = describe_model(model, run, llm="rules", heads="L1", map_settings=SMALL)
    rows = {row.head: row for row in RunDir.open(run).descriptions()}
    assert len(rows) == HEADS
    for head, row in rows.items():
        group = {rows[Head(1, one)].family for one in range(HEADS) if one // SHARED == head.head // SHARED}
        assert group == {row.family}
        assert row.family == f"value head {head.head // SHARED} of layer 1"
        assert "has" in (row.differs or "")
    assert rows[Head(1, 0)].differs != rows[Head(1, 1)].differs
    assert json.loads(json.dumps(run_json(summary)))["descriptions"][0]["family"] == "value head 0 of layer 1"
    assert '"family":"value head 0 of layer 1"' in (run / "report.html").read_text().replace('": "', '":"')
    print_run(summary)
    printed = capsys.readouterr().out
    for family in {row.family for row in rows.values()}:
        described = [row for row in rows.values() if row.family == family and row.outcome.description]
        assert (f"Family {family}: " in printed) == (len(described) > 1)
