"""What calls to an LLM took, and what they would take: the records that every plan and summary embeds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from headscribe.core.chat import FailureKind
from headscribe.core.prices import Price
from headscribe.core.records import Usage


@dataclass(slots=True)
class CallTotals:
    """What the calls of one session came to; what a server does not report counts as 0.

    Attributes:
        calls: replies that were paid for.
        failed: calls that brought no reply in the end.
        replayed: replies found in the journal instead.
        retried: attempts that failed and were made again, by kind of failure.
        prompt_tokens: of the replies paid for, not of those replayed; likewise the others.
        completion_tokens: tokens received.
        cached_tokens: of the tokens sent, those that the server says it found in its prefix cache.
        estimated: replies whose tokens the server did not report.
    """

    calls: int = 0
    failed: int = 0
    replayed: int = 0
    retried: Counter[FailureKind] = field(default_factory=Counter)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    estimated: int = 0

    def paid(self, usage: Usage) -> None:
        """Count a reply that was paid for."""
        self.calls += 1
        self.prompt_tokens += usage.prompt_tokens or 0
        self.completion_tokens += usage.completion_tokens or 0
        self.cached_tokens += usage.cached_tokens or 0
        self.estimated += usage.estimated

    def include(self, other: CallTotals) -> None:
        """Count what other calls came to as well."""
        self.calls += other.calls
        self.failed += other.failed
        self.replayed += other.replayed
        self.retried += other.retried
        self.prompt_tokens += other.prompt_tokens
        self.completion_tokens += other.completion_tokens
        self.cached_tokens += other.cached_tokens
        self.estimated += other.estimated

    def cost(self, price: Price | None) -> float | None:
        """US dollars at this price; None where the price, or the tokens that were paid for, are not known."""
        if not self.calls:
            return 0.0
        if price is None or not self.prompt_tokens:
            return None
        return price.of(self.prompt_tokens, self.completion_tokens, self.cached_tokens)


@dataclass(frozen=True, slots=True)
class CallEstimate:
    """What calls would take, without asking anybody.

    Attributes:
        calls: calls to be paid for; equal ones count once.
        prompt_tokens: estimate over these, without the LLM's own tokenizer.
        max_reply_tokens: what the replies can come to at most.
        max_cost_usd: with the longest replies, None where no price is known.
        likely_reply_tokens: what the replies come to if they are as long as those so far, None where too few
            are known.
        likely_cost_usd: with such replies, None where no price is known either.
    """

    calls: int
    prompt_tokens: int
    max_reply_tokens: int
    max_cost_usd: float | None = None
    likely_reply_tokens: int | None = None
    likely_cost_usd: float | None = None

    @classmethod
    def priced(
        cls,
        calls: int,
        prompt_tokens: int,
        max_reply_tokens: int,
        price: Price | None,
        likely_reply_tokens: int | None = None,
    ) -> CallEstimate:
        """The estimate with its costs at a price."""
        most = price.of(prompt_tokens, max_reply_tokens) if price else None
        likely = None
        if price and likely_reply_tokens is not None:
            likely = price.of(prompt_tokens, likely_reply_tokens)
        return cls(calls, prompt_tokens, max_reply_tokens, most, likely_reply_tokens, likely)
