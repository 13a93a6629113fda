"""The data of the report's model section: plain values for ``assets/model.js``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from headscribe.core.analyses import GroupSharing, HeadOperations, ModelAnalysis
from headscribe.core.checks import AblationPoint, DynamicScore
from headscribe.core.end_scores import KIND_NAMES
from headscribe.core.heads import Head


@dataclass(frozen=True, slots=True)
class ModelSection:
    """What the report says of the model as a whole.

    Attributes:
        analysis: findings over the map.
        correlation: dynamic scores, none where the map was not checked by correlation.
        ablation: points of ablation curves, likewise.
    """

    analysis: ModelAnalysis
    correlation: Sequence[DynamicScore] = field(default_factory=tuple)
    ablation: Sequence[AblationPoint] = field(default_factory=tuple)


def model_data(section: ModelSection) -> dict[str, Any]:
    """The section as JSON values; heads are named, shares have four digits."""
    profile = section.analysis.profile
    several = [row for row in profile.heads if len(row.operations) > 1]
    return {
        "threshold": profile.threshold,
        "scores": KIND_NAMES[section.analysis.kind],
        "suppressing": _heads(section.analysis.suppression.heads),
        "operations": profile.operations,
        "operationCategories": profile.operation_categories,
        "categories": profile.categories,
        "layerHeads": profile.layer_heads,
        "layerRelationHeads": profile.layer_relation_heads,
        "counts": profile.counts,
        "operationCounts": profile.operation_counts,
        "one": profile.one_operation,
        "severalInOne": profile.several_in_one_category,
        "severalAcross": profile.several_categories,
        "several": _heads(several),
        "sharing": _sharing(section.analysis.sharing),
        "correlation": _correlation(section.correlation),
        "ablation": _ablation(section.ablation),
    }


def _heads(rows: Iterable[HeadOperations]) -> list[dict[str, Any]]:
    return [
        {
            "head": row.head.name,
            "operations": row.operations,
            "scores": [round(score, 4) for score in row.scores],
            "across": len(set(row.categories)) > 1,
        }
        for row in rows
    ]


def _sharing(sharing: GroupSharing) -> dict[str, Any]:
    return {
        "whyNot": sharing.why_not,
        "size": sharing.group_size,
        "within": sharing.within,
        "between": sharing.between,
        "nWithin": sharing.n_within,
        "nBetween": sharing.n_between,
        "p": sharing.p_value,
        "permutations": sharing.permutations,
    }


def _correlation(scores: Iterable[DynamicScore]) -> list[dict[str, Any]]:
    """Per operation one point per head, [name, static, dynamic, dynamic forced], means over the templates.

    Heads that are zero throughout lie on one spot; they are counted and not sent.
    """
    operations: dict[str, dict[Head, list[DynamicScore]]] = {}
    templates: dict[str, set[str]] = {}
    for score in scores:
        operations.setdefault(score.operation, {}).setdefault(score.head, []).append(score)
        templates.setdefault(score.operation, set()).add(score.template)
    return [
        {
            "operation": operation,
            "templates": len(templates[operation]),
            "heads": len(heads),
            "points": [
                [head.name, *means] for head, own in sorted(heads.items()) if any(means := _means(own))
            ],
        }
        for operation, heads in sorted(operations.items())
    ]


def _means(scores: Sequence[DynamicScore]) -> list[float]:
    """One head's scores, each as the mean over the templates."""
    kinds = (
        (score.static for score in scores),
        (score.dynamic for score in scores),
        (score.dynamic_forced for score in scores),
    )
    return [round(fmean(values), 4) for values in kinds]


def _ablation(points: Iterable[AblationPoint]) -> list[dict[str, Any]]:
    """Per operation and arm: [heads removed, mean accuracy, lowest, highest] over templates and draws."""
    accuracies: dict[str, dict[str, dict[int, list[float]]]] = {}
    for point in points:
        arms = accuracies.setdefault(point.operation, {})
        arms.setdefault(point.arm, {}).setdefault(point.n_removed, []).append(point.accuracy)
    return [
        {
            "operation": operation,
            "arms": {
                arm: [
                    [removed, *(round(value, 4) for value in (fmean(own), min(own), max(own)))]
                    for removed, own in sorted(curve.items())
                ]
                for arm, curve in arms.items()
            },
        }
        for operation, arms in sorted(accuracies.items())
    ]
