"""What the calls behind one item took, such as a head's description, in whatever task they are made."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from dataclasses import dataclass, replace

from headscribe.core.chat import Attempt, CallJournal, ChatReply
from headscribe.core.prices import Price
from headscribe.core.records import Usage


@dataclass(slots=True)
class Meter:
    """Sums over calls. Tokens and cost are None until a call is made."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    seconds: float = 0.0
    tokens_estimated: bool = False

    def add(self, usage: Usage, seconds: float, cost_usd: float | None = None) -> None:
        """Add what one call took. Calls of one item may end in several threads at once."""
        with _ADDING:
            self._add(usage, seconds, cost_usd)

    def _add(self, usage: Usage, seconds: float, cost_usd: float | None) -> None:
        if usage.prompt_tokens is not None:
            self.prompt_tokens = (self.prompt_tokens or 0) + usage.prompt_tokens
        if usage.completion_tokens is not None:
            self.completion_tokens = (self.completion_tokens or 0) + usage.completion_tokens
        if cost_usd is not None:
            self.cost_usd = (self.cost_usd or 0.0) + cost_usd
        self.seconds += seconds
        self.tokens_estimated = self.tokens_estimated or usage.estimated


_ADDING = threading.Lock()
_METER: ContextVar[Meter | None] = ContextVar("meter of the item at work", default=None)


def start_meter() -> Meter:
    """A new meter for the calls that this task, and tasks it starts, make from here on."""
    meter = Meter()
    _METER.set(meter)
    return meter


class MeteredJournal:
    """A journal that tells the meter of the item at work what a call took, also where it is replayed.

    A description rests on its replies whether they were paid for in this session or before, so an interrupted
    run shows the same tokens as an unbroken one. What they cost is told from the same price.

    Args:
        journal: keeps the calls.
        price: of the LLM that is asked, None where it is not known.
    """

    def __init__(self, journal: CallJournal, price: Price | None = None) -> None:
        self._journal, self._price = journal, price

    def find(self, identity: str) -> ChatReply | None:
        """The reply to an identical earlier request, None if there is none."""
        reply = self._journal.find(identity)
        if reply is not None and (meter := _METER.get()):
            meter.add(reply.usage, reply.seconds, self._cost(reply))
        return reply

    def record(self, attempt: Attempt) -> None:
        """Keep one attempt with its cost; it is on disk when this returns."""
        cost = self._cost(attempt.reply)
        self._journal.record(replace(attempt, cost_usd=cost))
        if meter := _METER.get():
            meter.add(attempt.reply.usage if attempt.reply else Usage(), attempt.seconds, cost)

    def _cost(self, reply: ChatReply | None) -> float | None:
        return self._price.cost(reply.usage) if self._price and reply else None
