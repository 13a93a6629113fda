"""The one loop that asks LLMs: workers that take the next item, until none is left or it has to end.

``WorkerLoop`` is the loop; describing runs it with a describer. ``ask_all`` opens an LLM around it, for the
many questions of one kind that judges and explainers ask.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from headscribe.core.chat import NotAnsweredYet
from headscribe.core.errors import BadStore, LLMUnavailable
from headscribe.core.progress import Progress
from headscribe.core.settings import AskSettings
from headscribe.pipeline.asking.asked import Asked
from headscribe.pipeline.asking.budget import run_budget
from headscribe.pipeline.asking.interrupts import orderly_end, run_async
from headscribe.pipeline.asking.metering import MeteredJournal
from headscribe.store.describe.journal import Journal

if TYPE_CHECKING:
    from headscribe.agent.asking import Asker
    from headscribe.agent.llm.spec import LLMSpec
    from headscribe.core.prices import Price

T = TypeVar("T")


class WorkerLoop(Generic[T]):
    """Deals with items side by side until none is left, someone asks to stop, or the LLM cannot be used.

    The first Ctrl-C lets what is in flight finish and begins nothing more; so does an ``LLMUnavailable`` or a
    ``BadStore``, which becomes the fault. A second Ctrl-C drops what is in flight.

    Args:
        deal: deals with one item, keeps what came of it, and gives a note for progress. It may raise
            ``NotAnsweredYet`` to leave the item for later; ``CallFailed`` is its own to handle.
        drain: has the LLM begin no further call.
        asked: gets what came of it, as it comes.
        progress: told of every finished item.
        stage: the name of the work, for progress.
        noun: what the items are, for people.
        work: items of equal work wait for each other, so that their answer is paid for once.
    """

    def __init__(
        self,
        deal: Callable[[T], Awaitable[str]],
        drain: Callable[[], None],
        asked: Asked,
        progress: Progress,
        *,
        stage: str,
        noun: str = "questions",
        work: Callable[[T], str] | None = None,
    ) -> None:
        self._deal, self._drain, self._asked, self._progress = deal, drain, asked, progress
        self._stage, self._noun, self._work = stage, noun, work
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._in_flight = 0
        self._stopping = False

    async def run(self, items: Iterable[T], total: int, at_once: int) -> None:
        """Deal with ``total`` items, ``at_once`` at a time.

        Raises:
            asyncio.CancelledError: cancelled by someone else than a second Ctrl-C.
        """
        shared = iter(items)
        self._progress.start(self._stage, total)
        try:
            with orderly_end(self._interrupt):
                async with asyncio.TaskGroup() as group:
                    for _ in range(at_once):
                        group.create_task(self._worker(shared))
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._asked.interrupted or task is None:
                raise
            task.uncancel()
        finally:
            self._progress.finish(self._stage)

    def _interrupt(self) -> None:
        self._asked.interrupted = True
        self._stop()
        self._progress.say(
            f"Interrupted: waiting for {self._in_flight} {self._noun} in flight. Ctrl-C again drops them"
        )

    def _stop(self) -> None:
        self._stopping = True
        self._drain()

    async def _worker(self, items: Iterator[T]) -> None:
        for item in items:
            self._in_flight += 1
            try:
                await self._finish(item)
            except (LLMUnavailable, BadStore) as error:
                self._asked.fault = self._asked.fault or error
                self._stop()
            finally:
                self._in_flight -= 1
            if self._stopping:
                return
            # Who is never waited for, as the built-in rules, lets signals and the others in.
            await asyncio.sleep(0)

    async def _finish(self, item: T) -> None:
        from headscribe.agent.slots import take_turn

        async with self._turn_of(item):
            if self._stopping:
                return
            take_turn()
            try:
                note = await self._deal(item)
            except NotAnsweredYet:
                return
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if self._stopping and task is not None and not task.cancelling():
                    return
                raise
        self._asked.done += 1
        self._progress.advance(self._stage, note=note)

    def _turn_of(self, item: T) -> AbstractAsyncContextManager[Any]:
        return self._locks[self._work(item)] if self._work else nullcontext()


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


def ask_all(
    asking: Asking,
    items: Sequence[T],
    answer: Callable[[Asker, T], Awaitable[None]],
    *,
    stage: str,
    name: Callable[[T], str] = str,
) -> Asked:
    """Answer every item, as many at once as there may be calls in flight, as ``WorkerLoop`` does.

    Every reply is in the journal at the end, however it ends, so the same call goes on where it ended.

    Args:
        asking: who is asked.
        items: what is asked about; none at all opens no LLM.
        answer: asks about one item, and keeps what came of it. ``CallFailed`` is its own to handle.
        stage: name of the work, for progress.
        name: of an item, for progress.

    Raises:
        LLMUnavailable, MissingExtra: the LLM cannot be used at all; nothing was asked.
    """
    asked = Asked(asking.price)
    if items:
        run_async(_ask_all(asking, items, answer, asked, stage, name))
    return asked


async def _ask_all(
    asking: Asking,
    items: Sequence[T],
    answer: Callable[[Asker, T], Awaitable[None]],
    asked: Asked,
    stage: str,
    name: Callable[[T], str],
) -> None:
    from headscribe.agent.asking import open_asker

    settings, progress = asking.settings, asking.progress
    journal = MeteredJournal(asking.journal, asking.price)
    budget = run_budget(settings, asking.price, asking.journal, asking.spec.name)
    async with open_asker(asking.spec, settings, journal, progress, budget=budget) as asker:
        asked.totals = asker.totals

        async def deal(item: T) -> str:
            await answer(asker, item)
            return name(item)

        loop = WorkerLoop(deal, asker.drain, asked, progress, stage=stage)
        await loop.run(items, len(items), settings.concurrency)
