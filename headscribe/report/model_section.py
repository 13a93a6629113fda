"""The data of the report's model section: plain values for ``assets/model.js``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from headscribe.core.analyses import GroupSharing, HeadOperations, KnownHeads, ModelAnalysis
from headscribe.core.heads import Head

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ModelSection:
    """What the report says of the model as a whole.

    Attributes:
        analysis: findings over the map.
        correlation: rows of ``correlation.parquet``, none where the map was not checked by correlation.
        ablation: rows of ``ablation.parquet``, likewise.
    """

    analysis: ModelAnalysis
    correlation: Sequence[Row] = field(default_factory=tuple)
    ablation: Sequence[Row] = field(default_factory=tuple)


def model_data(section: ModelSection) -> dict[str, Any]:
    """The section as JSON values; heads are named, shares have four digits."""
    profile, known = section.analysis.profile, section.analysis.known
    several = [row for row in profile.heads if len(row.operations) > 1]
    return {
        "threshold": profile.threshold,
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
        "known": None if known is None else _known(known),
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


def _known(known: KnownHeads) -> dict[str, Any]:
    return {
        "model": known.model,
        "certain": known.certain,
        "roles": [
            {
                "role": role.role,
                "criterion": role.criterion,
                "known": role.n_known,
                "testable": role.n_testable,
                "recovered": role.n_recovered,
                "baseRate": role.base_rate,
            }
            for role in known.roles
        ],
        "heads": [
            {
                "head": row.head.name,
                "role": row.role,
                "outcome": row.outcome,
                "operation": row.operation,
                "score": row.score,
                "source": row.source,
            }
            for row in known.heads
        ],
        "unlisted": _heads(known.unlisted),
        "citations": known.citations,
    }


def _correlation(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Per operation one point per head, [name, static, dynamic, dynamic forced], means over the templates.

    Heads that are zero throughout lie on one spot; they are counted and not sent.
    """
    operations: dict[str, dict[Head, list[Row]]] = {}
    templates: dict[str, set[str]] = {}
    for row in rows:
        operations.setdefault(row["operation"], {}).setdefault(Head(row["layer"], row["head"]), []).append(
            row
        )
        templates.setdefault(row["operation"], set()).add(row["template"])
    found = []
    for operation, heads in sorted(operations.items()):
        points = {
            head: [
                round(fmean(row[column] for row in own), 4)
                for column in ("static", "dynamic", "dynamic_forced")
            ]
            for head, own in heads.items()
        }
        found.append(
            {
                "operation": operation,
                "templates": len(templates[operation]),
                "heads": len(points),
                "points": [[head.name, *values] for head, values in sorted(points.items()) if any(values)],
            }
        )
    return found


def _ablation(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Per operation and arm: [heads removed, mean accuracy, lowest, highest] over templates and draws."""
    accuracies: dict[str, dict[str, dict[int, list[float]]]] = {}
    for row in rows:
        arms = accuracies.setdefault(row["operation"], {})
        arms.setdefault(row["arm"], {}).setdefault(row["n_removed"], []).append(row["accuracy"])
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
