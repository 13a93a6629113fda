"""Findings across maps, as plain records: what `compare` and the plots show."""

from __future__ import annotations

from dataclasses import dataclass

from headscribe.core.analyses import ModelAnalysis
from headscribe.core.heads import Head


@dataclass(frozen=True, slots=True)
class OperationInModel:
    """One operation's relation heads in one model.

    Attributes:
        n_heads: how many there are.
        depths: their relative depths, layer / (n_layers - 1), ascending.
        best_head: the head with the highest score; among equals the later one.
        best_score: that score, which may lie below the threshold.
    """

    n_heads: int
    depths: tuple[float, ...]
    best_head: Head
    best_score: float

    @property
    def median_depth(self) -> float | None:
        """Median of the relative depths, None without heads."""
        if not self.depths:
            return None
        middle = len(self.depths) // 2
        if len(self.depths) % 2:
            return self.depths[middle]
        return (self.depths[middle - 1] + self.depths[middle]) / 2


@dataclass(frozen=True, slots=True)
class OperationSpread:
    """One operation over several models; a model where it was not scored has None."""

    operation: str
    category: str
    models: tuple[OperationInModel | None, ...]

    @property
    def n_scored(self) -> int:
        """Models in which the operation was scored."""
        return sum(model is not None for model in self.models)

    @property
    def n_found(self) -> int:
        """Models with at least one relation head."""
        return sum(model is not None and model.n_heads > 0 for model in self.models)


@dataclass(frozen=True, slots=True)
class Universality:
    """In which models each operation has relation heads.

    Attributes:
        models: the models' labels, in the order of ``OperationSpread.models``.
        operations: every operation scored in any of them, by category and name.
    """

    models: tuple[str, ...]
    operations: tuple[OperationSpread, ...]

    @property
    def n_common(self) -> int:
        """Operations that were scored in every model."""
        return sum(row.n_scored == len(self.models) for row in self.operations)

    @property
    def n_universal(self) -> int:
        """Of the common operations, those with a relation head in every model."""
        return sum(row.n_found == len(self.models) for row in self.operations)


@dataclass(frozen=True, slots=True)
class HeadMatch:
    """Two heads that are each other's best match; ``operation`` contributes most to their cosine."""

    head: Head
    other: Head
    cosine: float
    operation: str


@dataclass(frozen=True, slots=True)
class Similarity:
    """How alike the heads of two models are, by the cosine of their operation scores.

    Attributes:
        model: label of the first model.
        other: label of the second.
        why_not: why they cannot be compared, None where they can.
        operations: the operations scored in both.
        n_heads: heads of the first model that take part.
        n_other: heads of the second.
        left_out: heads of the first whose profile is zero or incomplete.
        other_left_out: the same of the second.
        mean_best: mean over the first model's heads of the cosine to their best match in the second.
        other_mean_best: the same from the second to the first.
        chance: ``mean_best`` where every head of the second has its scores shuffled over the operations.
        matches: pairs that are each other's best match, most alike first.
    """

    model: str
    other: str
    why_not: str | None = None
    operations: tuple[str, ...] = ()
    n_heads: int = 0
    n_other: int = 0
    left_out: int = 0
    other_left_out: int = 0
    mean_best: float | None = None
    other_mean_best: float | None = None
    chance: float | None = None
    matches: tuple[HeadMatch, ...] = ()

    def in_words(self) -> str:
        """The result in a sentence or two."""
        if self.mean_best is None or self.other_mean_best is None or self.chance is None:
            return f"The heads cannot be matched: {self.why_not}."
        return (
            f"Mean cosine to the best match over {len(self.operations)} operations: {self.mean_best:.3f} "
            f"({self.n_heads} heads) and back {self.other_mean_best:.3f} ({self.n_other} heads); by chance "
            f"{self.chance:.3f}. Left out, without a score above zero: {self.left_out} and "
            f"{self.other_left_out}."
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """What several maps say together; for a single map ``universality`` and ``suppression`` are None.

    ``suppression`` is in which models each operation has heads that suppress it. ``notes`` say what differs
    between the maps and what was left out.
    """

    models: tuple[ModelAnalysis, ...]
    universality: Universality | None
    suppression: Universality | None
    similarities: tuple[Similarity, ...]
    notes: tuple[str, ...]
