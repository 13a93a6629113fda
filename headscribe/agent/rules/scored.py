"""What a head's operation scores say, put behind what the rules found in its rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from headscribe.agent.rules.known import promoting, suppressing
from headscribe.core.descriptions import Outcome, Status
from headscribe.core.records import OperationScore
from headscribe.core.remarkable import StrongOperation, strong_operations
from headscribe.core.scored_sentence import BY_SCORES
from headscribe.core.settings import RELATION_HEAD
from headscribe.core.statistics import wilson

MOST, LEAST_PART = 3, 0.5
"""Operations that are said, and what each needs of the largest score less shuffled score."""

NO_RULE = "No rule was found in its rows."


def with_scores(outcome: Outcome, scores: Iterable[OperationScore]) -> Outcome:
    """The outcome of the rules, with a sentence on the strongest operations above chance.

    A head whose rows follow no rule stays ``unclear`` and has the sentence in its pattern; with a score of at
    least ``RELATION_HEAD`` it is described by the sentence.

    Args:
        outcome: what the rules found in the head's rows.
        scores: of that head.
    """
    found = strong_operations(scores)
    if not found or outcome.status not in {Status.OK, Status.UNCLEAR}:
        return outcome
    told = [one for one in found[:MOST] if one.effect >= LEAST_PART * found[0].effect]
    others = len(found) - len(told)
    more = [f"{others} more {'is' if others == 1 else 'are'} above chance"] if others else []
    sentence = f"{BY_SCORES} {'; '.join([*map(_said, told), *more])}."
    if outcome.description:
        return replace(outcome, description=f"{outcome.description} {sentence}")
    if found[0].effect < RELATION_HEAD:
        return replace(outcome, pattern=f"Unclear. {sentence}")
    low, high = wilson(0, outcome.n_tests)
    return replace(
        outcome,
        status=Status.OK,
        pattern=NO_RULE,
        description=f"{NO_RULE} {sentence}",
        confidence=0.0 if outcome.n_tests else None,
        confidence_low=low if outcome.n_tests else None,
        confidence_high=high if outcome.n_tests else None,
    )


def _said(one: StrongOperation) -> str:
    """In words, with the pairs that follow it and how many would by chance."""
    sentence = (suppressing if one.suppresses else promoting)(one.operation)
    by_chance = (one.end.shuffled or 0.0) * one.end.n_pairs
    words = sentence[0].lower() + sentence[1:]
    return f"{words} ({one.end.hits} of {one.end.n_pairs} pairs, {by_chance:.0f} by chance)"
