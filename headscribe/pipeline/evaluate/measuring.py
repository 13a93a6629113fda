"""From a run's tables to judgments, and from judgments to an evaluation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from headscribe.core.descriptions import ANSWERED, Description, Status
from headscribe.core.errors import BadStore
from headscribe.core.evaluation import (
    ConfidenceReliability,
    Judge,
    Judgment,
    Measured,
    Sorting,
    named_heads,
)
from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.core.scored_sentence import without_scores
from headscribe.core.settings import EvaluateSettings
from headscribe.operations import Operation, load_operations, with_builtin
from headscribe.operations.lexicon import definition_from_name
from headscribe.pipeline.evaluate.judging import Verdicts
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.evaluate.evaluation_header import LexiconUsed

if TYPE_CHECKING:
    from headscribe.eval.evaluate.rules_judge import Wording


@dataclass(frozen=True, slots=True)
class Material:
    """What an evaluation starts from.

    Attributes:
        run: the run.
        descriptions: of all its heads.
        scores: of the heads with an answer, by head and operation.
        wordings: of every scored operation.
        definitions: a line on each.
        origins: where each lexicon came from.
        map_hash: content hash of the map.
    """

    run: RunDir
    descriptions: tuple[Description, ...]
    scores: tuple[OperationScore, ...]
    wordings: Mapping[str, Wording]
    definitions: Mapping[str, str]
    origins: tuple[LexiconUsed, ...]
    map_hash: str

    @property
    def counts(self) -> dict[str, int]:
        """Heads by status, all six."""
        found = Counter(row.outcome.status for row in self.descriptions)
        return {status.value: found[status] for status in Status}

    @property
    def judged(self) -> list[Description]:
        """The descriptions without what the scores themselves added to those of the built-in rules."""
        return [_without_scores(row) if row.method == "rules" else row for row in self.descriptions]

    @property
    def described(self) -> dict[Head, str]:
        """What is judged of the heads with the status ``ok``."""
        return {row.head: row.outcome.description for row in self.judged if row.outcome.description}

    @property
    def confidences(self) -> dict[Head, float | None]:
        """Of every head with a description."""
        return {row.head: row.outcome.confidence for row in self.descriptions if row.outcome.description}


def read_material(run: RunDir, operations: Sequence[Path]) -> Material:
    """Read descriptions, scores and lexicons.

    Raises:
        BadStore: the run has no descriptions, its map has no scores, or no head has both.
        BadOperations: a file of operations cannot be used.
    """
    from headscribe.eval.evaluate.rules_judge import wordings_of

    descriptions, found = tuple(run.descriptions()), run.map()
    answered = {row.head for row in descriptions if row.outcome.status in ANSWERED}
    if not answered:
        do = "Go on with headscribe describe; failed heads are asked about again"
        raise BadStore("no head of this run has an answer to evaluate", where=run.path, do=do)
    every = found.scores()
    if not every:
        do = f"Add them: headscribe score {found.header.model.name} -o {found.path}"
        raise BadStore("the run's map has no operation scores to evaluate against", where=found.path, do=do)
    scores = tuple(score for score in every if score.head in answered)
    if not scores:
        do = f"Score all heads: headscribe score {found.header.model.name} -o {found.path}"
        raise BadStore("no described head has operation scores", where=found.path, do=do)
    own = {operation.name: operation for operation in load_operations(operations)} if operations else {}
    known = with_builtin(own.values())
    names = sorted({score.operation for score in scores})
    return Material(
        run,
        descriptions,
        scores,
        wordings_of(known.values(), names),
        {name: _definition(known.get(name), name) for name in names},
        tuple(_origin(name, known, own) for name in names),
        found.content_hash,
    )


def _without_scores(row: Description) -> Description:
    outcome = row.outcome
    if outcome.description is None:
        return row
    return replace(row, outcome=replace(outcome, description=without_scores(outcome.description)))


def _definition(operation: Operation | None, name: str) -> str:
    return (operation.definition if operation else "") or definition_from_name(name)


def _origin(name: str, known: Mapping[str, Operation], own: Mapping[str, Operation]) -> LexiconUsed:
    if name not in known or not known[name].lexicon:
        return LexiconUsed(operation=name, origin="name")
    return LexiconUsed(operation=name, origin="file" if name in own else "built-in")


def sort_descriptions(
    material: Material, expressed: Mapping[Head, Mapping[str, str]], found: Verdicts | None
) -> list[Sorting]:
    """A row per described head and category, with the LLM's verdict where it was asked.

    Args:
        material: the descriptions.
        expressed: by head, the operations that its description expresses.
        found: what the LLM said, None where it was not asked.
    """
    from headscribe.eval.evaluate.categories import RulesSorter, description_categories

    sorter, rows = RulesSorter(), []
    for head, description in sorted(material.described.items()):
        said = sorter.sort(description, expressed[head])
        for category in description_categories():
            name = category.name
            ended = found.ended.get(("categorize", head, name)) if found else None
            rows.append(
                Sorting(
                    head=head,
                    category=name,
                    level=category.level,
                    rules=name in said,
                    phrase=said.get(name),
                    llm=found.verdicts.get(("categorize", head, name)) if found else None,
                    llm_status=ended.value if ended else None,
                )
            )
    return rows


def measure_all(
    judgments: Sequence[Judgment],
    confidences: Mapping[Head, float | None],
    settings: EvaluateSettings,
    *,
    asked: bool,
) -> tuple[list[Measured], tuple[ConfidenceReliability, ...], dict[str, tuple[int, int]]]:
    """Every metric and every reliability, and per judge how many heads are named by what they score on."""
    from headscribe.eval.evaluate.items import items_of
    from headscribe.eval.evaluate.reliability import reliability
    from headscribe.eval.evaluate.resampling import measure

    answered = asked and any(row.llm is not None for row in judgments)
    judges: list[Judge] = ["rules", *(("llm", "rules-on-llm-items") if answered else ())]
    metrics: list[Measured] = []
    for judge in judges:
        items = items_of(judgments, judge)
        metrics += measure(judge, items, settings)
    speaking = [judge for judge in judges if judge != "rules-on-llm-items"]
    draws = {"resamples": settings.resamples, "seed": settings.seed}
    return (
        metrics,
        tuple(reliability(judge, judgments, confidences, **draws) for judge in speaking),
        {judge: _counted(named_heads(judgments, judge)) for judge in speaking},
    )


def _counted(named: Mapping[Head, bool]) -> tuple[int, int]:
    return len(named), sum(named.values())
