"""A chat model that is not asked: its calls are collected, to be answered another way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from headscribe.agent.budget import Budget
from headscribe.agent.llm.failures import no_tool_calling
from headscribe.core.chat import (
    Attempt,
    CallFailed,
    CallJournal,
    ChatReply,
    ChatRequest,
    FailureKind,
    NotAnsweredYet,
)

_FINAL = frozenset({FailureKind.BAD_REQUEST, FailureKind.TOO_LONG})
"""Failures that belong to the request: the same line in the next file would only fail again."""


class Outbox:
    """A chat client that collects what it is asked.

    Args:
        name: what names the answers.
        errors: the journal's errors of a request, oldest first, by its identity.
        ask_again: collect also what was refused before.
        budget: what the collected calls may take, None without limit. A call that waits for its answer counts
            with what it is likely to take.

    Attributes:
        waiting: the collected requests by identity, in the order in which they were asked.
    """

    def __init__(
        self,
        name: str,
        errors: Callable[[str], Sequence[str]],
        *,
        ask_again: bool = False,
        budget: Budget | None = None,
    ) -> None:
        self.name = name
        self.waiting: dict[str, ChatRequest] = {}
        self._errors, self._ask_again, self._budget = errors, ask_again, budget

    async def check(self) -> None:
        """Nobody is asked."""

    async def send(self, request: ChatRequest) -> ChatReply:
        """Collect a request.

        Raises:
            NotAnsweredYet: always, but for a request
            CallFailed: that was refused before.
            BudgetSpent: the budget has no room for it.
        """
        identity = request.identity()
        if identity not in self.waiting:
            if not self._ask_again and (failure := _final(self._errors(identity))):
                raise (request.tools and no_tool_calling(failure)) or failure
            if self._budget is not None:
                self._budget.spent.add(await self._budget.room_for(request))
            self.waiting[identity] = request
        raise NotAnsweredYet

    async def aclose(self) -> None:
        """Nothing is open."""


def _final(errors: Sequence[str]) -> CallFailed | None:
    """The last failure of a request, if it is one that would only repeat itself."""
    kind, _, message = errors[-1].partition(": ") if errors else ("", "", "")
    return CallFailed(FailureKind(kind), message) if kind in _FINAL else None


class ReadOnlyJournal:
    """A journal that finds and keeps nothing, for an outbox, whose failures it holds already."""

    def __init__(self, journal: CallJournal) -> None:
        self._journal = journal

    def find(self, identity: str) -> ChatReply | None:
        """The reply to an identical earlier request, None if there is none."""
        return self._journal.find(identity)

    def record(self, attempt: Attempt) -> None:
        """Nothing."""
