"""What a check found, as plain records for printing and for JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headscribe.core.checks import Correlation, MapPart
from headscribe.core.plain import json_data
from headscribe.core.settings import MapView, Norms


@dataclass(frozen=True, slots=True)
class OperationLeftOut:
    """An operation, or one template of it, without a result, and why; ``too_few`` if it has too few pairs."""

    operation: str
    category: str
    reason: str
    template: str | None = None
    n_pairs: int | None = None
    too_few: bool = False


@dataclass(frozen=True, slots=True)
class CorrelationResult:
    """Static against dynamic scores of one operation, over all heads and the templates named.

    Attributes:
        view: of the map with the static scores.
        part: of the map, that they are of.
        n_pairs: pairs behind the static score.
        prompts: per template, prompts behind the dynamic scores.
        skipped: pairs without a usable prompt, by reason, over all templates.
        context: heads as the model runs them.
        forced: attention forced onto the source, that is without context.
        suppression: as ``context``, for suppression scores.
        forced_suppression: as ``forced``, for suppression scores.
        best_static: the highest static score of a head.
    """

    operation: str
    category: str
    k: int
    n_pairs: int
    prompts: dict[str, int]
    skipped: dict[str, int]
    context: Correlation
    forced: Correlation
    suppression: Correlation
    forced_suppression: Correlation
    best_static: float
    view: MapView = "paper"
    part: MapPart = "whole"


@dataclass(frozen=True, slots=True)
class ViewCorrelation:
    """Static scores of one view against dynamic ones, over heads and operations; otherwise as an operation's.

    Attributes:
        view: of the map with the static scores.
        part: of the map, that they are of.
        norms: ``fold`` if the final norm's weight is in the W_O that the dynamic scores are read with.
        template: None for all templates together.
        n_operations: operations behind it.
    """

    view: MapView
    part: MapPart
    norms: Norms
    template: str | None
    n_operations: int
    context: Correlation
    forced: Correlation
    suppression: Correlation
    forced_suppression: Correlation


@dataclass(frozen=True, slots=True)
class ControlOperation:
    """Another operation's task, with and without the top heads of the operation under test."""

    task: str
    template: str
    base: float
    after: float


@dataclass(frozen=True, slots=True)
class AblationResult:
    """One operation's task without its top heads or random ones, and other tasks without its top heads.

    Attributes:
        bases: base accuracy of every template that was tried; ``template`` has the highest.
        heads: names of the silenced heads, strongest first.
        after: accuracy without all of them.
        n_random: random other heads silenced; fewer than ``heads`` where the model has not so many others.
        after_random: mean accuracy over the random draws, None where there are no other heads.
        sd_random: standard deviation over the draws (ddof 1).
        after_same: accuracy without the first ``n_random`` top heads, to compare with ``after_random``.
    """

    operation: str
    category: str
    template: str
    n_pairs: int
    base: float
    bases: dict[str, float]
    heads: tuple[str, ...]
    after: float
    n_random: int
    after_random: float | None
    sd_random: float | None
    after_same: float | None
    controls: tuple[ControlOperation, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Everything that one call of ``check_model`` was asked for."""

    by: str
    map: Path
    table: Path
    correlations: list[CorrelationResult] = field(default_factory=list)
    views: list[ViewCorrelation] = field(default_factory=list)
    ablations: list[AblationResult] = field(default_factory=list)
    left_out: list[OperationLeftOut] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON data."""
        rows = self.ablations if self.by == "ablation" else self.correlations
        return {
            "map": str(self.map),
            "by": self.by,
            "table": str(self.table),
            "operations": json_data(rows),
            "views": json_data(self.views),
            "left_out": json_data(self.left_out),
        }
