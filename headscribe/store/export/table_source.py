"""A table on its way into an export: without names of folders, servers and people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from headscribe.store.export.scrub import without_places
from headscribe.store.tables.rows import AGAIN, read_rows, table_errors

ASKED = frozenset({"llm", "judge", "prompt", "error"})
"""Columns on who was asked and how it ended: they may name folders and servers, which exports leave out."""


@dataclass(frozen=True, slots=True)
class TableSource:
    """A table to be exported: its name, and its Parquet file."""

    name: str
    path: Path

    def schema(self) -> pa.Schema:
        """Its columns, without what other libraries noted beside them.

        Raises:
            BadStore: missing, or not a table.
        """
        with table_errors(self.path, AGAIN):
            return pq.read_schema(self.path).remove_metadata()

    def n_rows(self) -> int:
        """How many rows it has.

        Raises:
            BadStore: missing, or not a table.
        """
        with table_errors(self.path, AGAIN):
            return int(pq.read_metadata(self.path).num_rows)

    def rows(self, annotators: dict[str, str]) -> Iterator[dict[str, Any]]:
        """Its rows, without names of folders, servers and people.

        Args:
            annotators: what each annotator is called instead; those met first here are added.
        """
        asked = [
            field.name for field in self.schema() if field.name in ASKED and pa.types.is_string(field.type)
        ]
        for row in read_rows(self.path):
            for name in asked:
                if row[name] is not None:
                    row[name] = without_places(row[name])
            if isinstance(who := row.get("annotator"), str):
                row["annotator"] = annotators.setdefault(who, f"annotator {len(annotators) + 1}")
            yield row
