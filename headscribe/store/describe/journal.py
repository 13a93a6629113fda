"""``run.db``: every call of a run with its reply or error, and every head's outcome (docs/files.md).

A SQLite database in WAL mode with ``synchronous=FULL``. Each attempt and each outcome is on disk when
``record`` or ``keep`` returns, so that a kill loses only the calls in flight. Threads that write at the same
time share a commit; whoever reads never waits for one.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from headscribe.core.chat import Attempt, ChatReply, content_hash
from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.core.records import Description, Usage
from headscribe.store.describe.commits import SharedCommits
from headscribe.store.describe.descriptions import DESCRIPTIONS
from headscribe.store.describe.transcripts import transcript_json
from headscribe.store.headers import Totals
from headscribe.store.text import clean

VERSION = 1
_TABLES = """
CREATE TABLE calls (
    id INTEGER PRIMARY KEY,
    identity TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    started_at REAL NOT NULL,
    seconds REAL NOT NULL,
    llm TEXT NOT NULL,
    request TEXT NOT NULL,
    reply TEXT,
    error TEXT,
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    cost_usd REAL
);
CREATE INDEX calls_by_identity ON calls (identity);
CREATE TABLE outcomes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    layer INTEGER NOT NULL,
    head INTEGER NOT NULL,
    work TEXT NOT NULL,
    place TEXT NOT NULL,
    status TEXT NOT NULL,
    kept_at REAL NOT NULL,
    record TEXT NOT NULL,
    transcript TEXT
);
CREATE UNIQUE INDEX outcomes_by_work ON outcomes (layer, head, work);
"""


@contextmanager
def existing_journal(path: Path) -> Iterator[Journal | None]:
    """The journal of work that has begun, for looking things up; None where there is none yet.

    Raises:
        BadStore: as for ``Journal``.
    """
    if not path.is_file():
        yield None
        return
    journal = Journal(path)
    try:
        yield journal
    finally:
        journal.close()


class Journal:
    """The calls and outcomes of a run; implements ``core.chat.CallJournal``. Threads may share it."""

    def __init__(self, path: Path) -> None:
        """Open the journal, making it if missing.

        Raises:
            BadStore: not a journal, damaged, made by a newer version, or the disk is full or read-only.
        """
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

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=10)

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        (found,) = self._db.execute("PRAGMA user_version").fetchone()
        if found > VERSION:
            raise BadStore(
                "written by a newer version of Headscribe", where=self.path, do="Upgrade Headscribe"
            )
        if found == 0:
            self._db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version={VERSION}; COMMIT;")
        # A journal of a first release gets what was added since; older releases go on reading and writing it.
        for table, column, kind in (("calls", "cost_usd", "REAL"), ("outcomes", "transcript", "TEXT")):
            if column not in {row[1] for row in self._db.execute(f"PRAGMA table_info({table})")}:
                self._db.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")

    def find(self, identity: str) -> ChatReply | None:
        """The newest reply to an identical request, None if there is none."""
        query = "SELECT reply FROM calls WHERE identity = ? AND reply IS NOT NULL ORDER BY id DESC LIMIT 1"
        row = self._one(query, (identity,))
        if row is None:
            return None
        return ChatReply.from_json(json.loads(row[0]))

    def errors(self, identity: str) -> list[str]:
        """Why attempts at an identical request have failed, oldest first."""
        query = "SELECT error FROM calls WHERE identity = ? AND error IS NOT NULL ORDER BY id"
        return [row[0] for row in self._all(query, (identity,))]

    def record(self, attempt: Attempt) -> None:
        """Keep one attempt; it is on disk when this returns."""
        reply, asked = attempt.reply, attempt.request.as_json()
        usage = reply.usage if reply else Usage()
        self._write(
            "INSERT INTO calls (identity, attempt, started_at, seconds, llm, request, reply, error,"
            " prompt_tokens, completion_tokens, cost_usd) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                content_hash(asked),
                attempt.number,
                attempt.started_at,
                attempt.seconds,
                clean(attempt.request.llm),
                _json(asked),
                _json(reply.as_json()) if reply else None,
                clean(attempt.error) if attempt.error else None,
                usage.prompt_tokens,
                usage.completion_tokens,
                attempt.cost_usd,
            ),
        )

    def keep(self, work: str, description: Description, *, place: str = "") -> None:
        """Keep a head's outcome under its work identity, in place of an earlier one.

        Args:
            work: identity of the work that was done.
            description: the outcome, also where it is a failure.
            place: identity of the map that the head was seen in.
        """
        head, status = description.head, description.outcome.status.value
        transcript = description.outcome.transcript
        self._write(
            "INSERT OR REPLACE INTO outcomes (layer, head, work, place, status, kept_at, record, transcript)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                head.layer,
                head.head,
                work,
                place,
                status,
                time.time(),
                _json(DESCRIPTIONS.rows([description])[0]),
                _json(transcript_json(head, transcript)) if transcript else None,
            ),
        )

    def outcome(self, head: Head, work: str) -> Description | None:
        """The outcome of exactly this work, None if it was never finished."""
        query = "SELECT record FROM outcomes WHERE layer = ? AND head = ? AND work = ?"
        row = self._one(query, (head.layer, head.head, work))
        return self._description(json.loads(row[0])) if row else None

    def statuses(self) -> dict[tuple[Head, str], str]:
        """The status of every outcome, by head and work identity."""
        rows = self._all("SELECT layer, head, work, status FROM outcomes")
        return {(Head(layer, head), work): status for layer, head, work, status in rows}

    def descriptions(self, wanted: dict[Head, str], *, place: str = "") -> Iterator[Description]:
        """One description per head, in model order: that of the wanted work, else the head's newest.

        Args:
            wanted: for the heads asked for last, the identity of their work.
            place: outcomes that were seen in another map are passed over.
        """
        for _, record in self._kept("record", wanted, place):
            yield self._description(record)

    def _description(self, record: dict[str, Any]) -> Description:
        return DESCRIPTIONS.records([record], self.path)[0]

    def transcripts(
        self, wanted: dict[Head, str], *, place: str = ""
    ) -> Iterator[tuple[Head, dict[str, Any]]]:
        """How the same descriptions came about, for those whose method keeps that (``transcript_json``)."""
        return self._kept("transcript", wanted, place)

    def _kept(
        self, column: str, wanted: dict[Head, str], place: str
    ) -> Iterator[tuple[Head, dict[str, Any]]]:
        """A JSON column of one outcome per head, in model order; heads that have none are passed over."""
        heads = self._all(
            "SELECT layer, head, max(id) FROM outcomes WHERE place = ? GROUP BY 1, 2 ORDER BY 1, 2", (place,)
        )
        for layer, number, newest in heads:
            head = Head(layer, number)
            row = self._one(
                f"SELECT {column} FROM outcomes"  # noqa: S608 - one of our own columns
                " WHERE layer = ? AND head = ? AND (work = ? OR id = ?)"
                " ORDER BY work = ? DESC LIMIT 1",
                (layer, number, wanted.get(head), newest, wanted.get(head)),
            )
            if row and row[0]:
                yield head, json.loads(row[0])

    def totals(self) -> Totals:
        """What all calls took together; their cost is None unless that of each is known."""
        row = self._one(
            "SELECT count(reply), count(error), coalesce(sum(prompt_tokens), 0),"
            " coalesce(sum(completion_tokens), 0),"
            " coalesce(sum(json_extract(reply, '$.usage.cached_tokens')), 0),"
            " CASE WHEN count(cost_usd) = count(reply) THEN sum(cost_usd) END FROM calls",
            (),
        )
        calls, failed, sent, received, cached, cost = row or (0, 0, 0, 0, 0, None)
        kinds = self._all(
            "SELECT substr(error, 1, instr(error, ':') - 1), count(*) FROM calls"
            " WHERE error IS NOT NULL GROUP BY 1 ORDER BY 1"
        )
        return Totals(
            calls=calls,
            failed_attempts=failed,
            failures=dict(kinds),
            prompt_tokens=sent,
            completion_tokens=received,
            cached_tokens=cached,
            cost_usd=cost,
        )

    def spent(self) -> tuple[float, int, int]:
        """What is known to have been paid in US dollars, and the tokens sent and received without a price."""
        row = self._one(
            "SELECT coalesce(sum(cost_usd), 0.0),"
            " coalesce(sum(CASE WHEN cost_usd IS NULL THEN prompt_tokens END), 0),"
            " coalesce(sum(CASE WHEN cost_usd IS NULL THEN completion_tokens END), 0) FROM calls",
            (),
        )
        paid, sent, received = row or (0.0, 0, 0)
        return paid, sent, received

    def empty(self) -> bool:
        """Whether nothing was ever asked or found out."""
        return (
            self._one("SELECT 1 WHERE EXISTS (SELECT 1 FROM calls) OR EXISTS (SELECT 1 FROM outcomes)", ())
            is None
        )

    def close(self) -> None:
        """Close the database; what was recorded is on disk already."""
        with self._reading:
            self._reader.close()
        self._commits.close()

    def _write(self, statement: str, values: tuple[Any, ...]) -> None:
        with self._errors():
            self._commits.write(statement, values)

    def _one(self, query: str, values: tuple[Any, ...]) -> tuple[Any, ...] | None:
        with self._reading, self._errors():
            row: tuple[Any, ...] | None = self._reader.execute(query, values).fetchone()
        return row

    def _all(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self._reading, self._errors():
            return self._reader.execute(query, values).fetchall()

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
            raise BadStore(
                f"the journal is damaged: {error}", where=self.path, do="Move it away, or choose another -o"
            ) from error


def _json(value: Any) -> str:
    # ASCII escapes keep half surrogates and odd characters exactly as they came.
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
