"""Which operations a head does beyond chance, and which heads are the most remarkable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from headscribe.core.descriptions import Description
from headscribe.core.end_scores import EndScore
from headscribe.core.heads import Head
from headscribe.core.records import OperationScore


@dataclass(frozen=True, slots=True)
class StrongOperation:
    """An operation that a head does beyond chance.

    Attributes:
        operation: its name.
        suppresses: whether the head suppresses the targets; otherwise it promotes them.
        end: the score at that end.
    """

    operation: str
    suppresses: bool
    end: EndScore

    @property
    def effect(self) -> float:
        """Score less shuffled score."""
        return self.end.beyond_shuffled or 0.0


@dataclass(frozen=True, slots=True)
class RemarkableHead:
    """A head's description, and the operation that it does most; None where it does none beyond chance."""

    description: Description
    operation: StrongOperation | None


def strong_operations(scores: Iterable[OperationScore]) -> list[StrongOperation]:
    """The operations above chance, promoted or suppressed, by score less shuffled score and then by name.

    Args:
        scores: of one head.
    """
    found = []
    for score in scores:
        if score.above_chance:
            found.append(StrongOperation(score.operation, suppresses=False, end=score.promotion))
        if score.suppression_above_chance:
            found.append(StrongOperation(score.operation, suppresses=True, end=score.suppression))
    return sorted(found, key=lambda one: (-one.effect, one.operation))


def remarkable_heads(
    descriptions: Iterable[Description], scores: Iterable[OperationScore]
) -> list[RemarkableHead]:
    """All described heads: by score less shuffled score of what they do most, then by confidence.

    Args:
        descriptions: at most one per head.
        scores: of any heads.
    """
    of_head: dict[Head, list[OperationScore]] = defaultdict(list)
    for score in scores:
        of_head[score.head].append(score)
    strongest = ((row, next(iter(strong_operations(of_head[row.head])), None)) for row in descriptions)
    return sorted((RemarkableHead(row, operation) for row, operation in strongest), key=_order)


def _order(one: RemarkableHead) -> tuple[float, bool, float, Head]:
    outcome = one.description.outcome
    effect = one.operation.effect if one.operation else 0.0
    return -effect, outcome.description is None, -(outcome.confidence or 0.0), one.description.head
