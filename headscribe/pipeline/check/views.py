"""Maps of several views beside each other: which of them tells what the running model does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headscribe.core.checks import Correlation, DynamicScore, MapPart
from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.core.settings import MapSettings, MapView
from headscribe.pipeline.check.results import ViewCorrelation
from headscribe.store.map.map_dir import MapDir

Scores = dict[str, list[DynamicScore]]
"""Per template, the scores of all heads in model order."""

_DYNAMIC = {
    "context": "dynamic",
    "forced": "dynamic_forced",
    "suppression": "dynamic_suppression",
    "forced_suppression": "dynamic_forced_suppression",
}
_STATIC: dict[MapPart, tuple[str, str]] = {
    "whole": ("static", "static_suppression"),
    "specific": ("static_specific", "static_specific_suppression"),
}


@dataclass(frozen=True, slots=True)
class CheckedView:
    """A map that is compared with the running model.

    Attributes:
        settings: how it is made.
        scores: per operation, each head's static score.
    """

    settings: MapSettings
    scores: dict[str, dict[Head, OperationScore]]

    @property
    def view(self) -> MapView:
        """Its view."""
        return self.settings.view

    @property
    def parts(self) -> tuple[MapPart, ...]:
        """Of which parts of the map it has scores."""
        every = (score for own in self.scores.values() for score in own.values())
        return ("whole",) if any(score.specific_hits is None for score in every) else ("whole", "specific")


def checked_view(settings: MapSettings, map_dir: MapDir) -> CheckedView:
    """A map of one view, with its scores."""
    scores: dict[str, dict[Head, OperationScore]] = {}
    for score in map_dir.scores():
        scores.setdefault(score.operation, {})[score.head] = score
    return CheckedView(settings, scores)


def compare_views(
    views: Sequence[CheckedView], scores: Mapping[MapView, Mapping[str, Scores]]
) -> list[ViewCorrelation]:
    """Each view's static scores against the same dynamic scores, for every template and for all together.

    Dynamic scores depend on whether the final norm's weight is in W_O. Those of either kind that the views
    have between them serve all views.

    Args:
        views: the views compared.
        scores: per view and operation, the scores in each template; operations without any are left out.
    """
    read_with = {one.settings.folding: one.view for one in sorted(views, key=_folds)}
    pieces = [(name, template) for name, tables in scores[views[0].view].items() for template in tables]
    return [
        ViewCorrelation(
            view=one.view,
            part=part,
            norms=norms,
            template=wanted,
            n_operations=len({name for name, _ in some}),
            **four_correlations(
                [scores[one.view][name][template] for name, template in some],
                [scores[other][name][template] for name, template in some],
                part,
                one.settings.seed,
            ),
        )
        for wanted in (None, *dict.fromkeys(template for _, template in pieces))
        if (some := [piece for piece in pieces if wanted in (None, piece[1])])
        for norms, other in read_with.items()
        for one in views
        for part in one.parts
    ]


def _folds(one: CheckedView) -> bool:
    return one.settings.folding == "fold"


def static_scores(scores: Sequence[DynamicScore], part: MapPart) -> list[float]:
    """The static scores of heads, of a part of their maps that they have."""
    return [getattr(score, _STATIC[part][0]) for score in scores]


def four_correlations(
    static: Sequence[Sequence[DynamicScore]],
    dynamic: Sequence[Sequence[DynamicScore]],
    part: MapPart,
    seed: int,
) -> dict[str, Correlation]:
    """r with context and forced, of scores and of suppression scores.

    Args:
        static: for every operation and template, the heads' scores whose static ones count.
        dynamic: likewise, whose dynamic ones count.
        part: of the map, whose static scores count.
        seed: of the bootstrap.
    """
    from headscribe.eval.check.correlation import correlate_pooled

    def values(tables: Sequence[Sequence[DynamicScore]], name: str) -> list[list[float]]:
        return [[getattr(score, name) for score in table] for table in tables]

    promoted, suppressed = _STATIC[part]
    return {
        name: correlate_pooled(
            values(static, suppressed if "suppression" in name else promoted),
            values(dynamic, column),
            seed=seed,
        )
        for name, column in _DYNAMIC.items()
    }
