"""``evaluation.json``: how an evaluation came about."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from headscribe.core.errors import BadStore
from headscribe.core.evaluation import Categories, ConfidenceReliability
from headscribe.core.settings import EvaluateSettings
from headscribe.store.headers import Command, Header, HeaderPart, Totals, read_header

HEADER = "evaluation.json"
AGAIN = "Run headscribe evaluate on the run again"


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


def has_evaluation(run: Path) -> bool:
    """Whether the run was evaluated."""
    return (run / HEADER).is_file()


def read_evaluation_header(run: Path) -> EvaluationHeader:
    """``evaluation.json`` alone.

    Raises:
        BadStore: there is none, it is damaged, or written by a newer version.
    """
    if header := read_header(run / HEADER, EvaluationHeader, AGAIN):
        return header
    do = f"Evaluate it: headscribe evaluate {run}"
    raise BadStore("this run was not evaluated yet", where=run, do=do)
