"""What runs on a node to describe heads: the methods there, every call of theirs asked of the driver.

The driver answers a call from the one journal or, when it is new, has a node send it, journals the reply, and
hands it back. So budgets, retries and the order of calls are the same as on one machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

from headscribe.agent.describers import Describer, LLMDescriber, RulesDescriber
from headscribe.agent.llm.client import ChatClient
from headscribe.agent.llm.opening import open_client
from headscribe.agent.llm.spec import LLMSpec
from headscribe.core.chat import CallFailed, ChatReply, ChatRequest, Message, Tool
from headscribe.core.errors import HeadscribeError
from headscribe.core.evidence import Evidence
from headscribe.core.heads import Head
from headscribe.core.progress import Silent
from headscribe.core.records import Outcome
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.core.usage import CallTotals
from headscribe.operations import Operation
from headscribe.pipeline.engines.experiments import LocalLaboratory
from headscribe.pipeline.engines.ray.source import Source
from headscribe.prompts import Template


@dataclass(frozen=True, slots=True)
class Ask:
    """A head's method wants a reply; ``number`` names the question, which is otherwise as for ``Caller``."""

    number: int
    messages: tuple[Message, ...]
    schema: dict[str, Any] | None
    tools: tuple[Tool, ...]
    tool_choice: str | None
    fresh: bool


@dataclass(frozen=True, slots=True)
class Check:
    """A head's method wants to know whether the LLM can be asked at all."""

    number: int


@dataclass(frozen=True, slots=True)
class Say:
    """A line for a person."""

    line: str


@dataclass(frozen=True, slots=True)
class Done:
    """The head is described."""

    outcome: Outcome


Event = Ask | Check | Say | Done
Answer = ChatReply | CallFailed | HeadscribeError | None

_EVENTS: ContextVar[asyncio.Queue[Event]] = ContextVar("events of the head at work")


@dataclass(frozen=True, slots=True)
class HeadJob:
    """What all heads of a run have in common, as a node needs it.

    Attributes:
        spec: who describes.
        settings: how.
        template: the prompt, None for the rules.
        operations: what the rules recognise beside the built-in ones.
        source: the checkpoint, for experiments.
        map_settings: how experiments compute.
    """

    spec: LLMSpec
    settings: DescribeSettings
    template: Template | None
    operations: Sequence[Operation]
    source: Source
    map_settings: MapSettings


class HeadWorker:
    """Runs on a node, many heads at a time; sends what the driver lets it send.

    Args:
        job: what the heads have in common.
    """

    def __init__(self, job: HeadJob) -> None:
        self._job, self._open = job, AsyncExitStack()
        self._caller = DriverCaller(job.spec.name)
        self._client: ChatClient | None = None
        self._describer: Describer | None = None
        self._heads: dict[int, asyncio.Task[Outcome]] = {}

    async def prepare(self) -> None:
        """Open the LLM as this node reaches it, with the keys of this node's environment.

        Raises:
            LLMUnavailable, MissingExtra: it cannot be used from here.
        """
        job = self._job
        if job.template is None:
            self._describer = RulesDescriber(job.operations)
            return
        self._client = await self._open.enter_async_context(open_client(job.spec, job.settings, Silent()))
        caller: Any = self._caller
        self._describer = LLMDescriber(job.spec, job.settings, job.template, caller, _Relay())

    async def send(self, request: ChatRequest) -> ChatReply | CallFailed:
        """Make one attempt from here; a failure is a result."""
        assert self._client is not None
        try:
            return await self._client.send(request)
        except CallFailed as error:
            return error

    async def check(self) -> HeadscribeError | None:
        """Whether the LLM can still be asked from here."""
        assert self._client is not None
        try:
            await self._client.check()
        except HeadscribeError as error:
            return error
        return None

    async def describe(
        self, number: int, evidence: Evidence, head: Head | None, fresh: bool
    ) -> AsyncIterator[Event]:
        """Describe one head; gives what its method asks for, and at last its outcome.

        Args:
            number: names the head to ``stop``.
            evidence: as for ``Describer.describe``.
            head: for experiments, where the method runs some.
            fresh: as for ``Describer.describe``.
        """
        events: asyncio.Queue[Event] = asyncio.Queue()
        work = asyncio.create_task(self._describe(events, evidence, head, fresh))
        self._heads[number] = work
        try:
            while not work.done() or not events.empty():
                event = asyncio.create_task(events.get())
                await asyncio.wait({work, event}, return_when=asyncio.FIRST_COMPLETED)
                if event.done():
                    yield event.result()
                else:
                    event.cancel()
            yield Done(work.result())
        finally:
            work.cancel()
            del self._heads[number]

    async def answer(self, number: int, answer: Answer) -> None:
        """What a question or a check has brought."""
        self._caller.answer(number, answer)

    async def stop(self, number: int) -> None:
        """Nobody waits for this head any more."""
        if number in self._heads:
            self._heads[number].cancel()

    async def close(self) -> None:
        """Close the LLM; a server that was started here is stopped."""
        await self._open.aclose()

    async def _describe(
        self, events: asyncio.Queue[Event], evidence: Evidence, head: Head | None, fresh: bool
    ) -> Outcome:
        assert self._describer is not None
        _EVENTS.set(events)
        experiments = self._laboratory.of_head(head) if head else None
        return await self._describer.describe(evidence, fresh=fresh, experiments=experiments)

    @cached_property
    def _laboratory(self) -> LocalLaboratory:
        return LocalLaboratory(self._job.source.open(), self._job.map_settings)


class DriverCaller:
    """``agent.caller.Caller`` as a method on a node sees it: the driver makes the calls.

    Args:
        llm: the name of who is asked.
    """

    def __init__(self, llm: str) -> None:
        self.name, self.client, self.totals = llm, self, CallTotals()
        self._numbers = count()
        self._open: dict[int, asyncio.Future[Answer]] = {}

    async def call(
        self,
        messages: tuple[Message, ...],
        *,
        schema: dict[str, Any] | None = None,
        tools: tuple[Tool, ...] = (),
        tool_choice: str | None = None,
        fresh: bool = False,
    ) -> ChatReply:
        """The reply to these messages."""
        number = next(self._numbers)
        reply = await self._ask(number, Ask(number, messages, schema, tools, tool_choice, fresh))
        assert isinstance(reply, ChatReply)
        return reply

    async def check(self) -> None:
        """Whether the LLM can still be asked, from any node."""
        number = next(self._numbers)
        await self._ask(number, Check(number))

    def answer(self, number: int, answer: Answer) -> None:
        """Hand over what a question has brought, if anybody still waits for it."""
        waiting = self._open.get(number)
        if waiting is None or waiting.done():
            return
        if isinstance(answer, Exception):
            waiting.set_exception(answer)
        else:
            waiting.set_result(answer)

    async def _ask(self, number: int, event: Ask | Check) -> Answer:
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._open[number] = waiting
        _EVENTS.get().put_nowait(event)
        try:
            return await waiting
        finally:
            del self._open[number]


class _Relay(Silent):
    """What a method says reaches the person at the driver."""

    def say(self, line: str) -> None:
        """Pass a line on."""
        _EVENTS.get().put_nowait(Say(line))
