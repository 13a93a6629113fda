"""Draft descriptions that a reader is asked about while the method ``agent`` experiments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from headscribe.core.rounds import Confidence

PATIENCE = 2
"""Drafts in a row without a rise of the lift, after which a head's experiments end."""

Measure = Callable[[str], Awaitable[Confidence]]
"""Puts a description to the reader, on validation rows; raises ``CallFailed`` without an answer."""


@dataclass(slots=True)
class Drafts:
    """The drafts of one head, in the order in which they were tested.

    Attributes:
        measure: what a draft is tested by.
        best: the draft of the highest lift, the first among equals; None before one has any.
        lift: that lift.
        idle: different drafts in a row that did not raise it.
    """

    measure: Measure
    best: str | None = None
    lift: float | None = None
    idle: int = 0
    _found: dict[str, Confidence] = field(default_factory=dict)

    async def test(self, draft: str) -> Confidence:
        """The lift of a draft on validation rows; one that was tested before is not counted again."""
        if draft in self._found:
            return self._found[draft]
        found = self._found[draft] = await self.measure(draft)
        if found.value is not None:
            raised = self.lift is None or found.value > self.lift
            if raised:
                self.best, self.lift = draft, found.value
            self.idle = 0 if raised else self.idle + 1
        return found

    @property
    def stalled(self) -> bool:
        """Whether the lift no longer rises."""
        return self.idle >= PATIENCE
