"""The tables of maps and runs: their columns are a contract, and what is written comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headscribe.core.descriptions import Status
from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.core.records import HeadMap, Mapping, Token
from headscribe.store import catalogue
from headscribe.store.describe.descriptions import DESCRIPTIONS
from headscribe.store.map.mappings import MAPPINGS, head_mappings, joined
from headscribe.store.map.operations import OPERATIONS
from headscribe.store.tables.columns import type_name
from headscribe.store.tables.rows import ROWS_PER_GROUP, read_rows
from headscribe.store.tables.table import Table
from headscribe.store.text import clean
from tests.store.contract import COLUMNS
from tests.store.samples import description, head_map, score

TABLES: dict[str, Table[Any]] = {table.name: table for table in (MAPPINGS, OPERATIONS, DESCRIPTIONS)}
RECORDS: dict[str, list[Any]] = {
    "mappings": list(head_mappings(head_map(1, head) for head in range(3))),
    "operations": [score(1, head, hits=head) for head in range(3)],
    "descriptions": [description(1, head, status) for head, status in enumerate(Status)],
}


def test_the_contract_names_every_table() -> None:
    assert set(COLUMNS) <= set(catalogue.TABLES)


@pytest.mark.parametrize("place", COLUMNS)
def test_columns_of_the_contract_keep_names_types_and_order(tmp_path: Path, place: str) -> None:
    table = catalogue.TABLES[place]
    table.write(tmp_path / "t.parquet", [])
    held = [f"{field.name} {type_name(field.type)}" for field in pq.read_schema(tmp_path / "t.parquet")]
    promised = COLUMNS[place].split(", ")
    assert [column for column in held if column in promised] == promised


@pytest.mark.parametrize("name", TABLES)
def test_pandas_and_datasets_read_what_was_written(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets, pandas = pytest.importorskip("datasets"), pytest.importorskip("pandas")
    file = tmp_path / "t.parquet"
    TABLES[name].write(file, RECORDS[name])
    loaded = datasets.load_dataset(
        "parquet", data_files=str(file), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert loaded.to_list() == list(read_rows(file))
    assert list(pandas.read_parquet(file)["head"]) == [row["head"] for row in read_rows(file)]


def test_an_empty_table_has_its_columns(tmp_path: Path) -> None:
    OPERATIONS.write(tmp_path / "t.parquet", [])
    assert pq.read_table(tmp_path / "t.parquet").column_names == OPERATIONS.schema.names
    assert list(OPERATIONS.read(tmp_path / "t.parquet")) == []


def test_more_rows_than_one_group_come_back_in_order(tmp_path: Path) -> None:
    scores = [score(0, head) for head in range(ROWS_PER_GROUP + 5)]
    assert OPERATIONS.write(tmp_path / "t.parquet", scores) == len(scores)
    assert list(OPERATIONS.read(tmp_path / "t.parquet")) == scores


def test_head_maps_come_back_as_they_were_but_for_float32(tmp_path: Path) -> None:
    maps = [head_map(0, 2), head_map(1, 0)]
    MAPPINGS.write(tmp_path / "t.parquet", head_mappings(maps))
    back = list(joined(MAPPINGS.read(tmp_path / "t.parquet")))
    assert [one.head for one in back] == [Head(0, 2), Head(1, 0)]
    assert back[0].mappings[1].targets == maps[0].mappings[1].targets
    assert back[0].mappings[0].logits == pytest.approx(maps[0].mappings[0].logits, rel=1e-6)
    rows = MAPPINGS.rows(head_mappings(maps))
    assert MAPPINGS.rows(head_mappings(back)) == rows, "what was read hashes as what was written"
    assert list(joined(MAPPINGS.records(rows, tmp_path))) == back


@pytest.mark.parametrize("hits", range(0, 42))
def test_scores_give_their_hits_back_exactly(tmp_path: Path, hits: int) -> None:
    OPERATIONS.write(tmp_path / "t.parquet", [score(0, 1, hits=hits)])
    assert list(OPERATIONS.read(tmp_path / "t.parquet")) == [score(0, 1, hits=hits)]


def test_scores_of_older_maps_are_read_without_what_was_added_since(tmp_path: Path) -> None:
    columns = ["layer", "head", "operation", "category", "score", "suppression_score", "k", "n_pairs"]
    OPERATIONS.write(tmp_path / "new.parquet", [score(0, 1, hits=7)])
    pq.write_table(pq.read_table(tmp_path / "new.parquet", columns=columns), tmp_path / "old.parquet")
    (old,) = OPERATIONS.read(tmp_path / "old.parquet")
    assert old == score(0, 1, hits=7)
    assert (old.shuffled_score, old.above_chance, old.specific_hits) == (None, None, None)


@pytest.mark.parametrize("status", list(Status))
def test_descriptions_come_back_as_they_were(tmp_path: Path, status: Status) -> None:
    DESCRIPTIONS.write(tmp_path / "t.parquet", [description(3, 1, status)])
    assert list(DESCRIPTIONS.read(tmp_path / "t.parquet")) == [description(3, 1, status)]
    assert DESCRIPTIONS.records(DESCRIPTIONS.rows([description(3, 1, status)]), tmp_path) == [
        description(3, 1, status)
    ]


def test_half_surrogates_become_replacement_characters(tmp_path: Path) -> None:
    odd = HeadMap(Head(0, 0), (Mapping(0, Token(1, "a\ud83d"), 1.0, (Token(2, "\x00\udc80"),), (0.5,)),))
    MAPPINGS.write(tmp_path / "t.parquet", head_mappings([odd]))
    (row,) = MAPPINGS.read(tmp_path / "t.parquet")
    assert (row.mapping.source.text, row.mapping.targets[0].text) == ("a\ufffd", "\x00\ufffd")


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
            list(OPERATIONS.read(tmp_path / name))
        with pytest.raises(BadStore, match="a table"):
            list(read_rows(tmp_path / name))
