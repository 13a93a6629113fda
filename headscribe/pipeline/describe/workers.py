"""Describing heads side by side: a few workers that take the next head when they are free."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headscribe.core.chat import NotAnsweredYet
from headscribe.core.errors import BadStore, LLMUnavailable
from headscribe.core.heads import Head
from headscribe.core.off_loop import off_loop
from headscribe.core.progress import Progress
from headscribe.core.records import Description, Evidence, Outcome, Status
from headscribe.core.secrets import hide_keys
from headscribe.core.tokens import plain_line
from headscribe.pipeline.asking.metering import Meter, start_head
from headscribe.store.describe.journal import Journal

if TYPE_CHECKING:
    from headscribe.agent.describers import Describer
    from headscribe.pipeline.engines.engine import Laboratory

STAGE = "describe"
_ERROR_WIDTH = 300


@dataclass(frozen=True, slots=True)
class HeadWork:
    """One head to be described, and the identity of that work; ``fresh`` asks again what was answered."""

    head: Head
    evidence: Evidence
    work: str
    fresh: bool = False


class Workers:
    """Describes items until none is left, someone asks to stop, or the LLM turns out to be unusable.

    Args:
        describer: answers for one head; its unexpected errors become the status ``failed``. A head
            whose calls are ``NotAnsweredYet`` is left for later.
        journal: gets every outcome as soon as it is known.
        place: the map identity that outcomes belong to.
        progress: told of every finished head.
        laboratory: where the method ``agent`` runs its experiments.
    """

    def __init__(
        self,
        describer: Describer,
        journal: Journal,
        *,
        place: str,
        progress: Progress,
        laboratory: Laboratory | None = None,
    ) -> None:
        self._describer, self._journal = describer, journal
        self._place, self._progress, self._laboratory = place, progress, laboratory
        # Heads with equal evidence wait for each other, so that their answer is paid for once.
        self._same_work: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._asked_again: set[str] = set()
        self.finished = 0
        self.in_flight = 0
        self.stopping = False
        self.fault: LLMUnavailable | BadStore | None = None

    def stop(self) -> None:
        """Start no further head; what is in flight may finish."""
        self.stopping = True
        self._describer.drain()

    async def run(self, items: Iterable[HeadWork], concurrency: int) -> None:
        """Describe the items, ``concurrency`` at a time.

        Raises:
            asyncio.CancelledError: the task was cancelled; all outcomes so far are in the journal.
        """
        shared = iter(items)
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(self._work(shared))

    async def _work(self, items: Iterator[HeadWork]) -> None:
        for item in items:
            self.in_flight += 1
            try:
                await self._describe(item)
            except (LLMUnavailable, BadStore) as error:
                self.fault = self.fault or error
                self.stop()
            finally:
                self.in_flight -= 1
            if self.stopping:
                return
            # The built-in rules never wait; let signals and the others in.
            await asyncio.sleep(0)

    async def _describe(self, item: HeadWork) -> None:
        async with self._same_work[item.work]:
            if self.stopping:
                return
            taken = start_head()
            fresh = item.fresh and item.work not in self._asked_again
            experiments = self._laboratory.of_head(item.head) if self._laboratory else None
            try:
                outcome = await self._describer.describe(item.evidence, fresh=fresh, experiments=experiments)
            except (LLMUnavailable, BadStore):
                raise
            except NotAnsweredYet:
                return
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if self.stopping and task is not None and not task.cancelling():
                    return
                raise
            except Exception as error:  # noqa: BLE001 - one head's failure is a status, and is counted
                outcome = Outcome(Status.FAILED, error=_one_line(error))
            self._asked_again.add(item.work)
            described = self._description(item.head, outcome, taken)
            await off_loop(self._journal.keep, item.work, described, place=self._place)
        self.finished += 1
        self._progress.advance(STAGE, note=f"{item.head.name} {outcome.status}")

    def _description(self, head: Head, outcome: Outcome, taken: Meter) -> Description:
        describer = self._describer
        return Description(
            head=head,
            outcome=outcome,
            method=outcome.method or describer.method,
            llm=describer.llm,
            prompt=describer.prompt,
            prompt_hash=describer.prompt_hash,
            prompt_tokens=taken.prompt_tokens,
            completion_tokens=taken.completion_tokens,
            cost_usd=taken.cost_usd,
            seconds=taken.seconds,
        )


def _one_line(error: Exception) -> str:
    return plain_line(hide_keys(f"{type(error).__name__}: {error}", "[key]"), _ERROR_WIDTH)
