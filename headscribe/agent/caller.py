"""Calls to a chat model: remembered, shared, bounded and repeated."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from headscribe.agent.budget import Budget
from headscribe.agent.llm.client import ChatClient
from headscribe.agent.received import received
from headscribe.agent.retry import Backoff, worth_retrying
from headscribe.agent.slots import Slots
from headscribe.core.chat import (
    Attempt,
    CallFailed,
    CallJournal,
    ChatReply,
    ChatRequest,
    Message,
    Sampling,
    Tool,
)
from headscribe.core.off_loop import off_loop
from headscribe.core.settings import CANDIDATE_TEMPERATURE, AskSettings
from headscribe.core.usage import CallTotals


def build_request(  # noqa: PLR0913 - what a request is made of, each by name
    llm: str,
    settings: AskSettings,
    messages: tuple[Message, ...],
    schema: dict[str, Any] | None,
    tools: tuple[Tool, ...] = (),
    tool_choice: str | None = None,
    logprobs: int = 0,
    *,
    limit: int | None = None,
) -> ChatRequest:
    """The request that these settings make of these messages; the same for planning and for asking.

    ``limit`` is that of the reply's tokens, None for ``settings.max_reply_tokens``.
    """
    sampling = Sampling(settings.temperature, limit or settings.max_reply_tokens)
    return ChatRequest(llm, tuple(messages), sampling, schema, tools, tool_choice, logprobs)


def drawn(request: ChatRequest, sample: int) -> ChatRequest:
    """The request for one of several answers: 0 for the request as it is, others at a temperature."""
    if not sample:
        return request
    given = request.sampling
    temperature = CANDIDATE_TEMPERATURE if given.temperature == 0 else given.temperature
    return replace(request, sampling=replace(given, temperature=temperature, seed=sample))


class Caller:
    """Asks one chat model.

    The journal is asked first; equal requests in flight are sent once; at most ``settings.concurrency`` calls
    are in flight; attempts that failed in a way worth repeating are repeated; each attempt is in the journal
    before its reply is used. A call that nobody waits for any more is cancelled, and one that the budget has
    no room for is not begun.

    Args:
        client: the chat model.
        journal: where attempts are kept.
        settings: concurrency, retries and sampling.
        backoff: the waits between attempts.
        budget: what the calls may take, None without limit.
        say: told, once, that a server asks for a longer wait than it gets.
    """

    def __init__(
        self,
        client: ChatClient,
        journal: CallJournal,
        *,
        settings: AskSettings,
        backoff: Backoff | None = None,
        budget: Budget | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.client = client
        self.totals = CallTotals()
        self._journal = journal
        self._settings = settings
        self._backoff = backoff or Backoff()
        self._budget = budget
        self._say, self._said = say, False
        self._slots = Slots(settings.concurrency)
        self._in_flight: dict[str, asyncio.Task[ChatReply]] = {}
        self._waiting: Counter[asyncio.Task[ChatReply]] = Counter()
        self._draining = asyncio.Event()

    @property
    def max_reply_tokens(self) -> int:
        """Where a reply is cut."""
        return self._settings.max_reply_tokens

    def request(
        self,
        messages: tuple[Message, ...],
        schema: dict[str, Any] | None = None,
        tools: tuple[Tool, ...] = (),
        tool_choice: str | None = None,
        logprobs: int = 0,
        *,
        limit: int | None = None,
    ) -> ChatRequest:
        """The request that ``call`` makes of these messages."""
        return build_request(
            self.client.name, self._settings, messages, schema, tools, tool_choice, logprobs, limit=limit
        )

    async def call(  # noqa: PLR0913 - what a call is made of, each by name
        self,
        messages: tuple[Message, ...],
        *,
        schema: dict[str, Any] | None = None,
        tools: tuple[Tool, ...] = (),
        tool_choice: str | None = None,
        logprobs: int = 0,
        sample: int = 0,
        fresh: bool = False,
        limit: int | None = None,
    ) -> ChatReply:
        """The reply to these messages, from the journal if it has one.

        Args:
            messages: the conversation, oldest first.
            schema: JSON Schema that the reply should satisfy, None for free text.
            tools: what the model may ask to be called.
            tool_choice: ``auto``, ``required`` or ``none``.
            logprobs: of how many tokens at each place the probabilities are wished.
            sample: which of several answers to the same question.
            fresh: ask again even if the journal has a reply.
            limit: of the reply's tokens, None for that of the settings.

        Raises:
            CallFailed: the last attempt failed; ``attempts`` says how many were made.
            BudgetSpent: the budget has no room for this call.
            asyncio.CancelledError: after ``drain``, in place of a further attempt.
        """
        request = self.request(messages, schema, tools, tool_choice, logprobs, limit=limit)
        request = drawn(request, sample)
        identity = request.identity()
        if not fresh and (known := self._journal.find(identity)):
            self.totals.replayed += 1
            return known
        task = self._in_flight.get(identity)
        if task is not None:
            reply = await self._await(identity, task)
            # The journal tells what it took for this item too, as it would if it were asked later.
            return self._journal.find(identity) or reply
        task = asyncio.create_task(self._send(request))
        self._in_flight[identity] = task
        task.add_done_callback(lambda done: self._forget(identity, done))
        return await self._await(identity, task)

    def drain(self) -> None:
        """Begin no further attempt; those in flight may finish, all other calls are cancelled."""
        self._draining.set()

    async def _await(self, identity: str, task: asyncio.Task[ChatReply]) -> ChatReply:
        """Wait for a shared call, and cancel it when the last one who waits is cancelled."""
        self._waiting[task] += 1
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if self._waiting[task] == 1:
                self._forget(identity, task)
                task.cancel()
            raise
        finally:
            self._waiting[task] -= 1
            if not self._waiting[task]:
                del self._waiting[task]

    def _forget(self, identity: str, task: asyncio.Task[ChatReply]) -> None:
        if self._in_flight.get(identity) is task:
            del self._in_flight[identity]

    async def _send(self, request: ChatRequest) -> ChatReply:
        """One call: as many attempts as it takes, holding its slot also while it waits, which slows us down
        together when a server is overloaded. While its reply is written down, another call may go out.
        """
        async with self._slots.slot():
            attempt, reply = await self._try_within_budget(request)
        await off_loop(self._journal.record, attempt)
        self.totals.paid(reply.usage)
        return reply

    async def _try_within_budget(self, request: ChatRequest) -> tuple[Attempt, ChatReply]:
        if self._budget is None:
            return await self._try(request)
        likely = await self._budget.room_for(request)
        with self._budget.reserving(likely):
            attempt, reply = await self._try(request)
            self._budget.pay(request, reply)
            return attempt, reply

    async def _try(self, request: ChatRequest) -> tuple[Attempt, ChatReply]:
        if self._draining.is_set():
            raise asyncio.CancelledError
        number = 0
        try:
            async for attempt in self._attempts():
                with attempt:
                    number += 1
                    return await self._attempt(request, number)
        except CallFailed as error:
            error.attempts = number
            self.totals.failed += 1
            raise
        except asyncio.CancelledError:
            self.totals.failed += 1
            raise
        raise AssertionError("the loop above returns or raises")

    def _attempts(self) -> AsyncRetrying:
        return AsyncRetrying(
            retry=retry_if_exception(worth_retrying),
            stop=stop_after_attempt(self._settings.max_retries + 1),
            wait=self._backoff,
            sleep=self._pause,
            before_sleep=self._count_retry,
            reraise=True,
        )

    async def _attempt(self, request: ChatRequest, number: int) -> tuple[Attempt, ChatReply]:
        """One attempt; a failure is in the journal when it is raised."""
        started_at, started = time.time(), time.perf_counter()
        try:
            reply = received(await self.client.send(request), request)
        except CallFailed as error:
            seconds = time.perf_counter() - started
            await off_loop(
                self._journal.record, Attempt(request, number, started_at, seconds, error=str(error))
            )
            raise
        return Attempt(request, number, started_at, time.perf_counter() - started, reply), reply

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._draining.wait()
        except TimeoutError:
            return
        raise asyncio.CancelledError

    def _count_retry(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if not isinstance(error, CallFailed):
            return
        self.totals.retried[error.kind] += 1
        asked, longest = error.retry_after or 0.0, self._backoff.longest_asked
        if asked > longest and not self._said:
            self._said = True
            how_long = f"{asked / 60:,.0f} minutes" if asked < float("inf") else "for ever"
            self._say(f"The server asks to wait {how_long}; it is asked again after {longest / 60:,.0f}")
