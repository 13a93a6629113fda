"""``rounds.parquet``, ``tests.parquet``, ``experiments.parquet``: how descriptions came about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.core.rounds import AskedItem, Experiment, Round, Transcript
from headscribe.store.describe.descriptions import DESCRIBE_AGAIN
from headscribe.store.tables.table import Table


class HeadRound(NamedTuple):
    """A round of a head."""

    head: Head
    round: Round


class HeadItem(NamedTuple):
    """An item that a reader of a head's description was asked."""

    head: Head
    item: AskedItem


class HeadExperiment(NamedTuple):
    """A tool call on a head."""

    head: Head
    experiment: Experiment


ROUNDS = Table("rounds", HeadRound, "One row per head and answer of the describer", DESCRIBE_AGAIN)
TESTS = Table(
    "tests", HeadItem, "One row per head and item that a reader of a description was asked", DESCRIBE_AGAIN
)
EXPERIMENTS = Table(
    "experiments", HeadExperiment, "One row per head and tool call of the method `agent`", DESCRIBE_AGAIN
)
TRANSCRIPTS: tuple[Table[Any], ...] = (ROUNDS, TESTS, EXPERIMENTS)
"""Only runs whose method keeps rounds, items or experiments have the table."""


def transcript_json(head: Head, transcript: Transcript) -> dict[str, Any]:
    """A head's transcript as plain JSON data, for the journal: the rows of each table."""
    return {
        ROUNDS.name: ROUNDS.rows(HeadRound(head, one) for one in transcript.rounds),
        TESTS.name: TESTS.rows(HeadItem(head, one) for one in transcript.items),
        EXPERIMENTS.name: EXPERIMENTS.rows(HeadExperiment(head, one) for one in transcript.experiments),
    }


def transcript_records(
    table: Table[Any], kept: Iterable[tuple[Head, dict[str, Any]]], journal: Path
) -> Iterator[Any]:
    """The records of one table, from what the journal keeps of each head.

    Raises:
        BadStore: the journal keeps something else.
    """
    for head, tables in kept:
        try:
            # Rows that an older version kept do not say whose they are.
            rows = [head._asdict() | row for row in tables.get(table.name, ())]
        except TypeError as error:
            raise BadStore("the journal holds no transcript", where=journal, do=DESCRIBE_AGAIN) from error
        yield from table.records(rows, journal)
