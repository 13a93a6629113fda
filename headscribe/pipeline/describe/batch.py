"""Describing by batch files: what the journal lacks goes out as lines, and comes back into the journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

from headscribe.core.batch import Batch, BatchReport
from headscribe.core.chat import Attempt, ChatReply, ChatRequest
from headscribe.core.descriptions import Status
from headscribe.core.errors import BadOption
from headscribe.core.usage import CallTotals
from headscribe.pipeline.asking.budget import run_budget
from headscribe.pipeline.asking.metering import MeteredJournal
from headscribe.pipeline.describe.request import DescribeRequest
from headscribe.store.atomic import replacing
from headscribe.store.describe.journal import Journal

if TYPE_CHECKING:
    from headscribe.agent.batch.answers import BatchAnswer, BatchOutput
    from headscribe.agent.batch.outbox import Outbox
    from headscribe.agent.budget import Budget

_RECORDED_AT_ONCE = 32


def check_batch(batch: Batch, request: DescribeRequest) -> None:
    """See that a batch is possible before anything is computed.

    Raises:
        BadOption: the LLM cannot be asked so, or the file cannot be used.
        LLMUnavailable: ``submit`` has no key.
    """
    kind, name = request.spec.kind, request.spec.name
    if kind in {"rules", "langchain"}:
        why = "asks nobody" if kind == "rules" else "has no batches in OpenAI's format"
        do = (
            "Choose an LLM that speaks OpenAI's protocol: openai:NAME, vllm:MODEL or http://HOST:PORT/v1#NAME"
        )
        raise BadOption(f"{name} {why}", where="--batch", do=do)
    if unfit := sorted(request.retry - {Status.FAILED}):
        do = "Ask such heads again without --batch"
        raise BadOption(f"--retry {','.join(unfit)} does not go with --batch", where="--batch", do=do)
    if batch.mode == "read" and not batch.file.is_file():
        raise BadOption("there is no such file", where=batch.file, do="Name the file that the runner wrote")
    if batch.mode != "read":
        _check_overwriting(batch)
    if batch.mode == "submit":
        if kind not in {"openai", "server"}:
            do = "Give --batch write FILE, run the file yourself, and give --batch read with its output"
            raise BadOption(f"{name} takes no batches over the network", where="--batch submit", do=do)
        from headscribe.agent.llm.keys import key_of

        key_of(request.spec)


def _check_overwriting(batch: Batch) -> None:
    from headscribe.agent.batch.lines import is_batch_line

    if batch.file.is_dir():
        raise BadOption("this is a folder", where=batch.file, do="Name a file for the requests")
    if batch.file.is_file() and batch.file.stat().st_size:
        with batch.file.open(encoding="utf-8", errors="replace") as lines:
            if not is_batch_line(lines.readline()):
                do = "Name another file for the requests"
                raise BadOption("this file holds something else than requests", where=batch.file, do=do)


class BatchWork:
    """One session's dealings with batch files.

    Args:
        batch: what to do.
        request: the run that it is for.
        journal: of the run; gets every answer.
        replay: describes what can be described from the journal, with an outbox in place of an LLM; False
            where it was cut short, so that the outbox may lack requests.
        totals: told of the replies that are taken in.

    Attributes:
        report: what was done so far.
    """

    def __init__(
        self,
        batch: Batch,
        request: DescribeRequest,
        journal: Journal,
        replay: Callable[[Outbox], bool],
        totals: CallTotals,
    ) -> None:
        self.report = BatchReport(batch.mode, batch.file)
        self.batch, self.request = batch, request
        self._journal, self._replay, self._totals = journal, replay, totals
        self._ask_again = Status.FAILED in request.retry

    def write(self, most_requests: int | None = None, most_bytes: int | None = None) -> int:
        """Write what the run needs next, in whole or as much as fits; the number of requests.

        The file is replaced at once or not at all; where nothing is needed, it stays as it is.

        Raises:
            BadStore: the file cannot be written.
        """
        from headscribe.agent.batch.lines import batch_line

        request, journal = self.request, self._journal
        budget = run_budget(request.settings, request.price, journal, request.spec.name)
        outbox = self._collect(journal.errors, ask_again=self._ask_again, budget=budget)
        self._ask_again = False
        if outbox is None or not outbox.waiting:
            return 0
        lines = (batch_line(request, self.request.spec) for request in outbox.waiting.values())
        self.report.requests = size = 0
        with replacing(self.batch.file) as temporary, temporary.open("w", encoding="ascii") as file:
            for line in islice(lines, most_requests):
                size += len(line)
                if most_bytes is not None and size > most_bytes:
                    break
                file.write(line)
                self.report.requests += 1
        return self.report.requests

    def read(self) -> None:
        """Take in the answers of ``batch.file``.

        Raises:
            BadOption: it holds none.
        """
        from headscribe.agent.batch.answers import BatchOutput

        output = BatchOutput()
        with self.batch.file.open("rb") as lines:
            output.add(lines)
        if not output.answers:
            do = "Name the file that the batch runner wrote, not the one that it read"
            raise BadOption("no line of this file is an answer of a batch", where=self.batch.file, do=do)
        self.take(output)

    def take(self, output: BatchOutput) -> int:
        """Put answers into the journal and describe from there, for as long as they answer what is needed.

        Returns:
            the lines that were new.
        """
        report, used = self.report, set[str]()
        missing = None

        def errors(identity: str) -> list[str]:
            # What was refused before may have its answer now.
            fresh = identity in output.answers and identity not in used
            return [] if fresh else self._journal.errors(identity)

        before = report.known
        while (outbox := self._collect(errors)) is not None:
            found = [identity for identity in outbox.waiting if identity in output.answers.keys() - used]
            missing = len(outbox.waiting) - len(found) if missing is None else missing
            if not found:
                break
            used.update(found)
            self._keep((outbox.waiting[identity], output.answers[identity]) for identity in found)
        new = len(used) - (report.known - before)
        report.missing = missing or 0
        for identity in output.answers.keys() - used:
            known = self._journal.find(identity) or self._journal.errors(identity)
            report.known, report.unknown = report.known + bool(known), report.unknown + (not known)
        report.duplicated += output.duplicated
        report.unreadable += output.unreadable
        return new

    def _collect(
        self,
        errors: Callable[[str], Sequence[str]],
        *,
        ask_again: bool = False,
        budget: Budget | None = None,
    ) -> Outbox | None:
        """The requests that the run needs next; None where looking for them was cut short."""
        from headscribe.agent.batch.outbox import Outbox

        outbox = Outbox(self.request.spec.name, errors, ask_again=ask_again, budget=budget)
        complete = self._replay(outbox)
        self.report.waiting = len(outbox.waiting)
        return outbox if complete else None

    def _keep(self, lines: Iterable[tuple[ChatRequest, BatchAnswer]]) -> None:
        """Put lines into the journal, many at once, so that they share its waits for the disk."""
        journal = MeteredJournal(self._journal, self.request.price)
        attempts = [attempt for line in lines if (attempt := self._attempt(*line))]
        with ThreadPoolExecutor(_RECORDED_AT_ONCE) as pool:
            for _ in pool.map(journal.record, attempts):
                pass

    def _attempt(self, request: ChatRequest, answer: BatchAnswer) -> Attempt | None:
        """A line as an attempt; None for a failure that the journal holds, known by the name of its line."""
        result, mark = answer.result, f" [{answer.id}]"
        errors = self._journal.errors(request.identity())
        if isinstance(result, ChatReply):
            from headscribe.agent.received import received

            reply = received(result, request)
            self.report.taken += 1
            self._totals.paid(reply.usage)
            return Attempt(request, len(errors) + 1, time.time(), 0.0, reply=reply)
        if any(error.endswith(mark) for error in errors):
            self.report.known += 1
            return None
        self.report.failed[result.kind] += 1
        return Attempt(request, len(errors) + 1, time.time(), 0.0, error=f"{result}{mark}")
