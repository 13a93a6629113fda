"""How descriptions came about, from a run's tables: rounds, test items, experiments."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from headscribe.core.heads import Head
from headscribe.core.rounds import Transcript
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.describe.transcripts import EXPERIMENTS, ROUNDS, TESTS
from headscribe.store.tables.table import Table


def read_transcripts(run: RunDir) -> Iterator[tuple[Head, Transcript]]:
    """The steps to each head's description, a table at a time: a head comes once for each that has rows.

    Nothing comes for methods that keep no transcript. The texts come from LLMs and vocabularies, and are as
    untrusted as these.
    """
    for head, rounds in _by_head(run, ROUNDS):
        yield head, Transcript(rounds)
    for head, items in _by_head(run, TESTS):
        yield head, Transcript((), items)
    for head, experiments in _by_head(run, EXPERIMENTS):
        yield head, Transcript((), (), experiments)


def _by_head(run: RunDir, table: Table[Any]) -> Iterator[tuple[Head, tuple[Any, ...]]]:
    for head, rows in groupby(run.transcript(table), itemgetter(0)):
        yield head, tuple(step for _, step in rows)
