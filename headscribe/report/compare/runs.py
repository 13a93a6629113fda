"""What the report shows of a second run of the same model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from headscribe.core.descriptions import Description
from headscribe.core.heads import Head
from headscribe.report.overview import head_data
from headscribe.report.words import line, short


@dataclass(frozen=True, slots=True)
class ScoreDifference:
    """An operation score that differs between two maps; ``suppression`` where it is the suppression score."""

    head: Head
    operation: str
    suppression: bool
    this: float
    other: float


@dataclass(frozen=True, slots=True)
class RunComparison:
    """The other run, and what the two runs do not share.

    Attributes:
        label: what the other run is called on the page.
        settings: (name, this run's value, the other's) of what differs between the runs.
        descriptions: the other run's.
        same_map: whether both describe the same map; there is nothing to say of scores then.
        scores: the differences between the maps, largest first.
        n_scores: how many scores both maps have.
        n_differing: how many of these differ, listed or not.
    """

    label: str
    settings: Sequence[tuple[str, str, str]]
    descriptions: Sequence[Description]
    same_map: bool = True
    scores: Sequence[ScoreDifference] = ()
    n_scores: int = 0
    n_differing: int = 0


def comparison_data(found: RunComparison) -> dict[str, Any]:
    """The comparison as JSON values, for ``assets/changes.js``."""
    return {
        "label": line(found.label),
        "settings": [[line(text) for text in row] for row in found.settings],
        "heads": {row.head.name: head_data(row) for row in found.descriptions},
        "sameMap": found.same_map,
        "scores": [
            [row.head.name, line(row.operation), row.suppression, short(row.this), short(row.other)]
            for row in found.scores
        ],
        "nScores": found.n_scores,
        "nDiffering": found.n_differing,
    }
