"""Parquet files of any columns, as rows of plain data; what ``Table`` and exports have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from headscribe.core.errors import BadStore
from headscribe.store.tables.columns import Columns
from headscribe.store.text import canonical

Row = dict[str, Any]
T = TypeVar("T")

ROWS_PER_GROUP = 4096
AGAIN = "Make the map or run again"


def write_rows(path: Path, schema: pa.Schema, rows: Iterable[Row]) -> int:
    """Write rows as one Parquet file, in bounded memory; gives their number. Callers make it atomic."""
    count = 0
    with pq.ParquetWriter(path, schema) as writer:
        for batch in batches(rows):
            writer.write_table(pa.Table.from_pylist(batch, schema))
            count += len(batch)
    return count


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a Parquet file, a bounded batch at a time.

    Raises:
        BadStore: the file is missing or is no table.
    """
    with table_errors(path, AGAIN), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(ROWS_PER_GROUP):
            yield from as_rows(plain_columns(batch))


@contextmanager
def table_errors(path: Path, again: str) -> Iterator[None]:
    """Turn what goes wrong with a table's file into one line that says what to do."""
    try:
        yield
    except FileNotFoundError as error:
        raise BadStore("a table is missing", where=path, do=again) from error
    except (pa.ArrowException, OSError, OverflowError) as error:
        raise BadStore("a table cannot be read", where=path, do=again) from error


def batches(values: Iterable[T]) -> Iterator[list[T]]:
    """As many values at a time as make a row group."""
    left = iter(values)
    while batch := list(islice(left, ROWS_PER_GROUP)):
        yield batch


def plain_columns(batch: pa.RecordBatch) -> Columns:
    """A batch's columns as plain data; its own ``to_pylist``, row by row, takes three times as long."""
    return dict(zip(batch.schema.names, (column.to_pylist() for column in batch.columns), strict=True))


def as_rows(columns: Columns) -> Iterator[Row]:
    """Columns as rows."""
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


class ContentHash:
    """SHA-256 over rows as they are stored, whatever the file's compression or the writer's version."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, rows: Iterable[Row]) -> None:
        """Take rows in."""
        for row in rows:
            self._hash.update(canonical(row))

    def hexdigest(self) -> str:
        """The hash of all rows so far."""
        return self._hash.hexdigest()
