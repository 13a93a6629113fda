"""A table as Parquet, CSV or JSON lines, and back: the same rows, whatever the texts in them.

- CSV: UTF-8, every cell quoted, lines end in CR LF. Texts go through ``guard_cell``, lists are JSON, a
  missing value is an empty cell.
- JSON lines: one object per line, UTF-8. Numbers that JSON does not know (NaN, infinities) become null.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from headscribe.core.errors import BadStore
from headscribe.core.spreadsheet import guard_cell, plain_cell
from headscribe.store.tables.columns import type_name
from headscribe.store.tables.rows import read_rows, write_rows

TableFormat = Literal["parquet", "csv", "jsonl"]

_PLAIN = {"int32": pa.int32(), "int64": pa.int64(), "float": pa.float32(), "double": pa.float64()}
_PLAIN |= {"string": pa.string(), "bool": pa.bool_()}
_LIST = "list of "


def type_of(name: str) -> pa.DataType:
    """The type that ``type_name`` named.

    Raises:
        BadStore: one that CSV and JSON have no form for; no table of Headscribe has such.
    """
    if name.startswith(_LIST):
        return pa.list_(type_of(name.removeprefix(_LIST)))
    if name not in _PLAIN:
        raise BadStore(
            f"a column has the type {name}, which has no form in CSV and JSON", do="Use --to parquet"
        )
    return _PLAIN[name]


def write_table(path: Path, kind: TableFormat, schema: pa.Schema, rows: Iterable[dict[str, Any]]) -> int:
    """Write rows as one file, in bounded memory; gives their number. Callers make it atomic.

    Raises:
        BadStore: a column has a type that the format has no form for.
    """
    if kind == "parquet":
        return write_rows(path, schema, rows)
    for field in schema:
        type_of(type_name(field.type))
    write = _write_csv if kind == "csv" else _write_json_lines
    return write(path, schema, rows)


def read_table(path: Path, kind: TableFormat, columns: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The rows that ``write_table`` wrote.

    Args:
        path: the file.
        columns: its columns, and their types as ``type_name`` names them.

    Raises:
        BadStore: the file is missing or is not such a table.
    """
    if kind == "parquet":
        yield from read_rows(path)
        return
    schema = pa.schema([(name, type_of(held)) for name, held in columns.items()])
    read = _read_csv if kind == "csv" else _read_json_lines
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from read(file, schema)
    except FileNotFoundError as error:
        raise BadStore("a table is missing", where=path, do="Export it again") from error
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise BadStore("a table cannot be read", where=path, do="Export it again") from error


def _write_csv(path: Path, schema: pa.Schema, rows: Iterable[dict[str, Any]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow(schema.names)
        for count, row in enumerate(rows, start=1):  # noqa: B007  the last number is the result
            writer.writerow([_cell(row[name]) for name in schema.names])
    return count


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return guard_cell(value)
    # As JSON writes them: true, 7, -0.25, NaN, ["a", "b"]. A list begins with a bracket, so it is no formula.
    return json.dumps(value, ensure_ascii=False)


def _read_csv(file: Iterable[str], schema: pa.Schema) -> Iterator[dict[str, Any]]:
    csv.field_size_limit(2**31 - 1)
    readers = [_reader(field.type) for field in schema]
    lines = csv.reader(file, strict=True)
    if next(lines, None) != schema.names:
        raise ValueError("other columns")
    for cells in lines:
        values = [read(cell) for read, cell in zip(readers, cells, strict=True)]
        yield dict(zip(schema.names, values, strict=True))


def _reader(kind: pa.DataType) -> Callable[[str], Any]:
    return plain_cell if pa.types.is_string(kind) else lambda cell: json.loads(cell) if cell else None


def _write_json_lines(path: Path, schema: pa.Schema, rows: Iterable[dict[str, Any]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        for count, row in enumerate(rows, start=1):  # noqa: B007
            plain = {name: _finite(row[name]) for name in schema.names}
            file.write(json.dumps(plain, ensure_ascii=False, allow_nan=False) + "\n")
    return count


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return [_finite(item) for item in value] if isinstance(value, list) else value


def _read_json_lines(file: Iterable[str], schema: pa.Schema) -> Iterator[dict[str, Any]]:
    for line in file:
        row = json.loads(line)
        yield {name: row[name] for name in schema.names}
