"""A table, declared once: a record whose fields say what they mean (``core/columns.py``).

From the record come the schema of the Parquet file, the rows that are written, the reader, which checks what
it reads, and the list of columns in ``docs/files.md``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Generic, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.store.checked_columns import check_columns, fitting, type_name
from headscribe.store.record_columns import Columns, FileColumn, Record, columns_of
from headscribe.store.tables import ROWS_PER_GROUP, ContentHash
from headscribe.store.text import clean_values

R = TypeVar("R")


class Table(Generic[R]):
    """One kind of table.

    Args:
        name: of its file, without ``.parquet``.
        record: a frozen dataclass or named tuple, one per row.
        rows: what there is a row of, as a sentence begins: ``One row per head``.
        again: what to do when a file cannot be read.
    """

    def __init__(self, name: str, record: type[R], rows: str, again: str) -> None:
        self.name, self.rows_are, self._kind, self._again = name, rows, record, again

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
            for batch in _batches(records):
                columns = self._columns(batch)
                writer.write_table(pa.Table.from_pydict(columns, self.schema))
                if content:
                    for row in _rows(columns):
                        content.add(row)
                count += len(batch)
            if not count:
                writer.write_table(self.schema.empty_table())
        return count

    def read(self, path: Path, heads: Collection[Head] | None = None) -> Iterator[R]:
        """The records of a file, a bounded batch at a time.

        Args:
            path: the file.
            heads: whose rows are wanted, None for all.

        Raises:
            BadStore: the file is missing, is not this table, or holds what no such table may hold.
        """
        for batch in self._read(path, None, heads):
            yield from self._record.take(_plain(batch))

    def read_rows(self, path: Path) -> Iterator[dict[str, Any]]:
        """The rows of a file as plain data; columns that an older file lacks are null.

        Raises:
            BadStore: as ``read``.
        """
        for batch in self._read(path, None, None):
            yield from _rows({name: [None] * len(batch) for name in self.schema.names} | _plain(batch))

    def read_columns(self, path: Path, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Some columns of a file, row by row.

        Raises:
            BadStore: as ``read``.
        """
        for batch in self._read(path, names, None):
            yield from zip(*_plain(batch).values(), strict=True)

    def rows(self, records: Iterable[R]) -> list[dict[str, Any]]:
        """Records as rows of plain data, as JSON holds them."""
        return list(_rows(self._columns(list(records))))

    def records(self, rows: Iterable[dict[str, Any]], where: Path) -> list[R]:
        """The records of such rows; fields that were added since are missing in old ones.

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
        fitting(schema, self.columns, where, self._again)
        with self._errors(where):
            batch = pa.RecordBatch.from_pylist(held, schema)
        check_columns(batch, self.columns, where, self._again)
        return list(self._record.take(_plain(batch)))

    def _columns(self, records: Sequence[R]) -> Columns:
        columns = self._record.put(records)
        texts = {column.name for column in self.columns if "string" in type_name(column.type)}
        return {name: clean_values(values) if name in texts else values for name, values in columns.items()}

    def _read(
        self, path: Path, names: Sequence[str] | None, heads: Collection[Head] | None
    ) -> Iterator[pa.RecordBatch]:
        columns = [column for column in self.columns if names is None or column.name in names]
        with self._errors(path), pq.ParquetFile(path) as file:
            present = fitting(file.schema_arrow, columns, path, self._again)
            for batch in file.iter_batches(ROWS_PER_GROUP, columns=present):
                check_columns(batch, columns, path, self._again)
                yield batch if heads is None else _of_heads(batch, heads)

    @contextmanager
    def _errors(self, path: Path) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise BadStore("a table is missing", where=path, do=self._again) from error
        except (pa.ArrowException, OSError, OverflowError) as error:
            raise BadStore("a table cannot be read", where=path, do=self._again) from error


def _batches(records: Iterable[R]) -> Iterator[list[R]]:
    left = iter(records)
    while batch := list(islice(left, ROWS_PER_GROUP)):
        yield batch


def _rows(columns: Columns) -> Iterator[dict[str, Any]]:
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def _plain(batch: pa.RecordBatch) -> Columns:
    # Column by column: the batch's own to_pylist takes three times as long.
    return dict(zip(batch.schema.names, (column.to_pylist() for column in batch.columns), strict=True))


def _of_heads(batch: pa.RecordBatch, heads: Collection[Head]) -> pa.RecordBatch:
    pairs = zip(batch["layer"].to_pylist(), batch["head"].to_pylist(), strict=True)
    return batch.filter(pa.array([pair in heads for pair in pairs], pa.bool_()))
