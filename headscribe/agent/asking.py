"""Plain questions to an LLM: what judges and explainers need, who ask many small things of one kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from headscribe.agent.budget import Budget
from headscribe.agent.caller import Caller
from headscribe.agent.llm.failures import Hopeless
from headscribe.agent.llm.opening import open_client
from headscribe.agent.llm.spec import LLMSpec
from headscribe.agent.whole import WholeReplies
from headscribe.core.chat import CallFailed, CallJournal, ChatReply, FailureKind, Message
from headscribe.core.errors import LLMUnavailable
from headscribe.core.progress import Progress
from headscribe.core.settings import AskSettings
from headscribe.core.usage import CallTotals


class Asker:
    """Asks one LLM; the journal is asked first, so what was answered once is not paid for again.

    Attributes:
        llm: who answers, as tables and journals name it.
        totals: what its calls came to.
    """

    def __init__(self, caller: Caller) -> None:
        self.llm: str = caller.client.name
        self.totals: CallTotals = caller.totals
        self._caller = caller

    async def ask(self, messages: tuple[Message, ...], *, schema: dict[str, Any] | None = None) -> ChatReply:
        """The reply to these messages.

        Args:
            messages: the conversation, oldest first.
            schema: JSON Schema that the reply should satisfy, None for free text. Replies may break it.

        Raises:
            CallFailed: this question brought no reply; others may.
            LLMUnavailable: no further question will: a refused key, an unknown model, a server that has gone,
                or a budget that is spent (``BudgetSpent``).
            asyncio.CancelledError: after ``drain``.
        """
        try:
            return await WholeReplies(self._caller).ask(messages, schema)
        except CallFailed as error:
            await stop_if_hopeless(self._caller, error)
            raise

    def drain(self) -> None:
        """Begin no further call; those in flight may finish."""
        self._caller.drain()


@asynccontextmanager
async def open_asker(
    spec: LLMSpec,
    settings: AskSettings,
    journal: CallJournal,
    progress: Progress,
    *,
    budget: Budget | None = None,
) -> AsyncIterator[Asker]:
    """An LLM that is ready: keys are there, the server answers; a vLLM server runs until the end.

    Args:
        spec: who answers; not the built-in rules, which answer no questions.
        settings: how it is asked.
        journal: where calls are remembered.
        progress: told of what takes long.
        budget: what the calls may take, None without limit.

    Raises:
        LLMUnavailable, MissingExtra: the LLM cannot be used.
    """
    async with open_client(spec, settings, progress) as client:
        yield Asker(Caller(client, journal, settings=settings, budget=budget, say=progress.say))


async def stop_if_hopeless(caller: Caller, error: CallFailed) -> None:
    """Some failures will meet every other call as well: then the work stops, to be resumed later.

    Raises:
        LLMUnavailable: it is such a failure.
    """
    if error.kind is FailureKind.AUTH:
        do = "Check the key and the account, then give the same command again to go on"
        raise LLMUnavailable(f"the LLM refuses: {error.message}", where=caller.client.name, do=do) from error
    if isinstance(error, Hopeless):
        raise LLMUnavailable(error.message, where="--llm", do=error.do) from error
    if error.kind is FailureKind.CONNECTION:
        await caller.client.check()
