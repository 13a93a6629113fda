"""Findings over one map, as plain records: what `compare`, the report and the plots show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headscribe.core.end_scores import ScoreKind
from headscribe.core.heads import Head


@dataclass(frozen=True, slots=True)
class HeadOperations:
    """A relation head and its operations with a score of at least the threshold, strongest first."""

    head: Head
    operations: tuple[str, ...]
    scores: tuple[float, ...]
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelProfile:
    """How many heads of a model implement known operations, and where.

    Attributes:
        threshold: score from which a head counts as a relation head.
        operations: the operations scored, by category and name.
        operation_categories: the category of each.
        categories: the categories that these operations belong to.
        layer_heads: [n_layers] heads that were scored.
        layer_relation_heads: [n_layers] of these, relation heads of any operation.
        counts: [n_layers][categories] relation heads; a head counts in every category it has an operation of.
        operation_counts: [n_layers][operations] heads with a score of at least the threshold.
        one_operation: heads with exactly one operation.
        several_in_one_category: heads with at least two operations, all of one category.
        several_categories: heads with operations of at least two categories.
        heads: every relation head, strongest first.
    """

    threshold: float
    operations: tuple[str, ...]
    operation_categories: tuple[str, ...]
    categories: tuple[str, ...]
    layer_heads: tuple[int, ...]
    layer_relation_heads: tuple[int, ...]
    counts: tuple[tuple[int, ...], ...]
    operation_counts: tuple[tuple[int, ...], ...]
    one_operation: int
    several_in_one_category: int
    several_categories: int
    heads: tuple[HeadOperations, ...]

    @property
    def n_heads(self) -> int:
        """Heads that were scored."""
        return sum(self.layer_heads)


@dataclass(frozen=True, slots=True)
class GroupSharing:
    """Whether query heads of one key/value group share operations more often than heads of different groups.

    Attributes:
        why_not: why there is nothing to test, None where there is; the numbers are None then.
        group_size: query heads per group.
        within: share of same-group pairs of heads (of one layer) with an operation in common.
        between: the same for pairs of different groups of one layer.
        n_within: number of same-group pairs.
        n_between: number of pairs of different groups.
        p_value: one-sided, from permutations of the groups within layers.
        permutations: how many were drawn.
    """

    why_not: str | None = None
    group_size: int = 1
    within: float | None = None
    between: float | None = None
    n_within: int = 0
    n_between: int = 0
    p_value: float | None = None
    permutations: int = 0

    @property
    def difference(self) -> float | None:
        """``within - between``, the statistic."""
        return None if self.within is None or self.between is None else self.within - self.between

    def in_words(self) -> str:
        """The result as a sentence."""
        if self.within is None or self.between is None or self.p_value is None:
            return f"not applicable, {self.why_not}."
        return (
            f"{self.within:.1%} of {self.n_within} pairs of one group share an operation, "
            f"{self.between:.1%} of {self.n_between} pairs of different groups of a layer (difference "
            f"{self.within - self.between:+.1%}, p = {self.p_value:.2g}, {self.permutations} permutations)."
        )


Recovered = Literal["recovered", "not recovered", "not scored", "not testable"]


@dataclass(frozen=True, slots=True)
class KnownHead:
    """A head that the literature names, and whether the map says the same.

    Attributes:
        role: what the literature calls it.
        source: key of the citation.
        place: section, figure or table there.
        outcome: ``not testable`` where the role is one of attention, which value and output weights do not
            show; ``not scored`` where the map has no score that could tell.
        operation: the operation that fits the role best, by score.
        score: the head's score (or suppression score) there.
        published: the source's own figure for the head, by the measure that ``place`` names.
    """

    head: Head
    role: str
    source: str
    place: str
    outcome: Recovered
    operation: str | None = None
    score: float | None = None
    published: float | None = None


@dataclass(frozen=True, slots=True)
class RoleRecovery:
    """How many known heads of one role the map recovers.

    ``base_rate`` is the share of all scored heads that would count as recovered: what a random head reaches.
    """

    role: str
    criterion: str
    n_known: int
    n_testable: int
    n_recovered: int
    base_rate: float | None


@dataclass(frozen=True, slots=True)
class KnownHeads:
    """The literature's heads of one model beside its map.

    Attributes:
        model: the model that the literature studied, such as ``GPT-2 small``.
        certain: whether the map says it is that model; otherwise only its shape fits.
        heads: every head and role that the literature names, in model order.
        roles: the same counted by role.
        unlisted: relation heads that the literature (as listed) does not name, strongest first.
        citations: (key, citation, address) of the sources.
    """

    model: str
    certain: bool
    heads: tuple[KnownHead, ...]
    roles: tuple[RoleRecovery, ...]
    unlisted: tuple[HeadOperations, ...]
    citations: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class ModelAnalysis:
    """Everything that one map says of its model as a whole.

    Attributes:
        label: how the model is called.
        n_layers: its layers.
        n_heads: query heads per layer.
        n_kv_heads: key/value heads per layer.
        kind: of the scores that heads are compared by.
        profile: its relation heads.
        suppression: its heads with such suppression scores, in the same terms.
        sharing: whether heads of one key/value group share operations.
        known: the heads that the literature names, None for a model that it does not study.
    """

    label: str
    n_layers: int
    n_heads: int
    n_kv_heads: int
    kind: ScoreKind
    profile: ModelProfile
    suppression: ModelProfile
    sharing: GroupSharing
    known: KnownHeads | None
