"""A folder of exported results: one file per table, and ``export.json``, which says what they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headscribe.core.errors import BadOption, BadStore
from headscribe.store.atomic import replacing_folder
from headscribe.store.export.export_header import ExportedTable, ExportHeader
from headscribe.store.export.table_files import TableFormat, read_table, write_table
from headscribe.store.export.table_source import TableSource
from headscribe.store.headers import header_text, read_header
from headscribe.store.tables.columns import type_name

HEADER, CARD = "export.json", "README.md"


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
        exported = {table.file for table in ExportDir.open(folder).header.tables} | {HEADER, CARD}
    except BadStore as error:
        raise BadStore(f"what lies there cannot be replaced: {error.what}", where=folder, do=do) from error
    if foreign := sorted(held - exported):
        raise BadStore(f"the folder holds a file that no export wrote: {foreign[0]}", where=folder, do=do)


def _write(
    building: Path, inside: str, source: TableSource, kind: TableFormat, annotators: dict[str, str]
) -> ExportedTable:
    schema = source.schema()
    columns = {field.name: type_name(field.type) for field in schema}
    place = (Path(inside) / f"{source.name}.{kind}").as_posix()
    rows = write_table(building / place, kind, schema, source.rows(annotators))
    return ExportedTable(name=source.name, file=place, rows=rows, columns=columns)
