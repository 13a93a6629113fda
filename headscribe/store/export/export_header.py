"""``export.json``: what an exported folder holds, and how the results in it came about."""

from __future__ import annotations

from typing import Any, Literal

from headscribe.store.describe.run_header import RunHeader
from headscribe.store.export.scrub import plain_record
from headscribe.store.export.table_files import TableFormat
from headscribe.store.headers import Header, HeaderPart, now
from headscribe.store.map.map_header import MapHeader
from headscribe.store.tool import this_tool


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
