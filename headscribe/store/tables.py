"""The Parquet tables of maps and runs: their columns, and records to rows and back (docs/files.md).

Every table reads with ``datasets.load_dataset("parquet", ...)`` and ``pandas.read_parquet``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.store.text import canonical

HEAD = [("layer", pa.int32()), ("head", pa.int32())]

ROWS_PER_GROUP = 4096


def write_rows(path: Path, schema: pa.Schema, rows: Iterable[dict[str, Any]]) -> int:
    """Write rows as one Parquet file, in bounded memory; gives their number. Callers make it atomic."""
    count = 0
    with pq.ParquetWriter(path, schema) as writer:
        batch: list[dict[str, Any]] = []
        for row in rows:
            batch.append(row)
            if len(batch) == ROWS_PER_GROUP:
                writer.write_table(pa.Table.from_pylist(batch, schema))
                count, batch = count + len(batch), []
        writer.write_table(pa.Table.from_pylist(batch, schema))
    return count + len(batch)


def read_rows(
    path: Path, columns: list[str] | None = None, heads: Collection[Head] | None = None
) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file, a bounded batch at a time.

    Args:
        path: the file.
        columns: those wanted, None for all.
        heads: whose rows are wanted, None for all.

    Raises:
        BadStore: the file is missing or is not the table it should be.
    """
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(ROWS_PER_GROUP, columns=columns):
                yield from _rows(batch if heads is None else _of_heads(batch, heads))
    except FileNotFoundError as error:
        raise BadStore("a table is missing", where=path, do="Make the map or run again") from error
    except (pa.ArrowException, OSError) as error:
        raise BadStore("a table cannot be read", where=path, do="Make the map or run again") from error


def _rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    # Column by column: the batch's own to_pylist takes three times as long.
    names = batch.schema.names
    for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
        yield dict(zip(names, values, strict=True))


def _of_heads(batch: pa.RecordBatch, heads: Collection[Head]) -> pa.RecordBatch:
    pairs = zip(batch["layer"].to_pylist(), batch["head"].to_pylist(), strict=True)
    return batch.filter(pa.array([pair in heads for pair in pairs], pa.bool_()))


class ContentHash:
    """SHA-256 over rows as they are stored, whatever the file's compression or the writer's version."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, row: dict[str, Any]) -> dict[str, Any]:
        """Take one row in, and give it back."""
        self._hash.update(canonical(row))
        return row

    def hexdigest(self) -> str:
        """The hash of all rows so far."""
        return self._hash.hexdigest()
