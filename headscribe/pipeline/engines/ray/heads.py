"""Describing heads on the nodes of a Ray cluster, seen from the driver, who keeps the journal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from headscribe.core.chat import CallFailed, CallJournal, ChatReply, ChatRequest, FailureKind
from headscribe.core.errors import HeadscribeError, LLMUnavailable
from headscribe.core.evidence import Evidence
from headscribe.core.heads import Head
from headscribe.core.progress import Progress
from headscribe.core.records import Outcome
from headscribe.core.settings import DescribeSettings
from headscribe.pipeline.engines.job import MapJob
from headscribe.pipeline.engines.ray.cluster import Cluster, Node, raise_as_here, raise_if_not_installed
from headscribe.pipeline.engines.ray.source import Source

if TYPE_CHECKING:
    from headscribe.agent.budget import Budget
    from headscribe.agent.caller import Caller
    from headscribe.agent.describers import Describer
    from headscribe.agent.experiments import Experiments
    from headscribe.agent.llm.spec import LLMSpec
    from headscribe.pipeline.engines.ray.node import Ask, Check, Event

_CLOSE_SECONDS = 60.0


@dataclass(eq=False, slots=True)
class Worker:
    """A node's ``HeadWorker``, and how many heads it has."""

    node: Node
    actor: Any
    heads: int = 0


@dataclass(frozen=True, slots=True)
class _OnNode:
    """Stands for experiments on a head that the node runs itself."""

    head: Head


class HeadsOnNodes:
    """A laboratory that only says which head is meant."""

    def of_head(self, head: Head) -> Experiments:
        """What the node needs to make the experiments."""
        there: Any = _OnNode(head)
        return there  # type: ignore[no-any-return]


@asynccontextmanager
async def open_ray_describer(
    cluster: Cluster,
    job: MapJob,
    spec: LLMSpec,
    settings: DescribeSettings,
    journal: CallJournal,
    progress: Progress,
    budget: Budget | None,
) -> AsyncIterator[Describer]:
    """A describer whose heads are tasks on the nodes; see ``Engine.describer``."""
    from headscribe.agent.caller import Caller
    from headscribe.agent.describers import open_describer
    from headscribe.agent.llm.balanced import BalancedClient
    from headscribe.agent.rehearsal import NoJournal
    from headscribe.pipeline.engines.ray.node import HeadJob, HeadWorker
    from headscribe.prompts import load_template

    rules = spec.kind == "rules"
    template = None if rules else load_template(settings.prompt, settings.prompt_folders)
    source = Source.of(job.checkpoint)
    there = HeadJob(spec, settings, template, job.operations, source, job.settings)
    # No processor of Ray's count: describing waits for an LLM nearly all the time.
    workers = [
        Worker(node, cluster.start(HeadWorker, node, there, num_cpus=0, max_restarts=0))
        for node in cluster.nodes()
    ]
    try:
        workers = await _prepared(workers, progress)
        clients = {worker.node.name: NodeClient(worker, spec.name) for worker in workers}
        balanced = BalancedClient(spec.name, clients, progress.say)
        caller = Caller(balanced, journal, settings=settings, budget=budget)
        planning = open_describer(
            spec, settings, NoJournal(), progress, operations=job.operations, connect=False
        )
        async with planning as plan:
            yield RayDescriber(plan, caller, workers, progress)
        if line := balanced.summary("node"):
            progress.say(line)
    finally:
        await _dismiss(workers)


async def _prepared(workers: list[Worker], progress: Progress) -> list[Worker]:
    """Those that can ask the LLM.

    Raises:
        HeadscribeError: none can; as the first of them says.
    """
    faults = await asyncio.gather(*map(_prepare, workers))
    for worker, fault in zip(workers, faults, strict=True):
        if fault is not None and not all(faults):
            progress.say(f"Node {worker.node.name} takes no part: {fault}")
    ready = [worker for worker, fault in zip(workers, faults, strict=True) if fault is None]
    if not ready:
        raise next(filter(None, faults), _no_node_left())
    return ready


async def _prepare(worker: Worker) -> HeadscribeError | None:
    from ray.exceptions import RayError, RayTaskError

    try:
        try:
            await worker.actor.prepare.remote()
        except RayTaskError as error:
            raise_as_here(error, worker.node)
        except RayError as error:
            raise_if_not_installed(error, worker.node)
            raise LLMUnavailable("the node was lost", where=worker.node.name) from error
    except HeadscribeError as fault:
        return fault
    return None


async def _dismiss(workers: list[Worker]) -> None:
    """Let each close its LLM in order (a server that it started ends), then end it."""
    import ray

    closing = [asyncio.ensure_future(_closed(worker)) for worker in workers]
    if closing:
        await asyncio.wait(closing, timeout=_CLOSE_SECONDS)
    for worker in workers:
        ray.kill(worker.actor)


async def _closed(worker: Worker) -> None:
    from ray.exceptions import RayError

    try:
        await worker.actor.close.remote()
    except RayError:
        return


def _no_node_left() -> LLMUnavailable:
    do = "Start nodes, then give the same command again to go on"
    return LLMUnavailable("the cluster has no node left that describes", where="--engine ray", do=do)


class NodeClient:
    """A chat client whose requests leave from a node.

    Args:
        worker: of the node.
        name: what names the answers.
    """

    def __init__(self, worker: Worker, name: str) -> None:
        self._worker, self.name = worker, name

    async def check(self) -> None:
        """Whether the LLM can be asked from there.

        Raises:
            LLMUnavailable: it cannot, or the node is lost.
        """
        from ray.exceptions import RayError

        try:
            fault = await self._worker.actor.check.remote()
        except RayError:
            raise LLMUnavailable("the node was lost", where=self._worker.node.name) from None
        if fault is not None:
            raise fault

    async def send(self, request: ChatRequest) -> ChatReply:
        """Make one attempt.

        Raises:
            CallFailed: no reply came, or the node was lost meanwhile.
        """
        from ray.exceptions import RayError

        try:
            reply: ChatReply | CallFailed = await self._worker.actor.send.remote(request)
        except RayError:
            message = f"node {self._worker.node.name} was lost"
            raise CallFailed(FailureKind.CONNECTION, message) from None
        if isinstance(reply, CallFailed):
            raise reply
        return reply

    async def aclose(self) -> None:
        """Closed with its worker."""


class RayDescriber:
    """Gives each head to the node with the fewest, and makes the calls that its method asks for.

    A head whose node is lost is described anew on another; the calls it had made are in the journal.

    Args:
        plan: a describer for planning alone, which knows names and hashes.
        caller: makes the calls; journal and budget are here.
        workers: at least one.
        progress: told of nodes that were lost.
    """

    def __init__(self, plan: Describer, caller: Caller, workers: list[Worker], progress: Progress) -> None:
        self.llm, self.method = plan.llm, plan.method
        self.prompt, self.prompt_hash, self.method_hash = plan.prompt, plan.prompt_hash, plan.method_hash
        self.totals = caller.totals
        self._plan, self._caller, self._progress = plan, caller, progress
        self._workers, self._numbers = list(workers), count()

    async def describe(
        self, evidence: Evidence, *, fresh: bool = False, experiments: Experiments | None = None
    ) -> Outcome:
        """Describe one head; see ``Describer``."""
        from ray.exceptions import RayError, RayTaskError

        head = experiments.head if isinstance(experiments, _OnNode) else None
        answered: set[str] = set()
        while self._workers:
            worker = min(self._workers, key=lambda one: one.heads)
            worker.heads += 1
            try:
                return await _Following(self._caller, worker, self._progress, answered).describe(
                    next(self._numbers), evidence, head, fresh
                )
            except RayTaskError as error:
                raise_as_here(error, worker.node)
            except RayError:
                self._lose(worker)
            finally:
                worker.heads -= 1
        raise _no_node_left()

    def requests(self, evidence: Evidence) -> list[ChatRequest]:
        """What would be asked first about a head."""
        return self._plan.requests(evidence)

    def drain(self) -> None:
        """Begin no further call; those in flight may finish."""
        self._caller.drain()

    def _lose(self, worker: Worker) -> None:
        if worker in self._workers:
            self._workers.remove(worker)
            self._progress.say(f"Node {worker.node.name} was lost; its heads are described elsewhere")


class _Following:
    """One head on one node: its method's questions come here, the answers go back.

    Args:
        caller: makes the calls.
        worker: where the head is.
        progress: for what the method says.
        answered: identities of calls that were answered in this session, which are not asked afresh again.
    """

    def __init__(self, caller: Caller, worker: Worker, progress: Progress, answered: set[str]) -> None:
        self._caller, self._worker, self._progress = caller, worker, progress
        self._answered = answered
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    async def describe(self, number: int, evidence: Evidence, head: Head | None, fresh: bool) -> Outcome:
        """The head's outcome.

        Raises:
            RayError: the node was lost, or the method failed there.
            LLMUnavailable, BadStore, asyncio.CancelledError: as the caller says.
        """
        from ray.exceptions import RayError, RayTaskError

        actor = self._worker.actor
        self._start(
            self._follow(actor.describe.options(num_returns="streaming"), number, evidence, head, fresh)
        )
        lost = False
        try:
            return await self._ended
        except BaseException as error:
            lost = isinstance(error, RayError) and not isinstance(error, RayTaskError)
            actor.stop.remote(number)
            raise
        finally:
            # With the node lost, calls in flight go on: the head asks for the same replies elsewhere.
            for task in () if lost else self._tasks:
                task.cancel()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """What ends any part of the work ends the head."""
        try:
            await work
        except BaseException as error:  # noqa: BLE001 - raised where the head is waited for
            if self._ended.done():
                return
            if isinstance(error, asyncio.CancelledError):
                self._ended.cancel()
            else:
                self._ended.set_exception(error)

    async def _follow(self, describe: Any, *arguments: Any) -> None:
        from headscribe.pipeline.engines.ray.node import Done, Say

        async for coming in describe.remote(*arguments):
            event: Event = await coming
            if isinstance(event, Done):
                if not self._ended.done():
                    self._ended.set_result(event.outcome)
            elif isinstance(event, Say):
                self._progress.say(event.line)
            else:
                self._start(self._answer(event))

    async def _answer(self, asked: Ask | Check) -> None:
        from headscribe.pipeline.engines.ray.node import Ask

        answer: ChatReply | CallFailed | HeadscribeError | None = None
        try:
            if isinstance(asked, Ask):
                answer = await self._call(asked)
            else:
                await self._caller.client.check()
        except CallFailed as error:
            answer = error
        await self._worker.actor.answer.remote(asked.number, answer)

    async def _call(self, asked: Ask) -> ChatReply:
        parts = asked.messages, asked.schema, asked.tools, asked.tool_choice
        identity = self._caller.request(*parts).identity()
        reply = await self._caller.call(
            asked.messages,
            schema=asked.schema,
            tools=asked.tools,
            tool_choice=asked.tool_choice,
            fresh=asked.fresh and identity not in self._answered,
        )
        self._answered.add(identity)
        return reply
