"""A folder of exported results: one file per table, and ``export.json``, which says what they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from headscribe.core.errors import BadOption, BadStore
from headscribe.store.atomic import replacing_folder
from headscribe.store.describe.run_header import RunHeader
from headscribe.store.export.scrub import plain_record, without_places
from headscribe.store.export.table_files import TableFormat, read_table, write_table
from headscribe.store.headers import Header, HeaderPart, header_text, now, read_header
from headscribe.store.map.map_header import MapHeader
from headscribe.store.tables.columns import type_name
from headscribe.store.tables.rows import AGAIN, read_rows, table_errors
from headscribe.store.tool import this_tool

HEADER, CARD = "export.json", "README.md"
ASKED = frozenset({"llm", "judge", "prompt", "error"})
"""Columns on who was asked and how it ended: they may name folders and servers, which exports leave out."""


class ExportedTable(HeaderPart):
    """One file: its table, its place in the folder, its number of rows, its columns with their types."""

    name: str
    file: str
    rows: int
    columns: dict[str, str]


class ExportHeader(Header):
    """``export.json``.

    Attributes:
        format: of the tables' files.
        licence: under which the results are given away.
        run: the run's header, without places.
        map: the map's.
    """

    kind: Literal["export"] = "export"
    format: TableFormat
    licence: str
    exported_at: str
    tables: tuple[ExportedTable, ...] = ()
    run: dict[str, Any]
    map: dict[str, Any]


def export_header(kind: TableFormat, licence: str, run: RunHeader, of_map: MapHeader) -> ExportHeader:
    """The header of a new export; where the run's map lay is nobody else's concern."""
    return ExportHeader(
        tool=this_tool(),
        format=kind,
        licence=licence,
        exported_at=now(),
        run=plain_record(run.model_dump(mode="json", exclude={"map"})),
        map=plain_record(of_map.model_dump(mode="json")),
    )


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


@dataclass(frozen=True, slots=True)
class ExportDir:
    """An exported folder."""

    path: Path
    header: ExportHeader

    @classmethod
    def open(cls, folder: Path | str) -> ExportDir:
        """Open an export by its ``export.json``.

        Raises:
            BadStore: not an export, damaged, or written by a newer version.
        """
        folder = Path(folder)
        if header := read_header(folder / HEADER, ExportHeader, "Export it again"):
            return cls(folder, header)
        raise BadStore("not an exported folder", where=folder, do=f"It has no {HEADER}")

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """The rows of one table as they were before the export, whatever its format.

        Raises:
            BadOption: there is no table of this name.
            BadStore: its file is missing or damaged.
        """
        for held in self.header.tables:
            if held.name == table:
                return read_table(self.path / held.file, self.header.format, held.columns)
        names = ", ".join(held.name for held in self.header.tables)
        raise BadOption(f"there is no table '{table}'", where=self.path, do=f"There are: {names}")

    @classmethod
    def write(
        cls,
        folder: Path,
        sources: Sequence[TableSource],
        header: ExportHeader,
        card: Callable[[ExportHeader], str] | None = None,
    ) -> ExportDir:
        """Write all tables as one step that either happens or does not; an older export there is replaced.

        Args:
            folder: made if missing.
            sources: the tables, in the order in which they are listed.
            header: its ``tables`` are filled in.
            card: gives the text of ``README.md`` of a dataset, whose tables lie in ``data/``; None for none.

        Raises:
            BadStore: something else lies there, a table is damaged, or the folder cannot be written.
        """
        folder = folder.resolve()
        check_export_folder(folder)
        inside = "" if card is None else "data"
        with replacing_folder(folder) as building:
            (building / inside).mkdir(exist_ok=True)
            annotators: dict[str, str] = {}
            written = tuple(_write(building, inside, source, header.format, annotators) for source in sources)
            header = header.model_copy(update={"tables": written})
            (building / HEADER).write_text(header_text(header), encoding="utf-8")
            if card is not None:
                (building / CARD).write_text(card(header), encoding="utf-8")
        return cls(folder, header)

    def files(self) -> list[Path]:
        """Every file of the export."""
        return sorted(path for path in self.path.rglob("*") if path.is_file())


def check_export_folder(folder: Path) -> None:
    """See that an export lies in the folder, or may be made there.

    Raises:
        BadStore: the folder is a file, or holds what no export wrote.
    """
    if not folder.exists():
        return
    do = "Choose another folder with -o"
    if not folder.is_dir():
        raise BadStore("this is a file, not a folder", where=folder, do=do)
    held = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    if not held:
        return
    if HEADER not in held:
        raise BadStore("this is not an export, and it is not empty", where=folder, do=do)
    try:
        own = {table.file for table in ExportDir.open(folder).header.tables} | {HEADER, CARD}
    except BadStore as error:
        raise BadStore(f"what lies there cannot be replaced: {error.what}", where=folder, do=do) from error
    if foreign := sorted(held - own):
        raise BadStore(f"the folder holds a file that no export wrote: {foreign[0]}", where=folder, do=do)


def _write(
    building: Path, inside: str, source: TableSource, kind: TableFormat, annotators: dict[str, str]
) -> ExportedTable:
    schema = source.schema()
    columns = {field.name: type_name(field.type) for field in schema}
    place = (Path(inside) / f"{source.name}.{kind}").as_posix()
    rows = write_table(building / place, kind, schema, source.rows(annotators))
    return ExportedTable(name=source.name, file=place, rows=rows, columns=columns)
