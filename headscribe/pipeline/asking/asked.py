"""What came of asking an LLM in one session: the record that every summary embeds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from headscribe.core.errors import BadStore, BudgetSpent, LLMUnavailable
from headscribe.core.prices import Price
from headscribe.core.usage import CallTotals


@dataclass(slots=True)
class Asked:
    """What came of asking in one session.

    Attributes:
        price: of the LLM's tokens, None where it is not known.
        totals: calls and tokens.
        done: items that were finished.
        interrupted: a person ended it.
        fault: why it ended early otherwise, such as a budget that is spent; None if it did not.
    """

    price: Price | None = None
    totals: CallTotals = field(default_factory=CallTotals)
    done: int = 0
    interrupted: bool = False
    fault: LLMUnavailable | BadStore | None = None

    @property
    def ended_early(self) -> bool:
        """Whether items were left."""
        return self.interrupted or self.fault is not None

    @property
    def budget(self) -> str | None:
        """The option whose limit ended it, None if it was no limit."""
        return self.fault.where if isinstance(self.fault, BudgetSpent) else None

    def include(self, other: Asked) -> None:
        """Add what came of asking about something else in the same session."""
        self.totals.include(other.totals)
        self.done += other.done
        self.interrupted = self.interrupted or other.interrupted
        self.fault = self.fault or other.fault


class AskingSummary:
    """What the summaries of all jobs that ask an LLM have in common.

    Attributes:
        asked: what came of asking in this session.
    """

    __slots__ = ()
    asked: Asked

    @property
    def calls(self) -> int:
        """Replies that were paid for."""
        return self.asked.totals.calls

    @property
    def replayed(self) -> int:
        """Replies found in the journal instead."""
        return self.asked.totals.replayed

    @property
    def retried(self) -> dict[str, int]:
        """Attempts that failed and were made again, by kind of failure."""
        return {kind.value: number for kind, number in self.asked.totals.retried.items()}

    @property
    def prompt_tokens(self) -> int:
        """Tokens sent, as far as the server says."""
        return self.asked.totals.prompt_tokens

    @property
    def completion_tokens(self) -> int:
        """Tokens received, likewise."""
        return self.asked.totals.completion_tokens

    @property
    def cached_tokens(self) -> int:
        """Of those sent, what the server says it found in its prefix cache."""
        return self.asked.totals.cached_tokens

    @property
    def calls_estimated(self) -> int:
        """Replies whose tokens the server did not report, so that they are estimated."""
        return self.asked.totals.estimated

    @property
    def cost_usd(self) -> float | None:
        """What the calls cost, None where the price is not known."""
        return self.asked.totals.cost(self.asked.price)

    @property
    def interrupted(self) -> bool:
        """Whether a person ended it."""
        return self.asked.interrupted

    @property
    def stopped(self) -> str | None:
        """Why it ended early otherwise, None if it did not."""
        return None if self.asked.fault is None else str(self.asked.fault)

    @property
    def budget(self) -> str | None:
        """The option whose limit ended it, None if none did."""
        return self.asked.budget

    def asked_json(self) -> dict[str, Any]:
        """All of this as plain JSON data."""
        names = [name for name, value in vars(AskingSummary).items() if isinstance(value, property)]
        return {name: getattr(self, name) for name in names}
