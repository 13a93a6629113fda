"""What comparing a map with the running model gives: dynamic scores, ablation curves, correlations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from headscribe.core.columns import Column
from headscribe.core.heads import Head
from headscribe.core.settings import MapView

AblationArm = Literal["top", "random", "control"]
ARMS: tuple[AblationArm, ...] = ("top", "random", "control")
"""Silenced are the operation's top heads, random other heads, or the top heads on other tasks."""

MapPart = Literal["whole", "specific"]
"""Of which part of a head's map a static score is; the view ``parts`` has both."""


@dataclass(frozen=True, slots=True)
class DynamicScore:
    """One head's scores for one operation, from the weights and from the running model (MAPS section 4.2).

    All are shares of pairs from 0 to 1. *Forced* means without context: attention on the source alone.
    ``static`` is over all single-token pairs. *Forced* means without context: attention on the source alone.
    """

    operation: Annotated[str, Column("name of the operation")]
    template: Annotated[str, Column("the prompt template, with `{source}`")]
    head: Head
    static: Annotated[float, Column("score from the weights")]
    dynamic: Annotated[
        float, Column("share of prompts whose target the head promotes into the top k as the model runs")
    ]
    dynamic_forced: Annotated[float, Column("the same, with the head's attention forced onto the source")]
    static_suppression: Annotated[float, Column("suppression score from the weights")]
    dynamic_suppression: Annotated[float, Column("suppression score in the running model")]
    dynamic_forced_suppression: Annotated[float, Column("the same, with forced attention")]
    n_pairs: Annotated[int, Column("prompts behind the dynamic scores")]
    view: Annotated[
        MapView, Column("of the map with the static scores; the dynamic ones are read with its weights")
    ] = "paper"
    static_specific: Annotated[
        float | None, Column("`static` of the specific part, null where the view has none")
    ] = None
    static_specific_suppression: Annotated[float | None, Column("likewise for `static_suppression`")] = None


@dataclass(frozen=True, slots=True)
class AblationPoint:
    """Next-token accuracy after some heads were silenced at the last position (MAPS section 4.2)."""

    operation: Annotated[
        str, Column("whose top heads are silenced, or against whose top heads random ones are")
    ]
    template: Annotated[str, Column("the operation's task prompt, with `{source}`")]
    arm: Annotated[AblationArm, Column("`top`, `random` or `control`")]
    draw: Annotated[int, Column("which random draw, or which control task, from 0; 0 for `top`")]
    task: Annotated[
        str,
        Column("the operation whose prompts are answered; another one only for `control`", after="n_pairs"),
    ]
    task_template: Annotated[str, Column("the prompt that is answered", after="task")]
    n_removed: Annotated[int, Column("heads silenced together; 0 is the base accuracy")]
    head: Annotated[Head | None, Column("the last of them, null for the base accuracy")]
    accuracy: Annotated[float, Column("share of prompts whose most probable next token is the target")]
    n_pairs: Annotated[int, Column("prompts")]

    @property
    def is_base(self) -> bool:
        """Whether this is the operation's own task with every head in place."""
        return self.arm == "top" and self.n_removed == 0


@dataclass(frozen=True, slots=True)
class Correlation:
    """Pearson's r between static and dynamic scores over heads and templates.

    Attributes:
        r: None where it is undefined; ``reason`` then says why.
        low: lower end of the 95 % bootstrap interval over heads, None where it cannot be had.
        high: its upper end.
        p: two-sided p of r = 0, under the usual assumptions.
        n: points, that is heads times templates.
        n_heads: heads.
    """

    r: float | None
    low: float | None
    high: float | None
    p: float | None
    n: int
    n_heads: int
    reason: str | None = None


def ablated(points: Sequence[AblationPoint]) -> list[AblationPoint]:
    """The points of operations that were ablated.

    Of a possible control task that was none the base accuracy alone is known: no curve.
    """
    operations = {point.operation for point in points if point.n_removed}
    return [point for point in points if point.operation in operations]
