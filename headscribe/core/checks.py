"""What comparing a map with the running model gives: dynamic scores, ablation curves, correlations."""

from __future__ import annotations

from dataclasses import dataclass

from headscribe.core.heads import Head

ARMS = ("top", "random", "control")
"""Silenced are the operation's top heads, random other heads, or the top heads on other tasks."""


@dataclass(frozen=True, slots=True)
class DynamicScore:
    """One head's scores for one operation, from the weights and from the running model (MAPS section 4.2).

    All are shares of pairs from 0 to 1. *Forced* means without context: attention on the source alone.

    Attributes:
        static: the score of the map, over all single-token pairs.
        dynamic: share of prompts whose target the head promotes into the top k as the model runs.
        dynamic_forced: the same with the head's attention forced onto the source.
        static_suppression: as ``static``, for the k smallest; the other two likewise.
        n_pairs: prompts behind the dynamic scores.
    """

    operation: str
    template: str
    head: Head
    static: float
    dynamic: float
    dynamic_forced: float
    static_suppression: float
    dynamic_suppression: float
    dynamic_forced_suppression: float
    n_pairs: int


@dataclass(frozen=True, slots=True)
class AblationPoint:
    """Next-token accuracy after some heads were silenced at the last position (MAPS section 4.2).

    Attributes:
        operation: whose top heads are silenced, or against whose top heads random ones are.
        template: the operation's task prompt, with ``{source}``.
        arm: one of ``ARMS``.
        draw: which random draw, or which control task, from 0; 0 for ``top``.
        task: the operation whose prompts are answered; another one only for ``control``.
        task_template: the prompt that is answered; ``template`` unless the task is another operation's.
        n_removed: heads silenced together; 0 is the base accuracy.
        head: the last of them, None for the base accuracy.
        accuracy: share of prompts whose most probable next token is the target.
        n_pairs: prompts.
    """

    operation: str
    template: str
    arm: str
    draw: int
    task: str
    task_template: str
    n_removed: int
    head: Head | None
    accuracy: float
    n_pairs: int

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
