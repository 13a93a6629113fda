"""``run.db``: every call of a run with its reply or error, and every head's outcome (docs/files.md).

What ``record`` and ``keep`` were given is on disk when they return: a kill loses only calls in flight.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from headscribe.core.chat import Attempt, ChatReply, content_hash
from headscribe.core.descriptions import Description
from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.core.records import Usage
from headscribe.core.reply_lengths import ReplyLengths
from headscribe.store.describe.database import MOVE_AWAY, Database
from headscribe.store.describe.descriptions import DESCRIPTIONS
from headscribe.store.describe.transcripts import transcript_json
from headscribe.store.headers import Totals
from headscribe.store.text import clean

T = TypeVar("T")


@contextmanager
def existing_journal(path: Path) -> Iterator[Journal | None]:
    """The journal of work that has begun, for looking things up; None where there is none yet.

    Raises:
        BadStore: as for ``Journal``.
    """
    if not path.is_file():
        yield None
        return
    with closing(Journal(path)) as journal:
        yield journal


class Journal:
    """The calls and outcomes of a run; implements ``core.chat.CallJournal``. Threads may share it."""

    def __init__(self, path: Path) -> None:
        """Open the journal, making it if missing.

        Raises:
            BadStore: not a journal, damaged, made by a newer version, or the disk is full or read-only.
        """
        self.path = path
        self._database = Database(path)

    def find(self, identity: str) -> ChatReply | None:
        """The newest reply to an identical request, None if there is none."""
        query = "SELECT reply FROM calls WHERE identity = ? AND reply IS NOT NULL ORDER BY id DESC LIMIT 1"
        row = self._database.first(query, (identity,))
        if row is None:
            return None
        return self._decoded(row[0], ChatReply.from_json)

    def errors(self, identity: str) -> list[str]:
        """Why attempts at an identical request have failed, oldest first."""
        query = "SELECT error FROM calls WHERE identity = ? AND error IS NOT NULL ORDER BY id"
        return [row[0] for row in self._database.all(query, (identity,))]

    def record(self, attempt: Attempt) -> None:
        """Keep one attempt; it is on disk when this returns."""
        reply, asked = attempt.reply, attempt.request.as_json()
        usage = reply.usage if reply else Usage()
        self._database.write(
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
        self._database.write(
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
        row = self._database.first(query, (head.layer, head.head, work))
        return self._decoded(row[0], self._description) if row else None

    def statuses(self) -> dict[tuple[Head, str], str]:
        """The status of every outcome, by head and work identity."""
        rows = self._database.all("SELECT layer, head, work, status FROM outcomes")
        return {(Head(layer, head), work): status for layer, head, work, status in rows}

    def descriptions(self, wanted: dict[Head, str], *, place: str = "") -> Iterator[Description]:
        """One description per head, in model order: that of the wanted work, else the head's newest.

        Args:
            wanted: for the heads asked for last, the identity of their work.
            place: outcomes that were seen in another map are passed over.
        """
        for _, record in self._kept("record", wanted, place):
            yield self._description(record)

    def transcripts(
        self, wanted: dict[Head, str], *, place: str = ""
    ) -> Iterator[tuple[Head, dict[str, Any]]]:
        """How the same descriptions came about, for those whose method keeps that (``transcript_json``)."""
        return self._kept("transcript", wanted, place)

    def _kept(
        self, column: str, wanted: dict[Head, str], place: str
    ) -> Iterator[tuple[Head, dict[str, Any]]]:
        """A JSON column of one outcome per head, in model order; heads that have none are passed over."""
        heads = self._database.all(
            "SELECT layer, head, max(id) FROM outcomes WHERE place = ? GROUP BY 1, 2 ORDER BY 1, 2", (place,)
        )
        for layer, number, newest in heads:
            head = Head(layer, number)
            row = self._database.first(
                f"SELECT {column} FROM outcomes"  # noqa: S608 - one of our own columns
                " WHERE layer = ? AND head = ? AND (work = ? OR id = ?)"
                " ORDER BY work = ? DESC LIMIT 1",
                (layer, number, wanted.get(head), newest, wanted.get(head)),
            )
            if row and row[0]:
                yield head, self._decoded(row[0], _object)

    def totals(self) -> Totals:
        """What all calls took together; their cost is None unless that of each is known."""
        row = self._database.first(
            "SELECT count(reply), count(error), coalesce(sum(prompt_tokens), 0),"
            " coalesce(sum(completion_tokens), 0),"
            " coalesce(sum(json_extract(reply, '$.usage.cached_tokens')), 0),"
            " coalesce(sum(json_extract(reply, '$.usage.estimated')), 0),"
            " CASE WHEN count(cost_usd) = count(reply) THEN sum(cost_usd) END FROM calls"
        )
        calls, failed, sent, received, cached, estimated, cost = row or (0, 0, 0, 0, 0, 0, None)
        kinds = self._database.all(
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
            calls_estimated=estimated,
            cost_usd=cost,
        )

    def spent(self) -> tuple[float, int, int]:
        """What is known to have been paid in US dollars, and the tokens sent and received without a price."""
        row = self._database.first(
            "SELECT coalesce(sum(cost_usd), 0.0),"
            " coalesce(sum(CASE WHEN cost_usd IS NULL THEN prompt_tokens END), 0),"
            " coalesce(sum(CASE WHEN cost_usd IS NULL THEN completion_tokens END), 0) FROM calls"
        )
        paid, sent, received = row or (0.0, 0, 0)
        return paid, sent, received

    def reply_lengths(self, llm: str) -> ReplyLengths:
        """How long the replies of an LLM were, by what they were asked for."""
        lengths = ReplyLengths()
        rows = self._database.all(
            "SELECT json_extract(request, '$.schema'), json_type(request, '$.tools') IS NOT NULL, count(*),"
            " sum(completion_tokens), sum(completion_tokens * completion_tokens) FROM calls"
            " WHERE completion_tokens IS NOT NULL AND llm = ? GROUP BY 1, 2",
            (clean(llm),),
        )
        for schema, tools, n, total, squares in rows:
            known = self._decoded(schema, _object) if schema else None
            lengths.include(known, bool(tools), n, float(total), float(squares))
        return lengths

    def empty(self) -> bool:
        """Whether nothing was ever asked or found out."""
        query = "SELECT 1 WHERE EXISTS (SELECT 1 FROM calls) OR EXISTS (SELECT 1 FROM outcomes)"
        return self._database.first(query) is None

    def close(self) -> None:
        """Close the database; what was recorded is on disk already."""
        self._database.close()

    def _description(self, record: dict[str, Any]) -> Description:
        return DESCRIPTIONS.records([record], self.path)[0]

    def _decoded(self, text: str, make: Callable[[dict[str, Any]], T]) -> T:
        try:
            return make(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            what = "the journal holds what no call or outcome looks like"
            raise BadStore(what, where=self.path, do=MOVE_AWAY) from error


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("no JSON object")
    return value


def _json(value: Any) -> str:
    # ASCII escapes keep half surrogates and odd characters exactly as they came.
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
