"""How descriptions came about, from a run's tables: rounds, test items, experiments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from itertools import groupby
from typing import Any, TypeVar

from headscribe.core.heads import Head
from headscribe.core.rounds import AskedItem, Confidence, Experiment, Round, Transcript
from headscribe.store.describe.run_dir import RunDir

R = TypeVar("R")


def read_transcripts(run: RunDir) -> Iterator[tuple[Head, Transcript]]:
    """The steps to each head's description, a table at a time: a head comes once for each that has rows.

    Nothing comes for methods that keep no transcript. The texts come from LLMs and vocabularies, and are as
    untrusted as these.
    """
    for head, rounds in _by_head(run, "rounds", _round):
        yield head, Transcript(rounds)
    for head, items in _by_head(run, "tests", _item):
        yield head, Transcript((), items)
    for head, experiments in _by_head(run, "experiments", _experiment):
        yield head, Transcript((), (), experiments)


def _by_head(
    run: RunDir, table: str, record: Callable[[dict[str, Any]], R]
) -> Iterator[tuple[Head, tuple[R, ...]]]:
    for head, rows in groupby(run.transcript(table), lambda row: Head(row["layer"], row["head"])):
        yield head, tuple(map(record, rows))


def _round(row: dict[str, Any]) -> Round:
    names = ("status", "inputs", "pattern", "description", "error", "kept")
    confidence = Confidence(
        row["confidence"],
        row["confidence_low"],
        row["confidence_high"],
        row["n_tests"],
        row["unanswered"],
    )
    return Round(row["round"], **{name: row[name] for name in names}, confidence=confidence)


def _item(row: dict[str, Any]) -> AskedItem:
    values = {field.name: row[field.name] for field in fields(AskedItem)}
    return AskedItem(**values | {"choices": tuple(map(tuple, row["choices"]))})


def _experiment(row: dict[str, Any]) -> Experiment:
    return Experiment(row["request"], row["tool"], row["arguments"], row["answer"])
