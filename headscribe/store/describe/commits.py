"""Writing to a SQLite database from many threads: what arrives together goes to disk together."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class _Write:
    """One statement on its way to disk."""

    statement: str
    values: tuple[Any, ...]
    done: bool = False
    error: sqlite3.Error | None = None


class SharedCommits:
    """Writes that are on disk when ``write`` returns, and that share a commit with those that wait too.

    A disk takes milliseconds to confirm a commit, however much is in it; one commit per statement would let
    hundreds of calls in flight wait for the disk one after the other.

    Args:
        database: an open connection in autocommit mode (``isolation_level=None``) that threads may share.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._waiting: deque[_Write] = deque()

    def write(self, statement: str, values: tuple[Any, ...]) -> None:
        """Execute a statement and commit it.

        Raises:
            sqlite3.Error: of this very statement, or of the commit; then it was not written.
        """
        write = _Write(statement, values)
        self._waiting.append(write)
        with self._lock:
            # Whoever had the lock before may have committed it too.
            if not write.done:
                self._commit([self._waiting.popleft() for _ in range(len(self._waiting))])
        if write.error is not None:
            raise write.error

    def close(self) -> None:
        """Close the connection, once no commit is under way."""
        with self._lock:
            self._database.close()

    def _commit(self, writes: Sequence[_Write]) -> None:
        try:
            self._transact(writes)
        except sqlite3.Error as error:
            if len(writes) == 1:
                writes[0].error = error
            else:
                # One that cannot be written must not take the others with it.
                for write in writes:
                    self._commit([write])
        except BaseException:
            self._waiting.extendleft(write for write in reversed(writes) if not write.done)
            raise
        for write in writes:
            write.done = True

    def _transact(self, writes: Sequence[_Write]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for write in writes:
                self._database.execute(write.statement, write.values)
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise
