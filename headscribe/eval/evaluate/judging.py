"""A run's descriptions judged by the rules: a verdict for every answered head and scored operation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from headscribe.core.descriptions import ANSWERED, Description
from headscribe.core.evaluation import Judgment
from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.eval.evaluate.rules_judge import RulesJudge, Wording


def judge_by_rules(
    descriptions: Iterable[Description],
    scores: Iterable[OperationScore],
    wordings: Mapping[str, Wording],
    threshold: float,
) -> tuple[list[Judgment], dict[Head, dict[str, str]]]:
    """A judgment per answered head and scored operation, and what each description expresses.

    An unclear head expresses nothing; a head without an answer has no judgment.

    Args:
        descriptions: at most one per head.
        scores: of any heads.
        wordings: of every scored operation.
        threshold: score from which a head implements an operation.
    """
    answered = {row.head: row.outcome for row in descriptions if row.outcome.status in ANSWERED}
    judge = RulesJudge(wordings)
    expressed = {
        head: judge.expressed(outcome.description)
        for head, outcome in answered.items()
        if outcome.description
    }
    judgments = []
    for score in scores:
        if score.head not in answered:
            continue
        said = expressed.get(score.head, {})
        judgments.append(
            Judgment(
                head=score.head,
                operation=score.operation,
                category=score.category,
                score=score.effect,
                scored=score.effect >= threshold,
                rules=score.operation in said,
                phrase=said.get(score.operation),
            )
        )
    judgments.sort(key=lambda row: (row.head, row.category, row.operation))
    return judgments, expressed
