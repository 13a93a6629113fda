"""What ``lookups`` keeps in a run: ``lookups.json``, which says what is done, and its tables.

Each stage writes its tables before ``lookups.json`` says that it is done, each atomically; so after a kill a
stage is either done or will be made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from headscribe.core.errors import BadOption, BadStore
from headscribe.core.settings import Stage
from headscribe.store.atomic import replacing
from headscribe.store.describe.run_dir import LOOKUPS
from headscribe.store.headers import read_header, write_header
from headscribe.store.lookups.lookup_tables import TABLES
from headscribe.store.lookups.lookups_header import LookupsHeader, StageDone
from headscribe.store.tables.table import Table

R = TypeVar("R")

HEADER_AGAIN = "Remove it; look-ups are then made again"
FOLDER, PAGE = "lookups", "lookups.html"


class LookupDir:
    """The look-ups of a run folder.

    Raises:
        BadStore: ``lookups.json`` is damaged or of a newer version.
    """

    def __init__(self, run: Path) -> None:
        self.run = run
        self.header = read_header(run / LOOKUPS, LookupsHeader, HEADER_AGAIN)

    @classmethod
    def open(cls, run: Path | str) -> LookupDir:
        """Open look-ups that are there.

        Raises:
            BadStore: there are none, or as above.
        """
        opened = cls(Path(run))
        if opened.header is None:
            raise BadStore("no look-ups lie here", where=run, do="Make them with headscribe lookups")
        return opened

    def done(self, stage: Stage) -> StageDone | None:
        """A stage that is done, None if it is not."""
        return self.header.stages.get(stage) if self.header else None

    def path(self, table: Table[Any]) -> Path:
        """Where a table lies, or will."""
        return table.path(self.run / FOLDER)

    def read(self, table: Table[R]) -> Iterator[R]:
        """The records of a table whose stage is done; none where it is not.

        Raises:
            BadStore: the table is missing or damaged all the same.
        """
        return table.read(self.path(table)) if self.done(_stage(table)) else iter(())

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        """The same as rows of plain data, by the table's name.

        Raises:
            BadOption: there is no table of this name.
            BadStore: as ``read``.
        """
        tables = {table.name: table for tables in TABLES.values() for table in tables}
        if name not in tables:
            raise BadOption(
                f"there is no table '{name}'", where=self.run, do=f"There are: {', '.join(tables)}"
            )
        table = tables[name]
        return table.read_rows(self.path(table)) if self.done(_stage(table)) else iter(())

    def write(self, table: Table[R], records: Iterable[R]) -> int:
        """Replace a table; gives its rows."""
        with replacing(self.path(table)) as temporary:
            return table.write(temporary, records)

    def write_header(self, header: LookupsHeader) -> None:
        """Replace ``lookups.json``, and remove the tables of stages that are no longer done."""
        write_header(self.run / LOOKUPS, header)
        self.header = header
        for stage, tables in TABLES.items():
            if stage not in header.stages:
                for table in tables:
                    self.path(table).unlink(missing_ok=True)


def _stage(table: Table[Any]) -> Stage:
    return next(stage for stage, tables in TABLES.items() if table in tables)
