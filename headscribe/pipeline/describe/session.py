"""One session at a run: from its map, over what is left to describe, to its tables and its report."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from headscribe.core.batch import Batch
from headscribe.core.chat import CallJournal
from headscribe.core.errors import BadStore, LLMUnavailable
from headscribe.pipeline.asking.budget import cost_of, run_budget
from headscribe.pipeline.asking.interrupts import orderly_end, run_async
from headscribe.pipeline.asking.metering import MeteredJournal
from headscribe.pipeline.describe.batch import BatchWork
from headscribe.pipeline.describe.batch_submit import submit
from headscribe.pipeline.describe.costs import heads_at_once
from headscribe.pipeline.describe.outputs import State, WriteReport, finish_run, start_header
from headscribe.pipeline.describe.request import DescribeRequest
from headscribe.pipeline.describe.summary import RunSummary, budget_option, no_counts
from headscribe.pipeline.describe.work import Work, find_work
from headscribe.pipeline.describe.workers import STAGE, Workers
from headscribe.pipeline.map.identity import map_identity
from headscribe.pipeline.map.job import check_map
from headscribe.pipeline.map.map import fill_map
from headscribe.store.describe.run_dir import MAP, RunWriter
from headscribe.store.headers import RunHeader, now
from headscribe.store.map.map_dir import MapDir

if TYPE_CHECKING:
    from headscribe.agent.batch.outbox import Outbox
    from headscribe.agent.budget import Budget
    from headscribe.agent.caller import CallTotals
    from headscribe.agent.describers import Describer


@dataclass
class Session:
    """One session at a run, from its map to its tables."""

    request: DescribeRequest
    writer: RunWriter
    write_report: WriteReport
    started: float
    map_dir: MapDir | None = None
    work: Work | None = None
    header: RunHeader | None = None
    totals: CallTotals | None = None
    already_done: int | None = None
    described: int = 0
    batch: BatchWork | None = None
    interrupted: bool = False
    fault: LLMUnavailable | BadStore | None = None
    started_at: str = field(default_factory=now)

    def prepare(self, *, asks: bool = True) -> None:
        """See that the LLM answers, if it will be asked, then find or make the map."""
        request, own = self.request, self.request.run / MAP
        named = request.map_path or self._named_before()
        quick = asks and request.spec.kind not in {"rules", "vllm"}
        if quick and not (named or MapDir.exists(own)):
            # Mapping may take an hour; a missing key is better known before it.
            run_async(self._try_llm())
        if named:
            self.map_dir = check_map(request.map_job, named)
        else:
            self.map_dir = fill_map(
                request.map_job,
                own,
                force=request.force,
                command=request.command,
                progress=request.progress,
                engine=request.engine,
            )

    def _named_before(self) -> Path | None:
        """The map outside the run that an earlier session was given."""
        before = self.writer.previous
        if before is None or before.map.path == MAP:
            return None
        return (self.request.run / before.map.path).resolve()

    async def _try_llm(self) -> None:
        async with self._describer():
            pass

    def work_by(self, batch: Batch) -> None:
        """Describe by a batch file; an LLM or a server that fails ends the session in order."""
        from headscribe.agent.caller import CallTotals

        self.totals = CallTotals()
        self.batch = BatchWork(batch, self.request, self.writer.journal, self._replay, self.totals)
        try:
            _run_batch(self.batch)
        except LLMUnavailable as error:
            self.fault = error

    def _replay(self, outbox: Outbox) -> bool:
        """Describe from the journal alone; whether every head was looked at, but for a budget."""
        taken, first = self.totals, self.work is None
        try:
            run_async(self.describe(outbox))
            if first and taken and self.totals:
                taken.replayed = self.totals.replayed
        finally:
            self.totals = taken
        return not self.interrupted and (self.fault is None or budget_option(self.fault) is not None)

    def _describer(
        self, *, connect: bool = True, outbox: Outbox | None = None
    ) -> AbstractAsyncContextManager[Describer]:
        from headscribe.agent.describers import open_describer

        request = self.request
        journal: CallJournal = MeteredJournal(self.writer.journal, request.price)
        if outbox:
            from headscribe.agent.batch.outbox import ReadOnlyJournal

            journal = ReadOnlyJournal(journal)
        elif connect:
            return request.engine.describer(
                request.job, request.spec, request.settings, journal, request.progress, self._budget()
            )
        return open_describer(
            request.spec,
            request.settings,
            journal,
            request.progress,
            client=outbox,
            operations=request.job.operations,
            connect=connect,
        )

    def _budget(self) -> Budget | None:
        return run_budget(self.request.settings, self.request.price, self.writer.journal)

    async def describe(self, outbox: Outbox | None = None) -> None:
        """Describe what is left; every outcome is in the journal when this ends, however it ends.

        Args:
            outbox: takes the calls that the journal cannot answer; heads that need them wait.
        """
        assert self.map_dir is not None
        self.fault = None
        request, journal = self.request, self.writer.journal
        async with self._describer(connect=False) as planner:
            self.work = find_work(
                self.map_dir,
                request.job.heads,
                planner,
                journal.statuses(),
                frozenset() if outbox else request.retry,
                comparison_heads=request.comparison_heads,
            )
            if self.already_done is None:
                self.already_done = len(self.work.identities) - len(self.work.left)
            self.header = start_header(request, self.map_dir, planner, self.writer.previous, self.started_at)
        self.writer.write_header(self.header)
        if not self.work.left:
            return
        try:
            async with self._describer(outbox=outbox) as describer:
                self.totals = describer.totals
                await self._run_workers(describer, self.map_dir, self.work)
        except LLMUnavailable as error:
            self.fault = error

    async def _run_workers(self, describer: Describer, map_dir: MapDir, work: Work) -> None:
        request, progress = self.request, self.request.progress
        place = map_identity(map_dir.header.model, map_dir.header.settings)
        job = request.job
        laboratory = request.engine.laboratory(job) if describer.method == "agent" else None
        workers = Workers(
            describer, self.writer.journal, place=place, progress=progress, laboratory=laboratory
        )

        def stop() -> None:
            self.interrupted = True
            workers.stop()
            progress.say(
                f"Interrupted: waiting for {workers.in_flight} heads in flight. Ctrl-C again drops them"
            )

        progress.start(STAGE, len(work.left))
        try:
            with orderly_end(stop):
                await workers.run(work.items(map_dir), heads_at_once(request.settings))
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self.interrupted or task is None:
                raise
            task.uncancel()
        finally:
            progress.finish(STAGE)
            self.described += workers.finished
            self.fault = workers.fault

    def finish(self) -> RunSummary:
        """Write the tables, the report and the header, and sum up.

        Raises:
            LLMUnavailable: nothing was described, now or earlier.
            BadStore: the folder cannot be written any more; the journal holds what was answered.
        """
        if isinstance(self.fault, BadStore):
            raise self.fault
        request = self.request
        counts, report = no_counts(), None
        if self.header and self.work and self.map_dir:
            waits = self.batch is not None and self.batch.report.waiting > 0
            stopped = self.fault is not None or waits
            state: State = "interrupted" if self.interrupted else "stopped" if stopped else "finished"
            seconds = time.monotonic() - self.started
            counts, report = finish_run(
                self.writer,
                self.write_report,
                self.header,
                self.map_dir,
                self.work,
                state=state,
                seconds=seconds,
            )
        budget = budget_option(self.fault)
        if self.fault and not budget and not any(counts.values()):
            raise self.fault
        totals = self.totals
        return RunSummary(
            run=request.run,
            llm=request.spec.name,
            heads=len(request.job.heads),
            counts=counts,
            already_done=self.already_done or 0,
            described=self.described,
            calls=totals.calls - totals.failed if totals else 0,
            replayed=totals.replayed if totals else 0,
            retried={kind.value: number for kind, number in totals.retried.items()} if totals else {},
            prompt_tokens=totals.prompt_tokens if totals else 0,
            completion_tokens=totals.completion_tokens if totals else 0,
            cached_tokens=totals.cached_tokens if totals else 0,
            cost_usd=cost_of(totals, request.price) if totals else None,
            seconds=time.monotonic() - self.started,
            interrupted=self.interrupted,
            stopped=str(self.fault) if self.fault else None,
            budget=budget,
            resume=request.resume,
            report=report,
            batch=self.batch.report if self.batch else None,
        )


def _run_batch(work: BatchWork) -> None:
    """Write, read or submit.

    Raises:
        BadOption, BadStore, LLMUnavailable: as ``write``, ``read`` and ``submit`` do.
    """
    by_mode: dict[str, Callable[[], object]] = {
        "write": work.write,
        "read": work.read,
        "submit": partial(submit, work),
    }
    by_mode[work.batch.mode]()
