"""What ``evaluate`` adds to a run: three tables, and ``evaluation.json``, which says how they came about.

The tables are written first, each atomically, and ``evaluation.json`` last, with a hash of every table. After
a kill in between, the hashes do not fit, and readers say so instead of mixing two evaluations.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from headscribe.core.chat import content_hash
from headscribe.core.descriptions import Description
from headscribe.core.errors import BadStore
from headscribe.core.evaluation import Judgment, Measured, Sorting
from headscribe.store.atomic import replacing
from headscribe.store.evaluate.evaluation_header import (
    AGAIN,
    HEADER,
    EvaluationHeader,
    read_evaluation_header,
)
from headscribe.store.headers import write_header
from headscribe.store.tables.table import Table

R = TypeVar("R")

JUDGMENTS = Table("judgments", Judgment, "One row per head with an answer and scored operation", AGAIN)
CATEGORIES = Table("categories", Sorting, "One row per described head and category of descriptions", AGAIN)
METRICS = Table(
    "evaluation", Measured, "One row per judge, operation (or category, or all together) and metric", AGAIN
)
TABLES: tuple[Table[Any], ...] = (JUDGMENTS, CATEGORIES, METRICS)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation of a run, as it was written."""

    header: EvaluationHeader
    judgments: Sequence[Judgment]
    sortings: Sequence[Sorting]
    metrics: Sequence[Measured]


def write_evaluation(run: Path, evaluation: Evaluation) -> Evaluation:
    """Write the tables and then the header; gives the evaluation with their hashes.

    Raises:
        BadStore: the folder cannot be written.
    """
    hashes = {}
    for table, records in zip(
        TABLES, (evaluation.judgments, evaluation.sortings, evaluation.metrics), strict=True
    ):
        with replacing(table.path(run)) as temporary:
            table.write(temporary, records)
            hashes[table.name] = _hash(temporary)
    header = evaluation.header.model_copy(update={"tables": hashes})
    write_header(run / HEADER, header)
    return replace(evaluation, header=header)


def read_evaluation(run: Path) -> Evaluation:
    """The evaluation that lies in a run.

    Raises:
        BadStore: there is none, it is damaged, cut short by a kill, or written by a newer version.
    """
    header = read_evaluation_header(run)
    return Evaluation(
        header,
        list(_read(run, header, JUDGMENTS)),
        list(_read(run, header, CATEGORIES)),
        list(_read(run, header, METRICS)),
    )


def read_judgments(run: Path) -> list[Judgment]:
    """Every verdict of the run's evaluation; ``core.evaluation.head_agreement`` sums them up per head.

    Raises:
        BadStore: as ``read_evaluation``.
    """
    return list(_read(run, read_evaluation_header(run), JUDGMENTS))


def _read(run: Path, header: EvaluationHeader, table: Table[R]) -> Iterator[R]:
    path = table.path(run)
    if path.is_file() and _hash(path) != header.tables.get(table.name):
        what = "a table does not belong to the evaluation beside it: it is damaged, or writing was cut short"
        raise BadStore(what, where=path, do=AGAIN)
    return table.read(path)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def descriptions_hash(descriptions: Sequence[Description]) -> str:
    """Hash of what an evaluation judges: another one means that the descriptions have changed since."""
    said = [[*row.head, row.outcome.status.value, row.outcome.description] for row in descriptions]
    return content_hash(said)
