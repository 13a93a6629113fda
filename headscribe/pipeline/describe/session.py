"""One session at a run: from its map, over what is left to describe, to its tables and its report."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from headscribe.core.batch import Batch, BatchReport
from headscribe.core.descriptions import Status
from headscribe.core.errors import BadStore, LLMUnavailable
from headscribe.pipeline.asking.asked import Asked
from headscribe.pipeline.asking.interrupts import run_async
from headscribe.pipeline.asking.loop import WorkerLoop
from headscribe.pipeline.describe.batch import BatchWork
from headscribe.pipeline.describe.batch_submit import submit
from headscribe.pipeline.describe.costs import heads_at_once
from headscribe.pipeline.describe.describers import live_describer, offline_describer
from headscribe.pipeline.describe.laboratory import Laboratory
from headscribe.pipeline.describe.one_head import HeadDescriber
from headscribe.pipeline.describe.outputs import State, WriteReport, finish_run, start_header
from headscribe.pipeline.describe.request import DescribeRequest
from headscribe.pipeline.describe.summary import RunSummary, no_counts
from headscribe.pipeline.describe.work import Work, find_work
from headscribe.pipeline.map.identity import map_identity
from headscribe.pipeline.map.job import check_map
from headscribe.pipeline.map.map import fill_map
from headscribe.store.describe.run_dir import MAP
from headscribe.store.describe.run_header import RunHeader
from headscribe.store.describe.run_writer import RunWriter
from headscribe.store.headers import now
from headscribe.store.map.map_dir import MapDir

if TYPE_CHECKING:
    from headscribe.agent.batch.outbox import Outbox
    from headscribe.agent.describers import Describer

STAGE = "describe"


class Session:
    """One session at a run: ``open_map``, then ``describe`` or ``describe_by``, then ``finish``.

    ``finish`` writes what there is, however far the others came: each of them may be cut short.

    Args:
        request: what is asked of the run.
        writer: of the run.
        write_report: makes the report in the end.
        started: when the command began, by ``time.monotonic``.

    Attributes:
        asked: what came of asking so far.
    """

    def __init__(
        self, request: DescribeRequest, writer: RunWriter, write_report: WriteReport, started: float
    ) -> None:
        self.asked = Asked(request.price)
        self._request, self._writer, self._write_report = request, writer, write_report
        self._started, self._started_at = started, now()
        self._map: MapDir | None = None
        self._work: Work | None = None
        self._header: RunHeader | None = None
        self._already_done = 0
        self._batch: BatchReport | None = None

    def open_map(self, *, asks: bool) -> None:
        """Find or make the map; before it is made, see that the LLM answers, if it will be asked."""
        request, own = self._request, self._request.run / MAP
        if named := request.map_path or self._named_before():
            self._map = check_map(request.map_job, named)
            return
        if asks and request.spec.kind not in {"rules", "vllm"} and not MapDir.exists(own):
            # Mapping may take an hour; a missing key is better known before it.
            run_async(self._try_llm())
        self._map = fill_map(
            request.map_job,
            own,
            force=request.force,
            command=request.command,
            progress=request.progress,
            engine=request.engine,
        )

    def _named_before(self) -> Path | None:
        """The map outside the run that an earlier session was given."""
        before = self._writer.previous
        if before is None or before.map.path == MAP:
            return None
        return (self._request.run / before.map.path).resolve()

    async def _try_llm(self) -> None:
        async with live_describer(self._request, self._writer.journal):
            pass

    def describe(self) -> None:
        """Describe what is left; every outcome is in the journal when this ends, however it ends."""
        run_async(self._describe(self.asked))

    def describe_by(self, batch: Batch) -> None:
        """Describe by a batch file; an LLM or a server that fails ends the session in order."""
        work = BatchWork(batch, self._request, self._writer.journal, self._replay, self.asked.totals)
        self._batch = work.report
        try:
            if batch.mode == "submit":
                submit(work)
            elif batch.mode == "read":
                work.read()
            else:
                work.write()
        except LLMUnavailable as error:
            self.asked.fault = error

    def _replay(self, outbox: Outbox) -> bool:
        """Describe from the journal alone; whether every head was looked at, but for a budget."""
        first, replay = self._work is None, Asked(self._request.price)
        run_async(self._describe(replay, outbox))
        asked = self.asked
        asked.done += replay.done
        asked.interrupted, asked.fault = replay.interrupted, replay.fault
        if first:
            asked.totals.replayed = replay.totals.replayed
        return not replay.ended_early or replay.budget is not None

    async def _describe(self, asked: Asked, outbox: Outbox | None = None) -> None:
        """Describe what is left.

        Args:
            asked: gets what came of it.
            outbox: takes the calls that the journal cannot answer; heads that need them wait.
        """
        work = await self._find_work(frozenset() if outbox else self._request.retry)
        if not work.left:
            return
        request, journal = self._request, self._writer.journal
        by = offline_describer(request, journal, outbox) if outbox else live_describer(request, journal)
        try:
            async with by as describer:
                asked.totals = describer.totals
                await self._run_loop(describer, work, asked)
        except LLMUnavailable as error:
            asked.fault = error

    async def _find_work(self, retry: frozenset[Status]) -> Work:
        """What is left to describe; ``run.json`` says from here on that it is being done."""
        assert self._map is not None
        request, writer, first = self._request, self._writer, self._work is None
        async with offline_describer(request, writer.journal) as planner:
            self._work = work = find_work(
                self._map,
                request.job.heads,
                planner,
                writer.journal.statuses(),
                retry,
                comparison_heads=request.comparison_heads,
            )
            self._header = start_header(request, self._map, planner, writer.previous, self._started_at)
        if first:
            self._already_done = len(work.identities) - len(work.left)
        writer.write_header(self._header)
        return work

    async def _run_loop(self, describer: Describer, work: Work, asked: Asked) -> None:
        assert self._map is not None
        request, journal = self._request, self._writer.journal
        heads = HeadDescriber(
            describer,
            journal,
            place=map_identity(self._map.header.model, self._map.header.settings),
            laboratory=self._laboratory() if describer.method == "agent" or request.settings.critic else None,
        )
        loop = WorkerLoop(
            heads.describe,
            describer.drain,
            asked,
            request.progress,
            stage=STAGE,
            noun="heads",
            work=lambda item: item.work,
        )
        await loop.run(work.items(self._map), len(work.left), heads_at_once(request.settings))

    def _laboratory(self) -> Laboratory:
        request, job = self._request, self._request.job
        running = request.settings.running_model
        return Laboratory(job.checkpoint, job.settings, running=running, progress=request.progress)

    def finish(self) -> RunSummary:
        """Write the tables, the report and the header, and sum up.

        Raises:
            LLMUnavailable: nothing was described, now or earlier.
            BadStore: the folder cannot be written any more; the journal holds what was answered.
        """
        asked, request = self.asked, self._request
        if isinstance(asked.fault, BadStore):
            raise asked.fault
        counts, report = no_counts(), None
        if self._header and self._work and self._map:
            header = self._header.model_copy(
                update={
                    "state": self._state(),
                    "finished_at": now(),
                    "seconds": self._header.seconds + time.monotonic() - self._started,
                }
            )
            counts, report = finish_run(self._writer, self._write_report, header, self._map, self._work)
        if asked.fault and not asked.budget and not any(counts.values()):
            raise asked.fault
        return RunSummary(
            run=request.run,
            llm=request.spec.name,
            heads=len(request.job.heads),
            asked=asked,
            counts=counts,
            already_done=self._already_done,
            seconds=time.monotonic() - self._started,
            resume=request.resume,
            report=report,
            batch=self._batch,
        )

    def _state(self) -> State:
        if self.asked.interrupted:
            return "interrupted"
        waits = self._batch is not None and self._batch.waiting > 0
        return "stopped" if self.asked.fault or waits else "finished"
