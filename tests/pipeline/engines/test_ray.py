"""Work on a Ray cluster of two nodes: results are those of one machine, also when a node or the driver dies.

The cluster runs on this machine: each node has a raylet and worker processes of its own, and can be killed.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch

from headscribe.core.errors import ModelNotFound
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.pipeline import RunDir, describe_model, map_model
from headscribe.pipeline.engines.ray.source import Source
from headscribe.store.describe.journal import Journal
from headscribe.store.map.kept_layers import layers_folder
from headscribe.store.tool import this_tool
from tests.mapping.tiny_models import save_tiny
from tests.pipeline.conftest import Listening
from tests.processes import gone_within
from tests.vllm_stand_in import StandIn

SMALL = MapSettings(salient=12, targets=3)
LAYERS, HEADS = 40, 6
SECOND = "HEADSCRIBE_TEST_SECOND_NODE"
"""Stands in the environment of the second node's processes."""


class TwoNodes:
    """A cluster whose second node can be killed, and is there again when ``whole`` is asked for."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        # A lost node is noticed within a second, in place of half a minute.
        soon = {
            "health_check_initial_delay_ms": 0,
            "health_check_period_ms": 200,
            "health_check_timeout_ms": 500,
            "health_check_failure_threshold": 3,
        }
        self._size = {"num_cpus": 1, "object_store_memory": 80 << 20}
        head = {**self._size, "include_dashboard": False, "_system_config": soon}
        self._cluster: Any = Cluster(initialize_head=True, head_node_args=head)
        self._second: Any = None
        self.whole()

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    def whole(self) -> None:
        if self._second is None:
            self._second = self._cluster.add_node(**self._size, env_vars={SECOND: "1"})

    def kill(self) -> None:
        """All processes of the second node at once, the LLM server too."""
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if f"{SECOND}=1".encode() in place.joinpath("environ").read_bytes():
                    os.kill(int(place.name), signal.SIGKILL)
        self._cluster.remove_node(self._second, allow_graceful=False)
        self._second = None

    def end(self) -> None:
        self._cluster.shutdown()


@pytest.fixture(scope="module")
def vllm(tmp_path_factory: pytest.TempPathFactory) -> StandIn:
    """What nodes, and this machine, start as vLLM."""
    return StandIn.written(tmp_path_factory.mktemp("vllm"))


@pytest.fixture(scope="module")
def cluster(vllm: StandIn) -> Iterator[TwoNodes]:
    before = dict(os.environ)
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1"}
    os.environ |= vllm.environment | {"STAND_IN_LATENCY": "0.05"}
    nodes = TwoNodes()
    yield nodes
    nodes.end()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def as_many_threads_as_a_node_has() -> Iterator[None]:
    """The last digit of a product may depend on how many threads share it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def nodes(cluster: TwoNodes) -> TwoNodes:
    cluster.whole()
    return cluster


@pytest.fixture(scope="module")
def deep_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Forty layers, so that work is left when something is killed."""
    folder = tmp_path_factory.mktemp("deep") / "model"
    save_tiny("gpt2", folder, n_layer=LAYERS)
    return str(folder)


def table_hashes(folder: Path, *names: str) -> list[str]:
    return [hashlib.sha256((folder / f"{name}.parquet").read_bytes()).hexdigest() for name in names]


def said(run: Path) -> list[object]:
    """The descriptions, without what depends on time: seconds, and who waited for whose answer."""
    return [(row.head, row.outcome, row.llm, row.prompt_hash) for row in RunDir.open(run).descriptions()]


class Killing(Listening):
    """Kills the second node once so many steps of a stage are done."""

    def __init__(self, stage: str, after: int, kill: Callable[[], None]) -> None:
        super().__init__()
        self._stage, self._left, self._kill = stage, after, kill

    def advance(self, stage: str, steps: int = 1, note: str = "") -> None:
        if stage == self._stage and self._left > 0:
            self._left -= steps
            if self._left <= 0:
                self._kill()


@pytest.mark.ray
def test_maps_scores_and_descriptions_are_those_of_one_machine(
    nodes: TwoNodes, vllm: StandIn, model: str, operations: Path, tmp_path: Path
) -> None:
    wanted: dict[str, Any] = {"map_settings": SMALL, "operations": [operations]}
    wanted |= {"describe_settings": DescribeSettings(validation=2, test=4, rounds=1)}
    vllm.forget()
    here = describe_model(model, tmp_path / "here", llm=vllm.llm, **wanted)
    answered = vllm.answered()
    vllm.forget()
    there = describe_model(
        model, tmp_path / "there", llm=vllm.llm, **wanted, engine="ray", address=nodes.address
    )
    assert vllm.answered() == answered, "the very same requests"
    assert there.counts == here.counts
    assert said(there.run) == said(here.run)
    tables = ("mappings", "operations")
    assert table_hashes(there.run / "map", *tables) == table_hashes(here.run / "map", *tables)
    assert table_hashes(there.run, "rounds", "tests") == table_hashes(here.run, "rounds", "tests")
    assert RunDir.open(there.run).map().header.dropped == RunDir.open(here.run).map().header.dropped


@pytest.mark.ray
def test_a_node_that_dies_while_layers_are_computed_changes_nothing(
    nodes: TwoNodes, deep_model: str, tmp_path: Path
) -> None:
    killing = Killing("map", 2 * HEADS, nodes.kill)
    there = map_model(
        deep_model, tmp_path / "there", SMALL, engine="ray", address=nodes.address, progress=killing
    )
    here = map_model(deep_model, tmp_path / "here", SMALL)
    assert there.header.mappings == here.header.mappings
    assert table_hashes(there.path, "mappings") == table_hashes(here.path, "mappings")


@pytest.mark.ray
def test_a_node_that_dies_while_heads_are_described_changes_nothing(
    nodes: TwoNodes, vllm: StandIn, model: str, tmp_path: Path
) -> None:
    made = map_model(model, tmp_path / "map", SMALL)
    settings = DescribeSettings(validation=2, test=4, rounds=1, concurrency=8)
    wanted: dict[str, Any] = {"map_path": made.path, "map_settings": SMALL, "describe_settings": settings}
    here = describe_model(model, tmp_path / "here", llm=vllm.llm, **wanted)
    vllm.forget()
    killing = Killing("describe", 4, nodes.kill)
    there = describe_model(
        model, tmp_path / "there", llm=vllm.llm, **wanted,
        engine="ray", address=nodes.address, progress=killing,
    )  # fmt: skip
    twice = vllm.answered().total() - len(vllm.answered())
    assert any("is left out for now" in line for line in killing.lines)
    assert there.counts["failed"] == 0
    assert said(there.run) == said(here.run)
    assert there.calls == here.calls
    assert twice <= settings.concurrency, "only what the node had in flight is asked again"


@pytest.mark.ray
def test_a_driver_that_is_killed_goes_on_with_what_is_missing(
    nodes: TwoNodes, vllm: StandIn, deep_model: str, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    vllm.forget()
    words = ["describe", deep_model, "--llm", vllm.llm, "--method", "single", "-o", str(run)]
    words += ["--heads", "L0-19", "--engine", "ray", "--address", nodes.address, "--json"]
    kept = layers_folder(run / "map")
    _killed_when(words, lambda: len(list(kept.glob("maps-*.json"))) > 2)
    finished = len(list(kept.glob("maps-*.json")))
    assert 2 < finished < 20
    asked = _killed_when(words, lambda: vllm.answered().total() > 20)
    assert f"{finished * HEADS} heads were mapped by a call that was cut short" in asked
    assert all(gone_within(pid, 30) for pid in vllm.places()), "a killed driver leaves no server behind"
    in_journal = _answered(run)
    assert in_journal > 0
    command = [sys.executable, "-m", "headscribe", *words]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    summary = json.loads(ended.stdout)
    assert summary["already_done"] + summary["replayed"] == in_journal
    assert summary["calls"] == 20 * HEADS - in_journal
    assert max(vllm.answered().values()) <= 2
    assert len(vllm.answered()) == 20 * HEADS
    assert _answered(run) == 20 * HEADS


def _killed_when(words: list[str], ready: Callable[[], bool]) -> str:
    """Run a command and kill it at a moment; what it had said."""
    process = subprocess.Popen(
        [sys.executable, "-m", "headscribe", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not ready():
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    return process.communicate()[1]


def _answered(run: Path) -> int:
    journal = Journal(run / "run.db")
    try:
        return journal.totals().calls
    finally:
        journal.close()


@pytest.mark.ray
def test_a_checkpoint_that_a_node_lacks_is_named_with_the_node(
    nodes: TwoNodes, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Source("/only/on/the/driver", None, "", "", this_tool().version)
    monkeypatch.setattr(Source, "of", classmethod(lambda cls, checkpoint: elsewhere))
    with pytest.raises(ModelNotFound) as error:
        map_model(model, tmp_path / "map", SMALL, engine="ray", address=nodes.address)
    assert "/only/on/the/driver on node" in str(error.value)
    assert "every node finds it under the same path" in str(error.value)
    assert list(tmp_path.iterdir()) == []
