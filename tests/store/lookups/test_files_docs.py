"""``docs/files.md`` against the files of context look-ups."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest

from headscribe.store.export.column_meanings import ROWS, meaning
from headscribe.store.lookups.lookup_dir import TABLES, LookupsHeader
from headscribe.store.lookups.lookup_tables import HEADS_IN_CONTEXT
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "files.md").read_text(encoding="utf-8")
SCHEMAS = {f"lookups/{name}": schema for tables in TABLES.values() for name, schema in tables.items()}
SCHEMAS["heads_in_context"] = HEADS_IN_CONTEXT


def section(title: str) -> str:
    return PAGE.split(f"\n### {title}\n")[1].split("\n#")[0]


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_page_lists_each_tables_columns_and_types(name: str) -> None:
    listed = re.findall(r"^\| `(\w+)` \| ([\w ]+) \|", section(f"{name}.parquet"), re.MULTILINE)
    assert listed == [(field.name, _type(field.type)) for field in SCHEMAS[name]]


def _type(kind: pa.DataType) -> str:
    return f"list of {kind.value_type}" if pa.types.is_list(kind) else str(kind)


@pytest.mark.parametrize("name", SCHEMAS)
def test_an_exports_card_explains_each_column(name: str) -> None:
    exported = name.replace("/", "_")
    assert exported in ROWS
    assert [column for column in SCHEMAS[name].names if not meaning(exported, column)] == []


def test_the_page_lists_the_headers_fields() -> None:
    first_cells = re.findall(r"^\| (`.+?`) \|", section("lookups.json"), re.MULTILINE)
    listed = {field for cell in first_cells for field in re.findall(r"`(\w+)`", cell)}
    assert listed == set(LookupsHeader.model_fields)
