"""What ``evaluate`` adds to a run: three tables, and ``evaluation.json``, which says how they came about.

The tables are written first, each atomically, and ``evaluation.json`` last, with a hash of every table. After
a kill in between, the hashes do not fit, and readers say so instead of mixing two evaluations.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field

from headscribe.core.chat import content_hash
from headscribe.core.errors import BadStore
from headscribe.core.evaluation import Categories, ConfidenceReliability, Judgment, Measured, Sorting
from headscribe.core.records import Description
from headscribe.core.settings import EvaluateSettings
from headscribe.store.atomic import replacing
from headscribe.store.headers import Command, Header, HeaderPart, Totals, read_header, write_header
from headscribe.store.tables.table import Table

R = TypeVar("R")

HEADER = "evaluation.json"
AGAIN = "Run headscribe evaluate on the run again"

JUDGMENTS = Table("judgments", Judgment, "One row per head with an answer and scored operation", AGAIN)
CATEGORIES = Table("categories", Sorting, "One row per described head and category of descriptions", AGAIN)
METRICS = Table(
    "evaluation", Measured, "One row per judge, operation (or category, or all together) and metric", AGAIN
)
TABLES: tuple[Table[Any], ...] = (JUDGMENTS, CATEGORIES, METRICS)


class LexiconUsed(HeaderPart):
    """Where the words of one operation came from: ``built-in``, ``file`` or its ``name`` alone."""

    operation: str
    origin: Literal["built-in", "file", "name"]


class LLMJudge(HeaderPart):
    """The LLM that judged.

    Attributes:
        llm: its name.
        judge: template that asks what a description expresses; ``judge_hash`` its hash.
        categorize: template that sorts descriptions; ``categorize_hash`` its hash.
        statuses: questions by how they ended.
        items: pairs of a head and an operation that it was to judge: as many with a score of at least the
            threshold as below it.
        unanswered: of these, without a verdict.
        totals: all calls of the run so far, describing included.
    """

    llm: str
    judge: str
    judge_hash: str
    categorize: str
    categorize_hash: str
    statuses: dict[str, int] = Field(default_factory=dict)
    items: int = 0
    unanswered: int = 0
    totals: Totals = Totals()


class EvaluationHeader(Header):
    """``evaluation.json``.

    Attributes:
        descriptions: hash of the descriptions that were judged; another one means that they have changed.
        map: content hash of the map that the scores come from.
        settings: threshold, draws and templates.
        heads: heads by status, all six; only ``ok`` and ``unclear`` are evaluated.
        named: heads that score on an operation, and how many of these have a description that expresses one
            such operation, per judge.
        tables: SHA-256 of each table's file.
    """

    kind: Literal["evaluation"] = "evaluation"
    command: Command = ""
    evaluated_at: str
    seconds: float = 0.0
    descriptions: str
    map: str
    settings: EvaluateSettings
    heads: dict[str, int]
    lexicons: tuple[LexiconUsed, ...]
    llm: LLMJudge | None = None
    named: dict[str, tuple[int, int]] = Field(default_factory=dict)
    reliability: tuple[ConfidenceReliability, ...] = ()
    categories: Categories
    notes: tuple[str, ...] = ()
    tables: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation of a run, as it was written."""

    header: EvaluationHeader
    judgments: Sequence[Judgment]
    sortings: Sequence[Sorting]
    metrics: Sequence[Measured]


def has_evaluation(run: Path) -> bool:
    """Whether the run was evaluated."""
    return (run / HEADER).is_file()


def write_evaluation(run: Path, found: Evaluation) -> Evaluation:
    """Write the tables and then the header; gives the evaluation with their hashes.

    Raises:
        BadStore: the folder cannot be written.
    """
    hashes = {}
    for table, records in zip(TABLES, (found.judgments, found.sortings, found.metrics), strict=True):
        with replacing(table.path(run)) as temporary:
            table.write(temporary, records)
            hashes[table.name] = _hash(temporary)
    header = found.header.model_copy(update={"tables": hashes})
    write_header(run / HEADER, header)
    return Evaluation(header, found.judgments, found.sortings, found.metrics)


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


def read_evaluation_header(run: Path) -> EvaluationHeader:
    """``evaluation.json`` alone.

    Raises:
        BadStore: there is none, it is damaged, or written by a newer version.
    """
    if header := read_header(run / HEADER, EvaluationHeader, AGAIN):
        return header
    do = f"Evaluate it: headscribe evaluate {run}"
    raise BadStore("this run was not evaluated yet", where=run, do=do)


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
