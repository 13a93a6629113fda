"""How much a run may spend, so that no call is begun that could exceed it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from headscribe.agent.received import prompt_tokens
from headscribe.core.chat import ChatReply, ChatRequest
from headscribe.core.errors import BudgetSpent
from headscribe.core.prices import Price, dollars
from headscribe.core.reply_lengths import ReplyLengths

_FIRST_MARGIN = 1.5
"""Before a server has reported how it counts, a prompt may have so many times the tokens estimated."""
_MARGIN = 1.1
"""Afterwards, so many times the most that it has counted for one estimated."""


@dataclass(slots=True)
class Amount:
    """Tokens, sent and received together, and US dollars."""

    tokens: float = 0.0
    cost: float = 0.0

    def add(self, other: Amount, sign: int = 1) -> None:
        """Add another amount, or take it away."""
        self.tokens += sign * other.tokens
        self.cost += sign * other.cost


class Budget:
    """What the calls of a run may take in all, earlier sittings included.

    A call reserves what it is likely to take before it is sent, and pays what it took when its reply comes.
    One that does not fit waits for those in flight, which mostly take less than they reserved. What is likely
    is measured on the replies so far, two standard deviations above their average; before there are some, it
    is the most that a call could take. So the limit may be exceeded by the rare reply that is longer.

    Args:
        max_tokens: tokens sent and received, None without limit.
        max_cost: US dollars, None without limit.
        price: of a token; needed for ``max_cost``.
        spent: what earlier sittings took.
        lengths: of the replies so far.
    """

    def __init__(
        self,
        *,
        max_tokens: int | None,
        max_cost: float | None,
        price: Price | None,
        spent: Amount,
        lengths: ReplyLengths | None = None,
    ) -> None:
        if max_cost is not None and price is None:
            raise ValueError("a limit in dollars needs a price")
        self._max_tokens, self._max_cost, self._price = max_tokens, max_cost, price
        self.spent = spent
        self._lengths = lengths or ReplyLengths()
        self._reserved = Amount()
        self._in_flight = 0
        self._ratio: float | None = None
        self._changed = asyncio.Event()

    async def room_for(self, request: ChatRequest) -> Amount:
        """Wait until what a call is likely to take is left, and give that amount, to be used at once.

        Raises:
            BudgetSpent: it is not left, and nothing is in flight that could leave it.
        """
        while True:
            likely = self._likely(request)
            option = self._exceeded(likely)
            if option is None:
                return likely
            if not self._in_flight:
                raise self._stop(option, likely)
            await self._changed.wait()

    @contextmanager
    def reserving(self, amount: Amount) -> Iterator[None]:
        """Hold an amount while a call is in flight."""
        self._reserved.add(amount)
        self._in_flight += 1
        try:
            yield
        finally:
            self._reserved.add(amount, -1)
            self._in_flight -= 1
            self._changed.set()
            self._changed = asyncio.Event()

    def pay(self, request: ChatRequest, reply: ChatReply) -> None:
        """Count what a call took. Where its server does not report it, the prompt counts with a margin."""
        usage, estimated = reply.usage, prompt_tokens(request)
        sent, received = usage.prompt_tokens or 0, usage.completion_tokens or 0
        if usage.estimated:
            sent = round(sent * self._margin)
        elif estimated:
            self._ratio = max(self._ratio or 0.0, sent / estimated)
        self._lengths.add(request, received)
        cost = self._price.of(sent, received, usage.cached_tokens or 0) if self._price else 0.0
        self.spent.add(Amount(sent + received, cost))

    @property
    def _margin(self) -> float:
        return _FIRST_MARGIN if self._ratio is None else self._ratio * _MARGIN

    def _likely(self, request: ChatRequest) -> Amount:
        sent, received = prompt_tokens(request) * self._margin, self._lengths.enough(request)
        return Amount(sent + received, self._price.of(sent, received) if self._price else 0.0)

    def _exceeded(self, likely: Amount) -> str | None:
        """The option whose limit one more call could exceed."""
        used = Amount(self.spent.tokens + self._reserved.tokens, self.spent.cost + self._reserved.cost)
        if self._max_cost is not None and used.cost + likely.cost > self._max_cost:
            return "--max-cost"
        if self._max_tokens is not None and used.tokens + likely.tokens > self._max_tokens:
            return "--max-tokens"
        return None

    def _stop(self, option: str, likely: Amount) -> BudgetSpent:
        if option == "--max-cost":
            limit, spent, next_ = f"{self._max_cost:g} USD", dollars(self.spent.cost), dollars(likely.cost)
        else:
            limit, spent = f"{self._max_tokens:,} tokens", f"{self.spent.tokens:,.0f}"
            next_ = f"{likely.tokens:,.0f}"
        return BudgetSpent(
            f"the budget of {limit} for this run is used up: {spent} so far, about {next_} for the next call",
            where=option,
            do=f"All answers are kept; to go on, give the same command with a larger {option}",
        )
