"""The Ray engine's parts without a cluster: addresses, the checkpoint on a node, servers on nodes."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.exceptions import RayError

from headscribe.agent.llm.client import ChatClient
from headscribe.agent.llm.spec import parse_llm
from headscribe.core.chat import CallFailed, ChatRequest, FailureKind, Message
from headscribe.core.errors import (
    BadOption,
    ClusterUnavailable,
    DamagedCheckpoint,
    LLMUnavailable,
    MissingExtra,
    ModelNotFound,
)
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.mapping.checkpoint import open_checkpoint
from headscribe.pipeline import describe_model, map_model
from headscribe.pipeline.engines.ray.cluster import Cluster, Node, raise_if_not_installed
from headscribe.pipeline.engines.ray.process import without_threads
from headscribe.pipeline.engines.ray.servers import open_servers
from headscribe.pipeline.engines.ray.source import Source
from tests.pipeline.conftest import Listening
from tests.processes import members
from tests.vllm_stand_in import StandIn

SMALL = MapSettings(salient=12, targets=3)


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


def test_what_some_threads_print_does_not_stand_among_results(capsys: pytest.CaptureFixture[str]) -> None:
    go = threading.Event()

    def print_late() -> None:
        go.wait()
        print("a raylet has died", flush=True)

    threads = [threading.Thread(target=print_late) for _ in range(2)]
    for thread in threads:
        thread.start()
    with without_threads(threads[:1]):
        go.set()
        for thread in threads:
            thread.join()
        print("a result")
    assert sorted(capsys.readouterr().out.splitlines()) == ["a raylet has died", "a result"]


HERE = Node("1", "127.0.0.1", 1, 0, "127.0.0.1", here=True)
ELSEWHERE = Node("2", "127.0.0.2", 1, 0, "127.0.0.2")
"""Stands for another machine: Linux answers on all addresses that begin with 127."""


@dataclass
class InThisProcess:
    """A cluster whose actors live in this process.

    Attributes:
        living: its nodes.
        options: what actors were started with, by node.
        lost: actors that have died, by node.
    """

    living: list[Node] = field(default_factory=lambda: [HERE, ELSEWHERE])
    options: dict[str, dict[str, Any]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)

    def nodes(self) -> list[Node]:
        return self.living

    def start(self, cls: type, node: Node, *arguments: Any, **options: Any) -> Actor:
        self.options[node.name] = options
        return Actor(cls(*arguments), lambda: node.name in self.lost)


class Actor:
    """Ray's way of calling an object's methods."""

    def __init__(self, behind: Any, dead: Callable[[], bool]) -> None:
        self._behind, self._dead = behind, dead

    def __getattr__(self, name: str) -> _Method:
        return _Method(getattr(self._behind, name), self._dead)


class _Method:
    def __init__(self, method: Callable[..., Awaitable[Any]], dead: Callable[[], bool]) -> None:
        self._method, self._dead = method, dead

    async def remote(self, *arguments: Any) -> Any:
        if self._dead():
            raise RayError("the actor died")
        return await self._method(*arguments)


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    written = StandIn.written(tmp_path / "vllm")
    for name, value in written.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(ray, "kill", lambda actor: None)
    return written


def with_servers(
    cluster: InThisProcess, llm: str, said: Listening, within: Callable[[ChatClient], Awaitable[None]]
) -> None:
    async def run() -> None:
        there: Any = cluster
        async with open_servers(there, parse_llm(llm), DescribeSettings(), said) as client:
            await within(client)

    asyncio.run(run())


async def ask(client: ChatClient, number: int) -> None:
    await client.send(ChatRequest("m", (Message("user", f"number {number}"),)))


@pytest.mark.outside
def test_servers_on_nodes_share_the_calls_and_end_with_them(stand_in: StandIn, listening: Listening) -> None:
    async def within(client: ChatClient) -> None:
        await asyncio.gather(*(ask(client, number) for number in range(20)))

    with_servers(InThisProcess(), stand_in.llm, listening, within)
    assert stand_in.answered().total() == 20
    shares = next(line for line in listening.lines if line.startswith("Replies by server"))
    assert shares.count(" 10") == 2
    assert not any(members(os.getpgid(pid)) for pid in stand_in.places() if _runs(pid))


def _runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.mark.outside
def test_a_server_listens_where_its_callers_are_and_wants_a_key_that_is_written_nowhere(
    stand_in: StandIn, listening: Listening, tmp_path: Path
) -> None:
    seen: list[str] = []

    async def within(client: ChatClient) -> None:
        await ask(client, 1)
        for pid, (host, port) in stand_in.places().items():
            seen.append(host)
            other = "127.0.0.2" if host == "127.0.0.1" else "127.0.0.1"
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((other, port), 2)
            with pytest.raises(urllib.error.HTTPError, match="401"):
                urllib.request.urlopen(f"http://{host}:{port}/v1/models")
            key = _environment(pid)["VLLM_API_KEY"]
            assert len(key) > 40
            written = [file.read_text(errors="replace") for file in tmp_path.rglob("*") if file.is_file()]
            lists = [Path(f"/proc/{one}/cmdline").read_text() for one in members(os.getpgid(pid))]
            assert not any(key in text for text in (*written, *lists, *listening.lines))

    with_servers(InThisProcess(), stand_in.llm, listening, within)
    assert sorted(seen) == ["127.0.0.1", "127.0.0.2"]


def _environment(pid: int) -> dict[str, str]:
    entries = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


@pytest.mark.outside
def test_a_node_that_cannot_serve_is_named_and_without_any_other_ends_it(
    stand_in: StandIn, listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def within(client: ChatClient) -> None:
        await ask(client, 1)

    monkeypatch.setenv("STAND_IN_DIES_ON", "127.0.0.2")
    with_servers(InThisProcess(), stand_in.llm, listening, within)
    assert any("Node 127.0.0.2 takes no part" in line for line in listening.lines)
    assert any("ValueError: no such architecture" in line for line in listening.lines)
    with pytest.raises(LLMUnavailable, match="no such architecture"):
        with_servers(InThisProcess([ELSEWHERE]), stand_in.llm, listening, within)
    with pytest.raises(LLMUnavailable, match="no node that could serve"):
        with_servers(InThisProcess([]), stand_in.llm, listening, within)


@pytest.mark.outside
def test_calls_of_a_node_that_dies_go_to_another_and_the_last_ones_end_is_told(
    stand_in: StandIn, listening: Listening
) -> None:
    cluster = InThisProcess()

    async def within(client: ChatClient) -> None:
        hosts = {host: pid for pid, (host, _) in stand_in.places().items()}
        os.kill(hosts["127.0.0.2"], 9)
        cluster.lost.add("127.0.0.2")
        await asyncio.gather(*(ask(client, number) for number in range(20)))
        os.kill(hosts["127.0.0.1"], 9)
        await asyncio.sleep(1.0)
        with pytest.raises(CallFailed) as failure:
            await ask(client, 20)
        assert failure.value.kind is FailureKind.CONNECTION
        await client.check()

    with pytest.raises(LLMUnavailable, match="ended while it was needed") as error:
        with_servers(cluster, stand_in.llm, listening, within)
    assert "on node 127.0.0.1" in str(error.value)
    assert stand_in.answered().total() == 20


@pytest.mark.outside
def test_where_there_are_gpus_their_nodes_serve_and_take_them_all(
    stand_in: StandIn, listening: Listening
) -> None:
    cluster = InThisProcess([replace(HERE, gpus=4), ELSEWHERE])

    async def within(client: ChatClient) -> None:
        await ask(client, 1)

    with_servers(cluster, stand_in.llm, listening, within)
    assert {name: options["num_gpus"] for name, options in cluster.options.items()} == {"127.0.0.1": 4}
