"""A table, declared once: a record whose fields say what they mean (``core/columns.py``).

From the record come the schema of the Parquet file, the rows that are written, the reader, which checks what
it reads, and the list of columns in ``docs/files.md``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from headscribe.core.heads import Head
from headscribe.store.tables.checks import check_columns, present_columns
from headscribe.store.tables.columns import Columns, FileColumn, Record
from headscribe.store.tables.declared import columns_of
from headscribe.store.tables.rows import (
    ROWS_PER_GROUP,
    ContentHash,
    Row,
    as_rows,
    batches,
    plain_columns,
    table_errors,
)
from headscribe.store.text import clean_values

R = TypeVar("R")


class Table(Generic[R]):
    """One kind of table.

    Args:
        name: of its file, without ``.parquet``.
        record: a frozen dataclass or named tuple, one per row.
        rows_are: what there is a row of, as a sentence begins: ``One row per head``.
        again: what to do when a file cannot be read.
    """

    def __init__(self, name: str, record: type[R], rows_are: str, again: str) -> None:
        self.name, self.rows_are, self._kind, self._again = name, rows_are, record, again

    @cached_property
    def _record(self) -> Record:
        return columns_of(self._kind)

    @property
    def columns(self) -> tuple[FileColumn, ...]:
        """Its columns, in the order of the file."""
        return self._record.columns

    @cached_property
    def schema(self) -> pa.Schema:
        """The schema of a file."""
        return pa.schema([(column.name, column.type) for column in self.columns])

    def path(self, folder: Path) -> Path:
        """Where its file lies in a folder."""
        return folder / f"{self.name}.parquet"

    def write(self, path: Path, records: Iterable[R], content: ContentHash | None = None) -> int:
        """Write a file, in bounded memory; gives the number of rows. Callers make it atomic.

        Args:
            path: the file.
            records: one per row.
            content: takes in every row as it is stored.
        """
        count = 0
        with pq.ParquetWriter(path, self.schema) as writer:
            for batch in batches(records):
                columns = self._put(batch)
                writer.write_table(pa.Table.from_pydict(columns, self.schema))
                if content:
                    content.add(as_rows(columns))
                count += len(batch)
        return count

    def read(self, path: Path, heads: Collection[Head] | None = None) -> Iterator[R]:
        """The records of a file, a bounded batch at a time.

        Args:
            path: the file.
            heads: whose rows are wanted, None for all.

        Raises:
            BadStore: the file is missing, is not this table, or holds what no such table may hold.
        """
        for batch in self._batches(path):
            yield from self._record.take(plain_columns(batch if heads is None else _of_heads(batch, heads)))

    def read_columns(self, path: Path, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Some columns of a file, row by row.

        Raises:
            BadStore: as ``read``.
        """
        for batch in self._batches(path, names):
            yield from zip(*plain_columns(batch).values(), strict=True)

    def read_rows(self, path: Path) -> Iterator[Row]:
        """The rows of a file as plain data; columns that an older file lacks are null.

        Raises:
            BadStore: as ``read``.
        """
        for batch in self._batches(path):
            lacking: Columns = {name: [None] * len(batch) for name in self.schema.names}
            yield from as_rows(lacking | plain_columns(batch))

    def rows(self, records: Iterable[R]) -> list[Row]:
        """Records as rows of plain data, as JSON holds them."""
        return list(as_rows(self._put(list(records))))

    def records(self, rows: Iterable[Row], where: Path) -> list[R]:
        """The records of such rows, of which old ones may lack columns that were added since.

        Args:
            rows: what ``rows`` gave.
            where: the file that they come from, for errors.

        Raises:
            BadStore: a value is none that the table may hold.
        """
        held = list(rows)
        if not held:
            return []
        schema = pa.schema([field for field in self.schema if field.name in held[0]])
        present_columns(schema, self.columns, where, self._again)
        with table_errors(where, self._again):
            batch = pa.RecordBatch.from_pylist(held, schema)
        check_columns(batch, self.columns, where, self._again)
        return list(self._record.take(plain_columns(batch)))

    def _put(self, records: Sequence[R]) -> Columns:
        texts = {column.name for column in self.columns if str(pa.string()) in str(column.type)}
        columns = self._record.put(records)
        return {name: clean_values(held) if name in texts else held for name, held in columns.items()}

    def _batches(self, path: Path, names: Collection[str] | None = None) -> Iterator[pa.RecordBatch]:
        columns = [column for column in self.columns if names is None or column.name in names]
        with table_errors(path, self._again), pq.ParquetFile(path) as file:
            present = present_columns(file.schema_arrow, columns, path, self._again)
            for batch in file.iter_batches(ROWS_PER_GROUP, columns=present):
                check_columns(batch, columns, path, self._again)
                yield batch


def _of_heads(batch: pa.RecordBatch, heads: Collection[Head]) -> pa.RecordBatch:
    pairs = zip(batch["layer"].to_pylist(), batch["head"].to_pylist(), strict=True)
    return batch.filter(pa.array([pair in heads for pair in pairs], pa.bool_()))
