"""Does a file hold what its table may hold? Whole columns are checked at a time, which is cheap."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from headscribe.core.errors import BadStore
from headscribe.store.tables.columns import FileColumn, type_name


def present_columns(schema: pa.Schema, columns: Sequence[FileColumn], path: Path, again: str) -> list[str]:
    """The names of the columns that a file holds, all but those added after it was written.

    Raises:
        BadStore: a column is missing, or holds another type.
    """
    for column in columns:
        wanted = type_name(column.type)
        if column.name not in schema.names:
            if not column.optional:
                raise BadStore(f"a column is missing: {column.name} ({wanted})", where=path, do=again)
        elif (held := type_name(schema.field(column.name).type)) != wanted:
            raise BadStore(f"column {column.name} holds {held} in place of {wanted}", where=path, do=again)
    return [column.name for column in columns if column.name in schema.names]


def check_columns(batch: pa.RecordBatch, columns: Sequence[FileColumn], path: Path, again: str) -> None:
    """See that every value is one that its column may hold.

    Raises:
        BadStore: a value is missing, is not a number, is a text that means nothing here, or belongs to lists
            of unequal lengths.
    """
    for column in columns:
        if column.name in batch.schema.names and (what := _fault(batch, column)):
            raise BadStore(f"column {column.name} holds {what}", where=path, do=again)


def _fault(batch: pa.RecordBatch, column: FileColumn) -> str | None:
    values = batch[column.name]
    if values.null_count and not column.nullable:
        return "a missing value where there must be one"
    if column.as_long_as in batch.schema.names:
        lengths, others = pc.list_value_length(values), pc.list_value_length(batch[column.as_long_as])
        if pc.any(pc.not_equal(lengths, others)).as_py():
            return f"lists that are not as long as those of {column.as_long_as}"
    while pa.types.is_list(values.type):
        values = values.flatten()
        if values.null_count:
            return "a list with a missing value"
    if pa.types.is_floating(values.type) and pc.any(pc.is_nan(values)).as_py():
        return "NaN, which is not a number"
    if column.allowed is not None:
        odd = [text for text in pc.unique(values).to_pylist() if text not in (None, *column.allowed)]
        return f"'{odd[0][:40]}', which is none of {', '.join(column.allowed)}" if odd else None
    return None
