"""A score of what a head promotes, or of what it suppresses, beside what chance would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headscribe.core.statistics import wilson

ScoreKind = Literal["raw", "beyond-shuffled"]
"""Scores as they are counted, or less the shuffled scores."""
KIND_NAMES: dict[ScoreKind, str] = {"raw": "score", "beyond-shuffled": "score less shuffled score"}
"""What a score of each kind is called in tables and plots."""
Scores = Literal["auto", "raw", "beyond-shuffled"]
"""``auto`` is what the findings of a map's view go by: ``raw`` in the paper's, else ``beyond-shuffled``."""


@dataclass(frozen=True, slots=True)
class EndScore:
    """How often the targets of an operation are at one end of their sources' rows (definitions section 2).

    Attributes:
        hits: pairs whose target is among the k entries at this end.
        n_pairs: pairs that counted.
        shuffled: share of the mismatched pairs whose target is; None where it was not computed.
        above_chance: whether the score is above the shuffled one beyond chance, None likewise.
    """

    hits: int
    n_pairs: int
    shuffled: float | None = None
    above_chance: bool | None = None

    @property
    def score(self) -> float:
        """Share of the pairs."""
        return self.hits / self.n_pairs

    @property
    def beyond_shuffled(self) -> float | None:
        """Score less shuffled score: what the source explains; None where the latter was not computed."""
        return None if self.shuffled is None else self.score - self.shuffled

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval of the score (Wilson)."""
        return wilson(self.hits, self.n_pairs)

    def by(self, kind: ScoreKind) -> float:
        """The score of one kind; as it was counted where no shuffled score was computed."""
        beyond = self.beyond_shuffled if kind == "beyond-shuffled" else None
        return self.score if beyond is None else beyond
