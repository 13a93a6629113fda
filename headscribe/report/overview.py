"""What the page holds ready of every head: description, confidence, scores; and of the run as a whole."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from headscribe.core.descriptions import Description, Outcome, Status
from headscribe.core.end_scores import ScoreKind
from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.core.sections import Additions
from headscribe.report.words import line, short


@dataclass(frozen=True, slots=True)
class Origin:
    """What a citation of a description names beside the head.

    Attributes:
        model: hub id or folder.
        revision: commit on the hub, None for a folder.
        weights: hash of the weights.
        headscribe: version of the program that described.
        date: when the run began, ISO 8601.
    """

    model: str
    revision: str | None = None
    weights: str = ""
    headscribe: str = ""
    date: str = ""

    def as_json(self) -> dict[str, str | None]:
        """Its fields, each as plain text on one line."""
        return {name: line(value) for name, value in asdict(self).items()}


def counts(descriptions: Iterable[Description]) -> list[tuple[str, int]]:
    """How many heads ended in each of the six statuses."""
    found = Counter(row.outcome.status for row in descriptions)
    return [(status.value, found[status]) for status in Status]


def head_data(row: Description) -> dict[str, Any]:
    """One described head; what is not known is left out."""
    outcome = row.outcome
    values = {
        "layer": row.head.layer,
        "head": row.head.head,
        "status": outcome.status.value,
        "inputs": line(outcome.inputs),
        "pattern": line(outcome.pattern),
        "description": line(outcome.description),
        "confidence": short(outcome.confidence),
        "low": short(outcome.confidence_low),
        "high": short(outcome.confidence_high),
        "tests": outcome.n_tests,
        "unanswered": short(outcome.unanswered),
        **{name: short(value) for name, value in _tested(outcome).items()},
        "error": line(outcome.error),
        "method": line(row.method),
        "llm": line(row.llm),
        "prompt": line(row.prompt),
        "rounds": outcome.rounds,
        "sent": row.prompt_tokens,
        "received": row.completion_tokens,
        "cost": short(row.cost_usd),
        "family": line(row.family),
        "differs": line(row.differs),
    }
    return {name: value for name, value in values.items() if value is not None}


def _tested(outcome: Outcome) -> dict[str, float | None]:
    """What stands beside a lift."""
    tested, intruders = outcome.tested, outcome.intruders
    within = {
        "within": tested.lift_within,
        "within_low": tested.lift_within_low,
        "within_high": tested.lift_within_high,
        "within_tests": tested.n_within,
    }
    return {
        "accuracy": tested.accuracy,
        "null_accuracy": tested.null_accuracy,
        **(within if tested.n_within else {}),
        "auroc": tested.auroc,
        "intruder": intruders.value,
        "intruder_low": intruders.low,
        "intruder_high": intruders.high,
    }


class Scores:
    """The operations in use, and every head's leading scores, where it has any hit.

    Args:
        scores: of the heads that the page shows; read once and not kept.

    Attributes:
        kind: what findings go by.
    """

    def __init__(self, scores: Iterable[OperationScore]) -> None:
        self.kind: ScoreKind = "raw"
        self.operations: list[dict[str, Any]] = []
        self._rows: dict[Head, list[list[float | None]]] = defaultdict(list)
        numbers: dict[str, int] = {}
        for score in scores:
            if score.operation not in numbers:
                numbers[score.operation] = len(self.operations)
                self.operations.append(
                    {
                        "name": line(score.operation),
                        "category": line(score.category),
                        "k": score.k,
                        "pairs": score.n_pairs,
                    }
                )
            if score.kind == "beyond-shuffled":
                self.kind = score.kind
            ends = (score.promotion, score.suppression)
            if any(end.hits for end in ends):
                row: list[float | None] = [numbers[score.operation], *(end.hits for end in ends)]
                if any(end.shuffled is not None for end in ends):
                    row += [short(end.shuffled) for end in ends]
                    row.append(sum(bit for bit, end in zip((1, 2), ends, strict=True) if end.above_chance))
                self._rows[score.head].append(row)

    def of(self, head: Head) -> list[list[float | None]]:
        """The head's rows: operation number, hits, suppression hits.

        Where they were computed, both shuffled scores follow, and what is above chance: 1 for promotion, 2
        for suppression, 3 for both.
        """
        return self._rows.get(head, [])


def added(found: Additions, described: Sequence[Head]) -> dict[str, Any]:
    """Notes by head, as [title, text]; colours by name, as one value per described head."""
    return {
        "notes": {
            head.name: [[line(note.title), line(note.text)] for note in notes]
            for head, notes in found.notes.items()
        },
        "colours": [[line(name), _values(values, described)] for name, values in found.colours.items()],
    }


def _values(values: Mapping[Head, float], heads: Sequence[Head]) -> list[float | None]:
    return [short(values.get(head)) for head in heads]
