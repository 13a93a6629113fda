"""The Ray engine's parts without a cluster: addresses, the checkpoint on a node, heads described on nodes."""

from __future__ import annotations

import asyncio
import pickle
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ray.exceptions import ActorDiedError, RayError

from headscribe.agent.caller import Caller
from headscribe.agent.describers import open_describer
from headscribe.agent.llm.failures import NoToolCalling
from headscribe.agent.llm.fake import FakeClient
from headscribe.agent.llm.spec import parse_llm
from headscribe.agent.rehearsal import NoJournal
from headscribe.core.chat import Attempt, CallFailed, ChatReply, ChatRequest, FailureKind
from headscribe.core.errors import (
    BadOption,
    ClusterUnavailable,
    DamagedCheckpoint,
    MissingExtra,
    ModelNotFound,
)
from headscribe.core.evidence import Evidence
from headscribe.core.heads import Head
from headscribe.core.records import Outcome, Status
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.mapping.checkpoint import open_checkpoint
from headscribe.mapping.head_maps import map_heads
from headscribe.pipeline import describe_model, map_model
from headscribe.pipeline.engines.ray.cluster import Cluster, Node, raise_if_not_installed
from headscribe.pipeline.engines.ray.heads import RayDescriber, Worker
from headscribe.pipeline.engines.ray.node import HeadJob, HeadWorker
from headscribe.pipeline.engines.ray.source import Source
from headscribe.prompts import load_template
from tests.pipeline.conftest import Counting, Listening

SMALL = MapSettings(salient=12, targets=3)
ASKING = DescribeSettings(prompt="describe@1", validation=2, test=4, rounds=1)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:9", "no Ray cluster answers"),
        ("nonsense", "Invalid address format"),
        ("nowhere.invalid:6379", "no Ray cluster answers"),
    ],
)
def test_an_address_where_no_cluster_is_ends_in_one_line_at_once(
    model: str, tmp_path: Path, address: str, said: str
) -> None:
    with pytest.raises(ClusterUnavailable, match=said) as error:
        map_model(model, tmp_path / "map", SMALL, engine="ray", address=address)
    assert "ray start --head" in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_addresses_that_cannot_be_meant_are_refused(model: str, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="for a cluster"):
        map_model(model, tmp_path / "map", SMALL, address="127.0.0.1:9")
    with pytest.raises(BadOption, match="Ray Client"):
        describe_model(model, tmp_path / "run", engine="ray", address="ray://127.0.0.1:9")


def test_the_address_comes_from_the_environment_or_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "10.1.2.3:6379")
    assert Cluster(None).address == "10.1.2.3:6379"
    assert Cluster("auto").address == "auto"
    monkeypatch.delenv("RAY_ADDRESS")
    assert Cluster(None).address == "auto", "never a new cluster unless that is asked for"


def test_without_ray_the_line_says_what_to_install(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match="ray is not installed") as error:
        map_model(model, tmp_path / "map", SMALL, engine="ray")
    assert "headscribe[ray]" in str(error.value)


def test_a_worker_opens_the_very_checkpoint_of_the_driver(
    model: str, other_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(model).parent)
    source = Source.of(open_checkpoint(Path(model).name))
    monkeypatch.chdir("/")
    assert source.open().facts == open_checkpoint(model).facts
    assert Source.of(open_checkpoint("demo")).model == "demo"
    with pytest.raises(DamagedCheckpoint, match="another one than here"):
        replace(source, model=other_model).open()
    with pytest.raises(ModelNotFound, match="no such folder") as error:
        replace(source, model="/not/here").open()
    assert "every node finds it under the same path" in str(error.value)
    with pytest.raises(ClusterUnavailable, match=r"Headscribe is .* there and 9\.9 here"):
        replace(source, version="9.9").open()


def test_a_node_without_headscribe_is_named() -> None:
    error = RayError("the actor died: ModuleNotFoundError: No module named 'headscribe'")
    with pytest.raises(ClusterUnavailable, match="not installed there") as raised:
        raise_if_not_installed(error, Node("1", "10.0.0.7", 1, 0))
    assert "node 10.0.0.7" in str(raised.value)
    raise_if_not_installed(RayError("lost"), Node("1", "10.0.0.7", 1, 0))


@pytest.mark.parametrize("kind", [CallFailed, NoToolCalling])
def test_a_failed_call_arrives_in_another_process_as_it_left(kind: type[CallFailed]) -> None:
    left = kind(FailureKind.RATE_LIMIT, "slow down", retry_after=3.0, attempts=2)
    came: CallFailed = pickle.loads(pickle.dumps(left))
    assert type(came) is kind
    assert (str(came), came.__dict__) == (str(left), left.__dict__)


class Actor:
    """A ``HeadWorker`` behind Ray's way of calling, in this process; it can die.

    Args:
        worker: the worker.
        dies_after: events after which every call says that the actor has died, None for never.
    """

    def __init__(self, worker: HeadWorker, dies_after: int | None = None) -> None:
        self._worker, self._left = worker, dies_after
        self.describe = self

    def options(self, *, num_returns: str) -> Actor:
        assert num_returns == "streaming"
        return self

    async def remote(self, *arguments: Any) -> AsyncIterator[Awaitable[Any]]:
        async for event in self._worker.describe(*pickle.loads(pickle.dumps(arguments))):
            if self._left is not None:
                self._left -= 1
                if self._left < 0:
                    raise ActorDiedError
            came: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            came.set_result(pickle.loads(pickle.dumps(event)))
            yield came

    def __getattr__(self, name: str) -> _Method:
        return _Method(getattr(self._worker, name))


class _Method:
    def __init__(self, method: Callable[..., Awaitable[Any]]) -> None:
        self._method = method

    def remote(self, *arguments: Any) -> asyncio.Future[Any]:
        return asyncio.ensure_future(self._method(*pickle.loads(pickle.dumps(arguments))))


class Remembering:
    """A journal in memory."""

    def __init__(self) -> None:
        self.replies: dict[str, ChatReply] = {}
        self.attempts: list[Attempt] = []

    def find(self, identity: str) -> ChatReply | None:
        return self.replies.get(identity)

    def record(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)
        if attempt.reply:
            self.replies[attempt.request.identity()] = attempt.reply


@pytest.fixture(scope="module")
def evidence(model: str) -> list[Evidence]:
    """Of the heads of one layer."""
    maps = [one.mappings for one in map_heads(open_checkpoint(model), SMALL, [Head(1, i) for i in range(6)])]
    return [Evidence(rows, others=tuple(one for one in maps if one is not rows)) for rows in maps]


def on_nodes(
    model: str, evidence: list[Evidence], said: Listening, *, dies_after: int | None, llm: str = "fake"
) -> tuple[list[Outcome], Remembering]:
    """Describe heads on two nodes, of which the first may die, and keep the calls."""

    async def run() -> tuple[list[Outcome], Remembering]:
        spec, journal = parse_llm(llm), Remembering()
        template = None if llm == "rules" else load_template("describe@1", ())
        job = HeadJob(spec, ASKING, template, (), Source.of(open_checkpoint(model)), SMALL)
        workers = []
        for number, left in enumerate((dies_after, None)):
            worker = HeadWorker(pickle.loads(pickle.dumps(job)))
            await worker.prepare()
            workers.append(Worker(Node(str(number), str(number), 1, 0), Actor(worker, left)))
        caller = Caller(FakeClient(), journal, settings=ASKING)
        async with open_describer(spec, ASKING, NoJournal(), said, connect=False) as plan:
            describer = RayDescriber(plan, caller, workers, said)
            outcomes = await asyncio.gather(*map(describer.describe, evidence))
        for worker in workers:
            await worker.actor.close.remote()
        return outcomes, journal

    return asyncio.run(run())


def in_this_process(evidence: list[Evidence], llm: str = "fake") -> tuple[list[Outcome], Remembering]:
    async def run() -> tuple[list[Outcome], Remembering]:
        journal = Remembering()
        async with open_describer(parse_llm(llm), ASKING, journal, Listening()) as describer:
            return await asyncio.gather(*map(describer.describe, evidence)), journal

    return asyncio.run(run())


@pytest.mark.parametrize("dies_after", [None, 0, 3, 25])
def test_heads_on_nodes_end_as_in_one_process_and_every_call_is_journaled_once(
    model: str, evidence: list[Evidence], listening: Listening, llm: Counting, dies_after: int | None
) -> None:
    there, kept = on_nodes(model, evidence, listening, dies_after=dies_after)
    assert {max(llm.asked.values())} == {1}, "what a lost node had asked is not paid for again"
    here, kept_here = in_this_process(evidence)
    assert there == here
    assert kept.replies.keys() == kept_here.replies.keys()
    assert len(kept.attempts) == len(kept_here.attempts)
    assert bool(listening.lines) == (dies_after is not None)


def test_the_rules_describe_on_nodes_as_in_one_process(
    model: str, evidence: list[Evidence], listening: Listening
) -> None:
    there, _ = on_nodes(model, evidence, listening, dies_after=None, llm="rules")
    assert there == in_this_process(evidence, "rules")[0]


def test_a_call_that_fails_in_the_end_is_the_outcome_of_its_head(
    model: str, evidence: list[Evidence], listening: Listening, llm: Counting
) -> None:
    def fail(request: ChatRequest) -> None:
        raise CallFailed(FailureKind.TOO_LONG, "no room")

    llm.before = fail
    there, _ = on_nodes(model, evidence[:1], listening, dies_after=None)
    assert there == in_this_process(evidence[:1])[0]
    assert there[0].status is Status.FAILED
    assert "no room" in str(there[0].error)
