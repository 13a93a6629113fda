"""Invented subjects that show what a template looks like when it is filled in."""

from __future__ import annotations

from headscribe.core.evidence import Evidence
from headscribe.core.parts import ConstantPart, PartsMapping, Ranking
from headscribe.core.records import Mapping, Token
from headscribe.prompts.checklists import Checklist, Option
from headscribe.prompts.contexts import ContextEvidence, ContextPrompt, ContextQuestion
from headscribe.prompts.parts import PARTS_VARIABLES
from headscribe.prompts.subjects import DescribedRows, Feedback, Question, Subject, WrongAnswer, subject_of


def _tokens(texts: str) -> tuple[Token, ...]:
    return tuple(Token(100 + place, f" {text}") for place, text in enumerate(texts.split()))


def _rows(*rows: tuple[str, str, str]) -> tuple[Mapping, ...]:
    return tuple(
        Mapping(
            rank,
            Token(rank, f" {source}"),
            2.0 - rank / 10,
            _tokens(targets),
            tuple(1.0 for _ in targets.split()),
            _tokens(lowered),
            tuple(-1.0 for _ in lowered.split()),
        )
        for rank, (source, targets, lowered) in enumerate(rows)
    )


_CAPITALS = _rows(
    ("France", "Paris Lyon French", "France Spain"),
    ("Japan", "Tokyo Japanese Osaka", "Japan Korea"),
    ("Egypt", "Cairo Nile Egyptian", "Egypt Sudan"),
)
_NUMBERS = _rows(("three", "four five third", "three two"), ("six", "seven eight sixth", "six five"))
_COPIES = _rows(("green", "green greens Green", "red blue"), ("table", "table tables Table", "chair desk"))
_LISTS = tuple(map(_tokens, ("Paris Lyon", "four five", "green greens", "Cairo Nile", "Tokyo Osaka")))
_SOURCES = _tokens("France three green Egypt Japan")

_CONSTANT = ConstantPart(
    share=0.1,
    promoted=_tokens("ilder mov"),
    strengths=(4.1, 3.9),
    suppressed=_tokens("obl gri"),
    suppressed_strengths=(-4.4, -4.0),
    agreement=0.8,
    flat_targets=0,
    exact=True,
)


def _taken_apart(rows: tuple[Mapping, ...], ranking: Ranking) -> tuple[PartsMapping, ...]:
    return tuple(
        PartsMapping(
            row.rank,
            row.source,
            row.saliency,
            row.targets,
            row.logits,
            row.suppressed,
            row.suppressed_logits,
            ranking=ranking,
            strength=8.0 - row.rank,
            row_class=0 if ranking == "sharpest" else -1,
        )
        for row in rows
    )


def _parts(sharpest: tuple[Mapping, ...], salient: tuple[Mapping, ...]) -> Evidence:
    rows = (*_taken_apart(sharpest, "sharpest"), *_taken_apart(salient, "salient"))
    return Evidence(rows, constant=_CONSTANT)


_CITIES = (ContextPrompt("The capital of", " France"), ContextPrompt("The largest city of", " France"))
_TOWERS = (ContextPrompt("She climbed the Eiffel", " Tower"), ContextPrompt("We took a train", " to"))

_OPTIONS = (
    Option("number_to_next", "maps a number to the next one"),
    Option("country_to_capital", "maps a country to its capital"),
)

EXAMPLES: dict[type[Subject], tuple[Subject, Subject]] = {
    Evidence: (Evidence(_CAPITALS, (_NUMBERS, _COPIES)), Evidence(_NUMBERS, (_COPIES, _CAPITALS))),
    Question: (
        Question("Maps a country to its capital.", Token(0, " France"), _LISTS, _SOURCES),
        Question("Maps a number word to the next one.", Token(1, " six"), _LISTS[::-1], _SOURCES[::-1]),
    ),
    Feedback: (
        Feedback(10, missed=(WrongAnswer(Token(0, " Egypt"), _tokens("Cairo Nile"), reason="not a city"),)),
        Feedback(
            12, mistaken=(WrongAnswer(Token(1, " six"), _tokens("seven eight"), reason="a number follows"),)
        ),
    ),
    DescribedRows: (
        DescribedRows("Maps a country to its capital.", _CAPITALS),
        DescribedRows("Maps a number word to the next one.", _NUMBERS),
    ),
    ContextEvidence: (
        ContextEvidence(Token(0, " Paris"), _CITIES, _TOWERS),
        ContextEvidence(Token(1, " London"), _TOWERS, _CITIES),
    ),
    ContextQuestion: (
        ContextQuestion("The head is active when a country has been named.", _CITIES[0]),
        ContextQuestion("A building is named.", _TOWERS[0]),
    ),
    Checklist: (
        Checklist("Maps a country to its capital.", _OPTIONS),
        Checklist("Maps a number word to the next one.", _OPTIONS[::-1]),
    ),
}
"""Two of each kind, so that what is the same for every head can be told from what is not."""


def example_for(variables: set[str]) -> tuple[Subject, Subject]:
    """Two invented subjects of a template with these variables; evidence where they fit nothing."""
    if not PARTS_VARIABLES.keys().isdisjoint(variables):
        return _parts(_CAPITALS, _COPIES), _parts(_NUMBERS, _CAPITALS)
    return EXAMPLES[subject_of(variables) or Evidence]
