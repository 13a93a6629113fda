"""The SQLite database of a run: opened, made or brought up to date; read and written by several threads.

In WAL mode with ``synchronous=FULL``: what was written is on disk when ``write`` returns. Threads that write
at the same time share a commit; whoever reads never waits for one.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from headscribe.core.errors import BadStore
from headscribe.store.describe.commits import SharedCommits

VERSION = 1
_SCHEMA = files("headscribe.store.describe").joinpath("journal.sql")
_ADDED = (("calls", "cost_usd", "REAL"), ("outcomes", "transcript", "TEXT"))
"""Columns that journals of the first release lack; that release goes on reading and writing them."""

MOVE_AWAY = "Move it away, or choose another -o"

Values = tuple[Any, ...]


class Database:
    """The open database; threads may share it.

    Args:
        path: the file, made if missing.

    Raises:
        BadStore: not a journal, damaged, made by a newer version, or the disk is full or read-only.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reading = threading.Lock()
        with self._errors():
            self._db = self._connect()
        try:
            with self._errors():
                self._prepare()
                self._reader = self._connect()
        except BadStore:
            self._db.close()
            raise
        self._commits = SharedCommits(self._db)

    def write(self, statement: str, values: Values) -> None:
        """Run one statement; what it wrote is on disk when this returns."""
        with self._errors():
            self._commits.write(statement, values)

    def first(self, query: str, values: Values = ()) -> Values | None:
        """The first row of a query, None without one."""
        with self._reading, self._errors():
            row: Values | None = self._reader.execute(query, values).fetchone()
        return row

    def all(self, query: str, values: Values = ()) -> list[Values]:
        """Every row of a query."""
        with self._reading, self._errors():
            return self._reader.execute(query, values).fetchall()

    def close(self) -> None:
        """Close the database; what was written is on disk already."""
        with self._reading:
            self._reader.close()
        self._commits.close()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=10)

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise BadStore(
                "written by a newer version of Headscribe", where=self.path, do="Upgrade Headscribe"
            )
        if version == 0:
            schema = _SCHEMA.read_text(encoding="utf-8")
            self._db.executescript(f"BEGIN; {schema} PRAGMA user_version={VERSION}; COMMIT;")
        for table, column, kind in _ADDED:
            if column not in {row[1] for row in self._db.execute(f"PRAGMA table_info({table})")}:
                self._db.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise BadStore(
                f"the journal cannot be used: {error}",
                where=self.path,
                do="Free space, and see that the folder may be written",
            ) from error
        except sqlite3.DatabaseError as error:
            raise BadStore(f"the journal is damaged: {error}", where=self.path, do=MOVE_AWAY) from error
