"""From a reader's answers to a confidence with its interval."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from headscribe.agent.verification.items import YES, ReaderItem
from headscribe.core.rounds import Confidence
from headscribe.core.statistics import wilson


@dataclass(frozen=True, slots=True)
class Answer:
    """An item with what the reader said; ``said`` is None where no answer could be read."""

    item: ReaderItem
    said: str | None
    reason: str = ""

    @property
    def right(self) -> bool:
        """Whether the reader was right; an item without an answer is not."""
        return self.said == self.item.right


def measure(answers: Sequence[Answer]) -> Confidence:
    """The accuracy over the answers, rescaled so that chance is 0 and no mistake is 1.

    True rows and false rows count equally much (balanced accuracy), and choices by their number; where all
    items are answered this is the plain share of right answers. Its Wilson interval is rescaled in the same
    way. Items without an answer are left out and their share is told.

    Returns:
        a confidence without a value where no item was asked, or where a class of items brought no answer.
    """
    if not answers:
        return Confidence()
    asked: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        asked[_class(answer.item)].append(answer)
    answered = {key: [one for one in group if one.said is not None] for key, group in asked.items()}
    n = sum(map(len, answered.values()))
    unanswered = 1 - n / len(answers)
    if not all(answered.values()):
        return Confidence(n=n, unanswered=unanswered)
    weights = {key: len(group) / len(answers) for key, group in asked.items()}
    accuracy = sum(weights[key] * _share(group) for key, group in answered.items())
    chance = sum(answer.item.chance for answer in answers) / len(answers)
    low, high = wilson(accuracy * n, n)
    value, low, high = ((share - chance) / (1 - chance) for share in (accuracy, low, high))
    return Confidence(value, low, high, n, unanswered)


def _share(answers: Sequence[Answer]) -> float:
    return sum(answer.right for answer in answers) / len(answers)


def _class(item: ReaderItem) -> str:
    if item.kind == "choice":
        return "choice"
    return "true" if item.right == YES else "false"
