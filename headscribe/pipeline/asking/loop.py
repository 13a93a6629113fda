"""Many questions of one kind, asked side by side: the loop that judging and explaining share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from headscribe.core.errors import BadStore, LLMUnavailable
from headscribe.core.progress import Progress
from headscribe.core.settings import AskSettings
from headscribe.pipeline.asking.budget import cost_of, run_budget
from headscribe.pipeline.asking.interrupts import orderly_end, run_async
from headscribe.pipeline.asking.metering import MeteredJournal
from headscribe.store.describe.journal import Journal

if TYPE_CHECKING:
    from headscribe.agent.asking import Asker
    from headscribe.agent.caller import CallTotals
    from headscribe.agent.llm.spec import LLMSpec
    from headscribe.core.prices import Price

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asking:
    """Who is asked, and how.

    Attributes:
        spec: the LLM; not the built-in rules.
        settings: how it is asked.
        price: of its tokens, None where that is not known.
        journal: keeps every call; equal questions are answered from it.
        progress: told how far it is.
    """

    spec: LLMSpec
    settings: AskSettings
    price: Price | None
    journal: Journal
    progress: Progress


@dataclass(slots=True)
class Asked:
    """What came of it.

    Attributes:
        totals: calls and tokens of this session; None where nobody was asked.
        cost_usd: their cost, None where the price is not known.
        done: items that were finished.
        interrupted: a person ended it.
        fault: why it ended early, such as a budget that is spent; None if it did not.
    """

    totals: CallTotals | None = None
    cost_usd: float | None = None
    done: int = 0
    interrupted: bool = False
    fault: LLMUnavailable | BadStore | None = None


def ask_all(
    asking: Asking,
    items: Sequence[T],
    answer: Callable[[Asker, T], Awaitable[None]],
    *,
    stage: str,
    name: Callable[[T], str] = str,
) -> Asked:
    """Answer every item, as many at once as there may be calls in flight.

    Ctrl-C lets what is in flight finish, and begins nothing more; so does an LLM that can no longer be used.
    Every reply is in the journal by then, so the same call goes on where it ended.

    Args:
        asking: who is asked.
        items: what is asked about; none at all opens no LLM.
        answer: asks about one item, and keeps what came of it. ``CallFailed`` is its own to handle.
        stage: name of the work, for progress.
        name: of an item, for progress.

    Raises:
        LLMUnavailable, MissingExtra: the LLM cannot be used at all; nothing was asked.
    """
    if not items:
        return Asked()
    return run_async(_Loop(asking, answer, stage, name).run(items))


class _Loop(Generic[T]):
    def __init__(
        self,
        asking: Asking,
        answer: Callable[[Asker, T], Awaitable[None]],
        stage: str,
        name: Callable[[T], str],
    ) -> None:
        self._asking, self._answer, self._stage, self._name = asking, answer, stage, name
        self._result = Asked()
        self._stopping = False

    async def run(self, items: Sequence[T]) -> Asked:
        from headscribe.agent.asking import open_asker

        asking, result = self._asking, self._result
        journal = MeteredJournal(asking.journal, asking.price)
        budget = run_budget(asking.settings, asking.price, asking.journal)
        async with open_asker(asking.spec, asking.settings, journal, asking.progress, budget=budget) as asker:
            result.totals = asker.totals
            asking.progress.start(self._stage, len(items))
            try:
                with orderly_end(lambda: self._interrupt(asker)):
                    await self._work_all(asker, items)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if not result.interrupted or task is None:
                    raise
                task.uncancel()
            finally:
                asking.progress.finish(self._stage)
                result.cost_usd = cost_of(asker.totals, asking.price)
        return result

    def _interrupt(self, asker: Asker) -> None:
        self._result.interrupted = True
        self._stop(asker)
        self._asking.progress.say("Interrupted: waiting for the calls in flight. Ctrl-C again drops them")

    def _stop(self, asker: Asker) -> None:
        self._stopping = True
        asker.drain()

    async def _work_all(self, asker: Asker, items: Iterable[T]) -> None:
        shared = iter(items)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._asking.settings.concurrency):
                group.create_task(self._work(asker, shared))

    async def _work(self, asker: Asker, items: Iterator[T]) -> None:
        for item in items:
            asker.take_turn()
            try:
                await self._answer(asker, item)
            except (LLMUnavailable, BadStore) as error:
                self._result.fault = self._result.fault or error
                self._stop(asker)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if self._stopping and task is not None and not task.cancelling():
                    return
                raise
            else:
                self._result.done += 1
                self._asking.progress.advance(self._stage, note=self._name(item))
            if self._stopping:
                return
