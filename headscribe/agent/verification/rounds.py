"""The rounds of a verified description: which one is kept, what is said about them, what is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from headscribe.agent.verification.items import ONE_ROW, ReaderItem
from headscribe.agent.verification.lift import Answer, Pair, measure
from headscribe.core.descriptions import Outcome, Status
from headscribe.core.rounds import AskedItem, Confidence, Part, Round, Transcript
from headscribe.prompts.subjects import Feedback, WrongAnswer


@dataclass(frozen=True, slots=True)
class Try:
    """What the describer said, what the reader answered, and what that is worth.

    ``candidate`` counts the first answers from 1 and is None for a refinement; ``predictions`` are those of
    the critic that the head's map could answer, ``refuted`` those that it did not bear out.
    """

    outcome: Outcome
    answers: tuple[Pair, ...]
    confidence: Confidence
    candidate: int | None = None
    predictions: int = 0
    refuted: tuple[WrongAnswer, ...] = ()

    @property
    def borne_out(self) -> float:
        """Share of the critic's predictions that the head bears out; 0 without any."""
        return 1 - len(self.refuted) / self.predictions if self.predictions else 0.0


def same_answer(outcome: Outcome, tries: Sequence[Try]) -> Try | None:
    """The earlier round with this description, which would be judged the same way again."""
    said = outcome.description
    return next((one for one in tries if said is not None and one.outcome.description == said), None)


def best_candidate(tries: Sequence[Try]) -> int:
    """The place of the first answer to go on with: of the descriptions the one with most right answers.

    Without a description it is the first that is an answer at all; the earlier among equals.
    """

    def worth(one: Try) -> tuple[int, float]:
        ranks = {Status.OK: 2, Status.UNCLEAR: 1}
        return ranks.get(one.outcome.status, 0), one.confidence.tested.accuracy or 0.0

    return max(range(len(tries)), key=lambda place: (worth(tries[place]), -place))


def best_round(tries: Sequence[Try]) -> int:
    """The place of the round to keep: the one with most right answers, the first among equals.

    Rounds answer the same items, and the null reader's answers are the same for all, so that is the one with
    the highest lift. Where the describer took its description back and answered "Unclear", a description is
    kept only if the interval of its lift lies above 0. Between equals the critic decides: the share of its
    predictions that the head bears out.
    """
    retracted = next((place for place, one in enumerate(tries) if one.outcome.status is Status.UNCLEAR), None)

    def worth(place: int) -> tuple[float, float]:
        one = tries[place]
        if one.outcome.status is not Status.OK:
            return (-1.0, 0.0) if place == retracted else (-2.0, 0.0)
        if retracted is not None and (one.confidence.low or 0.0) <= 0:
            return -1.5, 0.0
        return one.confidence.tested.accuracy or 0.0, one.borne_out

    return max(range(len(tries)), key=lambda place: (worth(place), -place))


def with_confidence(outcome: Outcome, pairs: Sequence[Pair]) -> Outcome:
    """The outcome with what the answers to the test items found."""
    found = measure(pairs)
    return replace(
        outcome,
        confidence=found.value,
        confidence_low=found.low,
        confidence_high=found.high,
        n_tests=found.n,
        unanswered=found.unanswered,
        tested=found.tested,
    )


def feedback_of(
    wrong: Sequence[Answer], asked: int, *, refuted: Sequence[WrongAnswer] = (), predicted: int = 0
) -> Feedback:
    """What the describer is told of the answers that were wrong, and of predictions that were.

    Args:
        wrong: of a reader.
        asked: how many the reader gave.
        refuted: predictions of a critic that the head does not bear out.
        predicted: how many were tried.
    """
    missed: list[WrongAnswer] = []
    mistaken: list[WrongAnswer] = []
    confused: list[WrongAnswer] = []
    for answer in wrong:
        item = answer.item
        if item.kind in ONE_ROW:
            group = missed if item.kind == "true" else mistaken
            group.append(WrongAnswer(item.source, item.choices[0], reason=answer.reason))
            continue
        right, chosen = (item.answers.index(str(key)) for key in (item.right, answer.said))
        if item.sources:
            missed.append(WrongAnswer(item.source, item.choices[right], reason=answer.reason))
            mistaken.append(WrongAnswer(item.sources[chosen], item.choices[chosen], reason=answer.reason))
        else:
            lists = (item.choices[right], item.choices[chosen])
            confused.append(WrongAnswer(item.source, *lists, reason=answer.reason))
    return Feedback(asked + predicted, tuple(missed), tuple(mistaken), (*confused, *refuted))


def transcript_of(
    tries: Sequence[Try], kept: int, tested: Sequence[Pair], intruders: Sequence[Answer] = ()
) -> Transcript:
    """What is kept of a head: rounds, their validation items, the test items of the kept one, intruders."""
    rounds, items = [], []
    for number, one in enumerate(tries, start=1):
        outcome = one.outcome
        rounds.append(
            Round(
                number,
                outcome.status.value,
                outcome.inputs,
                outcome.pattern,
                outcome.description,
                outcome.error,
                kept=number == kept + 1,
                confidence=one.confidence,
                candidate=one.candidate,
                predictions=one.predictions,
                refuted=len(one.refuted),
            )
        )
        items += [_asked(pair.told, pair.null, number, "validation") for pair in one.answers]
    items += [_asked(pair.told, pair.null, kept + 1, "test") for pair in tested]
    items += [_asked(answer, None, 0, "test") for answer in intruders]
    return Transcript(tuple(rounds), tuple(items))


def _asked(answer: Answer, null: Answer | None, number: int, part: Part) -> AskedItem:
    item: ReaderItem = answer.item
    return AskedItem(
        number,
        part,
        item.kind,
        item.source.id,
        item.source.text,
        tuple(tuple(token.text for token in targets) for targets in item.choices),
        item.right,
        answer.said,
        answer.reason or None,
        null.said if null else None,
        tuple(token.text for token in item.sources),
        answer.right_chance,
        null.right_chance if null else None,
    )
