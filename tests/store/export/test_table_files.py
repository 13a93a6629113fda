"""Exported tables read back equal, with our reader and with those that others use."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headscribe.core.errors import BadStore
from headscribe.core.spreadsheet import plain_cell
from headscribe.store.export.table_files import TableFormat, read_table, type_name, type_of, write_table

SCHEMA = pa.schema(
    [
        ("layer", pa.int32()),
        ("tokens", pa.int64()),
        ("score", pa.float64()),
        ("logit", pa.float32()),
        ("kept", pa.bool_()),
        ("source", pa.string()),
        ("targets", pa.list_(pa.string())),
        ("ids", pa.list_(pa.int32())),
        ("choices", pa.list_(pa.list_(pa.string()))),
    ]
)
COLUMNS = {field.name: type_name(field.type) for field in SCHEMA}
ODD = ["", " ", " France", "=1+1", "\t=1", "＝1", "'", "''", "a\x00b", "\r", "a\r\nb", "\u2028", "NA", "null",
       "\ufeff", "\ufffd", '"', "<script>", "1e5", "2024-01-01", "\u202eabc", "x" * 10_000]  # fmt: skip
TEXT = st.one_of(st.sampled_from(ODD), st.text(st.characters(codec="utf-8")))
INT32 = st.integers(-(2**31), 2**31 - 1)
ROW = st.fixed_dictionaries(
    {
        "layer": INT32,
        "tokens": st.none() | st.integers(-(2**63), 2**63 - 1),
        "score": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "logit": st.none() | st.floats(width=32, allow_nan=False, allow_infinity=False),
        "kept": st.none() | st.booleans(),
        "source": st.none() | TEXT,
        "targets": st.lists(TEXT, max_size=4),
        "ids": st.lists(INT32, max_size=4),
        "choices": st.none() | st.lists(st.lists(TEXT, max_size=2), max_size=2),
    }
)
ROWS = st.lists(ROW, min_size=1, max_size=8)
ORDINARY = dict.fromkeys(SCHEMA.names) | {"source": "a", "targets": ["a"], "ids": [], "choices": [["a"]]}
"""Without it, a column in which all texts look like dates is read as dates by Arrow's reader of JSON."""

FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FEWER = settings(FEW, max_examples=8)


def written(folder: str, kind: TableFormat, rows: list[dict[str, Any]]) -> Path:
    path = Path(folder) / f"t.{kind}"
    assert write_table(path, kind, SCHEMA, rows) == len(rows)
    return path


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
@given(rows=ROWS)
@FEW
def test_every_row_reads_back_equal(kind: TableFormat, rows: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert list(read_table(written(folder, kind, rows), kind, COLUMNS)) == rows


@given(rows=ROWS)
@FEWER
def test_pandas_reads_the_csv_equal_as_the_page_says(rows: list[dict[str, Any]]) -> None:
    pandas = pytest.importorskip("pandas")
    with tempfile.TemporaryDirectory() as folder:
        frame = pandas.read_csv(written(folder, "csv", rows), dtype=str, keep_default_na=False)
    assert [plain_cell(cell) for cell in frame["source"]] == [row["source"] for row in rows]
    assert [json.loads(cell) for cell in frame["targets"]] == [row["targets"] for row in rows]
    assert [float(cell) if cell else None for cell in frame["score"]] == [row["score"] for row in rows]


@given(rows=ROWS)
@FEWER
def test_pandas_reads_the_json_lines_equal(rows: list[dict[str, Any]]) -> None:
    pandas = pytest.importorskip("pandas")
    with tempfile.TemporaryDirectory() as folder:
        frame = pandas.read_json(written(folder, "jsonl", rows), lines=True, dtype=False, convert_dates=False)
    assert [None if pandas.isna(text) else text for text in frame["source"]] == [
        row["source"] for row in rows
    ]
    assert list(frame["targets"]) == [row["targets"] for row in rows]


@pytest.mark.parametrize(("kind", "builder"), [("parquet", "parquet"), ("jsonl", "json")])
@given(rows=ROWS)
@FEWER
def test_datasets_reads_parquet_and_json_lines_equal(
    kind: TableFormat, builder: str, rows: list[dict[str, Any]]
) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    rows = [*rows, ORDINARY]
    with tempfile.TemporaryDirectory() as folder:
        file = str(written(folder, kind, rows))
        features = datasets.Features.from_arrow_schema(SCHEMA)
        loaded = datasets.load_dataset(
            builder, data_files=file, features=features, split="train", cache_dir=folder, keep_in_memory=True
        )
        assert loaded.to_list() == rows


def test_numbers_that_json_does_not_know_become_null_in_json_lines_alone(tmp_path: Path) -> None:
    row = dict.fromkeys(SCHEMA.names) | {"score": math.nan, "logit": math.inf, "targets": []}
    assert json.loads(written(str(tmp_path), "jsonl", [row]).read_text())["score"] is None
    (back,) = read_table(written(str(tmp_path), "csv", [row]), "csv", COLUMNS)
    assert math.isnan(back["score"])
    assert back["logit"] == math.inf


def test_no_text_cell_of_a_csv_begins_like_a_formula(tmp_path: Path) -> None:
    rows = [dict.fromkeys(SCHEMA.names) | {"source": text, "targets": [text]} for text in ODD]
    for line in written(str(tmp_path), "csv", rows).read_bytes().decode().split("\r\n"):
        for cell in line.split(","):
            assert cell.strip('" \t')[:1] not in ("=", "+", "-", "@", "＝")


def test_type_names_are_those_of_the_page_and_come_back() -> None:
    assert COLUMNS["choices"] == "list of list of string"
    assert [type_of(name) for name in COLUMNS.values()] == SCHEMA.types


def test_a_type_without_a_form_in_csv_is_refused(tmp_path: Path) -> None:
    schema = pa.schema([("at", pa.timestamp("s"))])
    with pytest.raises(BadStore, match="timestamp"):
        write_table(tmp_path / "t.csv", "csv", schema, [])


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_a_missing_or_damaged_file_is_one_line(tmp_path: Path, kind: TableFormat) -> None:
    path = tmp_path / f"t.{kind}"
    with pytest.raises(BadStore, match="missing"):
        list(read_table(path, kind, COLUMNS))
    path.write_bytes(b'"layer"\n"x')
    with pytest.raises(BadStore, match="cannot be read"):
        list(read_table(path, kind, COLUMNS))
