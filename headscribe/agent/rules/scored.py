"""What a head's operation scores say, put behind what the rules found in its rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from headscribe.agent.rules.known import promoting, suppressing
from headscribe.core.end_scores import EndScore
from headscribe.core.records import OperationScore, Outcome, Status
from headscribe.core.scored_sentence import BY_SCORES
from headscribe.core.statistics import wilson

MOST, LEAST_PART = 3, 0.5
"""Operations that are said, and what each needs of the largest score less shuffled score."""

DESCRIBED = 0.15
"""Score less shuffled score from which a head is described by it alone; the paper's threshold."""

NO_RULE = "No rule was found in its rows."


@dataclass(frozen=True, slots=True)
class ScoredOperation:
    """An operation that a head does beyond chance.

    Attributes:
        sentence: what it does, as the rules put it.
        end: the score: of what is promoted, or of what is suppressed.
    """

    sentence: str
    end: EndScore

    @property
    def effect(self) -> float:
        """Score less shuffled score."""
        return self.end.beyond_shuffled or 0.0

    def said(self) -> str:
        """In words, with the pairs that follow it and how many would by chance."""
        by_chance = (self.end.shuffled or 0.0) * self.end.n_pairs
        words = self.sentence[0].lower() + self.sentence[1:]
        return f"{words} ({self.end.hits} of {self.end.n_pairs} pairs, {by_chance:.0f} by chance)"


def scored_operations(scores: Iterable[OperationScore]) -> list[ScoredOperation]:
    """The operations above chance, by score less shuffled score; those that tie by their words.

    Args:
        scores: of one head.
    """
    found = []
    for score in scores:
        if score.above_chance:
            found.append(ScoredOperation(promoting(score.operation), score.promotion))
        if score.suppression_above_chance:
            found.append(ScoredOperation(suppressing(score.operation), score.suppression))
    return sorted(found, key=lambda one: (-one.effect, one.sentence))


def with_scores(outcome: Outcome, scores: Iterable[OperationScore]) -> Outcome:
    """The outcome of the rules, with a sentence on the strongest operations above chance.

    A head whose rows follow no rule stays ``unclear`` and has the sentence in its pattern; with a score of at
    least ``DESCRIBED`` it is described by the sentence.

    Args:
        outcome: what the rules found in the head's rows.
        scores: of that head.
    """
    found = scored_operations(scores)
    if not found or outcome.status not in {Status.OK, Status.UNCLEAR}:
        return outcome
    told = [one for one in found[:MOST] if one.effect >= LEAST_PART * found[0].effect]
    sentence = f"{BY_SCORES} {'; '.join(one.said() for one in told)}."
    if outcome.description:
        return replace(outcome, description=f"{outcome.description} {sentence}")
    if found[0].effect < DESCRIBED:
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
