"""What a template can be about: a head's evidence, a question to a reader, wrong answers, a description."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from headscribe.core.evidence import Evidence
from headscribe.core.records import Mapping, Token
from headscribe.prompts.checklists import CHECKLIST, Checklist
from headscribe.prompts.contexts import EVIDENCE, QUESTION, ContextEvidence, ContextQuestion
from headscribe.prompts.variables import LONGEST_TOKEN, VARIABLES, row_of


@dataclass(frozen=True, slots=True)
class Question:
    """One item for a reader who knows a description and nothing else of the head.

    Attributes:
        description: the description under test.
        source: the item's source token.
        choices: one target list to judge, or several to choose from.
        sources: of rows to choose from, the source of each list.
    """

    description: str
    source: Token
    choices: tuple[tuple[Token, ...], ...]
    sources: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class WrongAnswer:
    """An item that the reader got wrong: the source, the target lists concerned and the reader's words."""

    source: Token
    targets: tuple[Token, ...]
    chosen: tuple[Token, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a reader of a description got wrong, for the describer who wrote it.

    Attributes:
        asked: how many items the reader answered.
        missed: rows of the head that the reader did not recognise.
        mistaken: rows that are not the head's, which the reader took for its own.
        confused: sources for which the reader chose another target list (``chosen``) than the head's.
    """

    asked: int
    missed: tuple[WrongAnswer, ...] = ()
    mistaken: tuple[WrongAnswer, ...] = ()
    confused: tuple[WrongAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class DescribedRows:
    """A description and the rows that it was made from, for a critic.

    Attributes:
        description: the description under test.
        mappings: rows of the head.
    """

    description: str
    mappings: tuple[Mapping, ...]


Subject = Evidence | Question | Feedback | DescribedRows | ContextEvidence | ContextQuestion | Checklist


def _text(token: Token) -> str:
    return token.text if len(token.text) <= LONGEST_TOKEN else token.text[:LONGEST_TOKEN] + "…"


def _texts(tokens: tuple[Token, ...]) -> list[str]:
    return [_text(token) for token in tokens]


def _wrong(answers: tuple[WrongAnswer, ...]) -> list[dict[str, Any]]:
    return [
        {
            "source": _text(one.source),
            "targets": _texts(one.targets),
            "chosen": _texts(one.chosen),
            "reason": one.reason,
        }
        for one in answers
    ]


_QUESTION: dict[str, Callable[[Question], Any]] = {
    "description": lambda question: question.description,
    "source": lambda question: _text(question.source),
    "targets": lambda question: _texts(question.choices[0]),
    "choices": lambda question: [_texts(targets) for targets in question.choices],
    "rows": lambda question: [
        {"source": _text(source), "targets": _texts(targets)}
        for source, targets in zip(question.sources, question.choices, strict=True)
    ],
}
_FEEDBACK: dict[str, Callable[[Feedback], Any]] = {
    "asked": lambda feedback: feedback.asked,
    "wrong": lambda feedback: sum(map(len, (feedback.missed, feedback.mistaken, feedback.confused))),
    "missed": lambda feedback: _wrong(feedback.missed),
    "mistaken": lambda feedback: _wrong(feedback.mistaken),
    "confused": lambda feedback: _wrong(feedback.confused),
}
_DESCRIBED_ROWS: dict[str, Callable[[DescribedRows], Any]] = {
    "description": lambda described: described.description,
    "mappings": lambda described: [row_of(row) for row in described.mappings],
}
SUBJECTS: dict[type[Subject], dict[str, Callable[[Any], Any]]] = {
    Evidence: VARIABLES,
    Question: _QUESTION,
    Feedback: _FEEDBACK,
    DescribedRows: _DESCRIBED_ROWS,
    ContextEvidence: EVIDENCE,
    ContextQuestion: QUESTION,
    Checklist: CHECKLIST,
}
"""The variables that a template may name, by what it is about; each is made from that record alone."""


def subject_of(variables: set[str]) -> type[Subject] | None:
    """What a template with these variables is about, None if they do not go together."""
    return next((subject for subject, known in SUBJECTS.items() if variables <= set(known)), None)
