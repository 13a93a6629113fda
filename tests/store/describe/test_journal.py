from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from headscribe.core.chat import Attempt, ChatReply
from headscribe.core.descriptions import Status
from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.core.records import Usage
from headscribe.store.describe.journal import Journal
from headscribe.store.describe.transcripts import EXPERIMENTS, ROUNDS, transcript_records
from tests.conftest import REPOSITORY
from tests.store.samples import description, request


def test_a_reply_is_found_by_what_determines_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run.db")
    reply = ChatReply("half \ud83d", "stop", None, Usage(3, 4), "m", 0.25, {"id": "x"})
    journal.record(Attempt(request(), 1, 100.0, 0.2, error="timeout: 1 s"))
    assert journal.find(request().identity()) is None
    journal.record(Attempt(request(), 2, 101.0, 0.3, reply))
    journal.close()
    again = Journal(tmp_path / "run.db")
    assert again.find(request().identity()) == reply
    assert again.find(request("Other.").identity()) is None
    totals = again.totals()
    assert (totals.calls, totals.failed_attempts, totals.prompt_tokens, totals.completion_tokens) == (
        1,
        1,
        3,
        4,
    )


def test_of_several_replies_the_newest_counts(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run.db")
    for text in ("old", "new"):
        journal.record(Attempt(request(), 1, 0.0, 0.0, ChatReply(text)))
    found = journal.find(request().identity())
    assert found is not None
    assert found.text == "new"


def test_outcomes_are_kept_per_head_and_work(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run.db")
    journal.keep("w1", description(0, 1, Status.FAILED), place="m")
    journal.keep("w1", description(0, 1, Status.OK), place="m")
    journal.keep("w2", description(0, 1, Status.UNCLEAR), place="m")
    journal.keep("w9", description(0, 0), place="another map")
    assert journal.statuses()[Head(0, 1), "w1"] == "ok"
    assert journal.outcome(Head(0, 1), "w1") == description(0, 1, Status.OK)

    def shown(wanted: dict[Head, str]) -> list[tuple[Head, Status]]:
        return [(row.head, row.outcome.status) for row in journal.descriptions(wanted, place="m")]

    assert shown({}) == [(Head(0, 1), Status.UNCLEAR)], "the newest, and nothing of another map"
    assert shown({Head(0, 1): "w1"}) == [(Head(0, 1), Status.OK)]


def test_what_was_recorded_survives_a_kill(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from headscribe.store.describe.journal import Journal\n"
        "from headscribe.core.chat import Attempt, ChatReply\n"
        "from tests.store.samples import request\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "journal.record(Attempt(request(), 1, 0.0, 0.0, ChatReply('safe')))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "run.db")], check=False, cwd=REPOSITORY)
    assert done.returncode == -signal.SIGKILL
    found = Journal(tmp_path / "run.db").find(request().identity())
    assert found is not None
    assert found.text == "safe"


def test_every_transaction_is_synced_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def watched(*place: Any, **how: Any) -> sqlite3.Connection:
        opened.append(connect(*place, **how))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", watched)
    Journal(tmp_path / "run.db")
    assert opened[-1].execute("PRAGMA synchronous").fetchone() == (2,)
    assert opened[-1].execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_what_is_no_journal_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "run.db").write_bytes(b"not a database, but long enough to be taken for one " * 50)
    with pytest.raises(BadStore, match="damaged"):
        Journal(tmp_path / "run.db")


def test_a_damaged_page_is_one_line_when_it_is_read(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run.db")
    for number in range(200):
        journal.record(Attempt(request(str(number)), 1, 0.0, 0.0, ChatReply("x" * 500)))
    journal.close()
    data = bytearray((tmp_path / "run.db").read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    (tmp_path / "run.db").write_bytes(data)
    with pytest.raises(BadStore) as error:
        Journal(tmp_path / "run.db").find(request("3").identity())
    assert "\n" not in str(error.value)


def test_a_journal_of_a_newer_version_says_to_upgrade(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "run.db")
    database.execute("PRAGMA user_version=99")
    database.close()
    with pytest.raises(BadStore, match="Upgrade"):
        Journal(tmp_path / "run.db")


@pytest.mark.parametrize(
    ("column", "text"),
    [
        *(("record", text) for text in ("[]", "3", "{", '{"layer": "x"}', '{"status": "odd"}', "[" * 99_999)),
        ("transcript", "[]"),
    ],
)
def test_an_outcome_of_another_shape_is_one_line(tmp_path: Path, column: str, text: str) -> None:
    journal = Journal(tmp_path / "run.db")
    journal.keep("w", description(0, 1), place="m")
    with sqlite3.connect(tmp_path / "run.db") as database:
        database.execute(f"UPDATE outcomes SET {column} = ?", (text,))
    kept = journal.descriptions({}, place="m") if column == "record" else journal.transcripts({}, place="m")
    with pytest.raises(BadStore) as caught:
        list(kept)
    assert "\n" not in str(caught.value)
    assert "run.db" in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"text": 3', '{"text": "", "usage": 4}', '{"odd": 1}'])
def test_a_reply_of_another_shape_is_one_line(tmp_path: Path, text: str) -> None:
    journal = Journal(tmp_path / "run.db")
    journal.record(Attempt(request(), 1, 0.0, 0.0, ChatReply("kept")))
    with sqlite3.connect(tmp_path / "run.db") as database:
        database.execute("UPDATE calls SET reply = ?", (text,))
    with pytest.raises(BadStore, match="no call or outcome"):
        journal.find(request().identity())


@pytest.mark.parametrize("kept", [{"rounds": [3]}, {"rounds": 3}, {"rounds": [{"number": 1}]}])
def test_a_transcript_of_another_shape_is_one_line(tmp_path: Path, kept: dict[str, Any]) -> None:
    with pytest.raises(BadStore, match=r"run\.db"):
        list(transcript_records(ROUNDS, [(Head(0, 1), kept)], tmp_path / "run.db"))


def test_a_transcript_of_the_first_release_names_no_head(tmp_path: Path) -> None:
    said = {"round": 1, "kept": True, "status": "ok", "n_tests": 0}
    (row,) = transcript_records(ROUNDS, [(Head(2, 1), {"rounds": [said]})], tmp_path)
    assert (row.head, row.round.number, row.round.confidence.value) == (Head(2, 1), 1, None)
    assert list(transcript_records(EXPERIMENTS, [(Head(2, 1), {"rounds": [said]})], tmp_path)) == []
