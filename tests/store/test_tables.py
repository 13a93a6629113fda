from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.core.records import HeadMap, Mapping, Status, Token
from headscribe.store import tables
from headscribe.store.text import clean
from tests.store.samples import description, head_map, score

CONTRACT = {
    "MAPPINGS": {
        "layer": "int32",
        "head": "int32",
        "rank": "int32",
        "source_id": "int32",
        "source": "string",
        "saliency": "float",
        "target_ids": "list<element: int32>",
        "targets": "list<element: string>",
        "logits": "list<element: float>",
        "suppressed_ids": "list<element: int32>",
        "suppressed": "list<element: string>",
        "suppressed_logits": "list<element: float>",
    },
    "OPERATIONS": {
        "layer": "int32",
        "head": "int32",
        "operation": "string",
        "category": "string",
        "score": "double",
        "suppression_score": "double",
        "k": "int32",
        "n_pairs": "int32",
    },
    "DESCRIPTIONS": {
        "layer": "int32",
        "head": "int32",
        "status": "string",
        "inputs": "string",
        "pattern": "string",
        "description": "string",
        "confidence": "double",
        "confidence_low": "double",
        "confidence_high": "double",
        "n_tests": "int32",
        "method": "string",
        "llm": "string",
        "prompt": "string",
        "prompt_hash": "string",
        "rounds": "int32",
        "prompt_tokens": "int64",
        "completion_tokens": "int64",
        "cost_usd": "double",
        "seconds": "double",
        "error": "string",
        "unanswered": "double",
    },
}
ROWS = {
    "MAPPINGS": [row for head in range(3) for row in tables.mapping_rows(head_map(1, head))],
    "OPERATIONS": [tables.score_row(score(1, head, hits=head)) for head in range(3)],
    "DESCRIPTIONS": [
        tables.description_row(description(1, head, status)) for head, status in enumerate(Status)
    ],
}


@pytest.mark.parametrize("name", CONTRACT)
def test_columns_and_types_are_the_contract(tmp_path: Path, name: str) -> None:
    tables.write_rows(tmp_path / "t.parquet", getattr(tables, name), ROWS[name])
    found = pq.read_schema(tmp_path / "t.parquet")
    assert {field.name: str(field.type) for field in found} == CONTRACT[name]


@pytest.mark.parametrize("name", CONTRACT)
def test_pandas_and_datasets_read_what_was_written(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets, pandas = pytest.importorskip("datasets"), pytest.importorskip("pandas")
    file = tmp_path / "t.parquet"
    tables.write_rows(file, getattr(tables, name), ROWS[name])
    loaded = datasets.load_dataset(
        "parquet", data_files=str(file), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert loaded.to_list() == list(tables.read_rows(file))
    assert list(pandas.read_parquet(file)["head"]) == [row["head"] for row in ROWS[name]]


def test_an_empty_table_has_its_columns(tmp_path: Path) -> None:
    tables.write_rows(tmp_path / "t.parquet", tables.OPERATIONS, [])
    assert pq.read_table(tmp_path / "t.parquet").column_names == tables.OPERATIONS.names


def test_more_rows_than_one_group_come_back_in_order(tmp_path: Path) -> None:
    rows = [tables.score_row(score(0, head)) for head in range(tables.ROWS_PER_GROUP + 5)]
    assert tables.write_rows(tmp_path / "t.parquet", tables.OPERATIONS, rows) == len(rows)
    assert [row["head"] for row in tables.read_rows(tmp_path / "t.parquet")] == list(range(len(rows)))


def test_head_maps_come_back_as_they_were_but_for_float32(tmp_path: Path) -> None:
    maps = [head_map(0, 2), head_map(1, 0)]
    rows = [row for one in maps for row in tables.mapping_rows(one)]
    tables.write_rows(tmp_path / "t.parquet", tables.MAPPINGS, rows)
    back = list(tables.head_maps(tables.read_rows(tmp_path / "t.parquet")))
    assert [one.head for one in back] == [Head(0, 2), Head(1, 0)]
    assert back[0].mappings[1].targets == maps[0].mappings[1].targets
    assert back[0].mappings[0].logits == pytest.approx(maps[0].mappings[0].logits, rel=1e-6)
    again = [row for one in back for row in tables.mapping_rows(one)]
    assert again == rows, "what was read hashes as what was written"


@pytest.mark.parametrize("hits", range(0, 42))
def test_scores_give_their_hits_back_exactly(hits: int) -> None:
    assert tables.operation_score(tables.score_row(score(0, 1, hits=hits))) == score(0, 1, hits=hits)


@pytest.mark.parametrize("status", list(Status))
def test_descriptions_come_back_as_they_were(status: Status) -> None:
    assert tables.description(tables.description_row(description(3, 1, status))) == description(3, 1, status)


def test_half_surrogates_become_replacement_characters(tmp_path: Path) -> None:
    odd = HeadMap(Head(0, 0), (Mapping(0, Token(1, "a\ud83d"), 1.0, (Token(2, "\x00\udc80"),), (0.5,)),))
    tables.write_rows(tmp_path / "t.parquet", tables.MAPPINGS, tables.mapping_rows(odd))
    (row,) = tables.read_rows(tmp_path / "t.parquet")
    assert (row["source"], row["targets"]) == ("a\ufffd", ["\x00\ufffd"])


@given(st.text(st.characters(codec=None, categories=None)))
def test_clean_text_is_always_utf8_and_valid_text_stays(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.encode().decode() == cleaned
    if not any("\ud800" <= char <= "\udfff" for char in text):
        assert cleaned == text


def test_a_damaged_or_missing_table_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1 not really")
    for name in ("t.parquet", "none.parquet"):
        with pytest.raises(BadStore, match="a table"):
            list(tables.read_rows(tmp_path / name))
