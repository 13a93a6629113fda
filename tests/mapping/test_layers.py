"""Layers as a stream: one computed, the next read meanwhile, and never more than that."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
import torch

from benchmarks.llama_shape import Shape, write_checkpoint
from headscribe.core.errors import DamagedCheckpoint
from headscribe.core.heads import Head
from headscribe.core.settings import MapSettings
from headscribe.mapping.checkpoint import Checkpoint, open_checkpoint
from headscribe.mapping.devices import Arithmetic
from headscribe.mapping.facts import OV
from headscribe.mapping.head_maps import LayerMapper, map_heads
from headscribe.mapping.layers import LayerWork, layer_by_layer
from headscribe.mapping.stopping import go_on_or_stop
from tests.conftest import REPOSITORY
from tests.mapping.memory_checkpoint import random_checkpoint
from tests.mapping.tiny_models import save_tiny

CPU = Arithmetic(torch.device("cpu"), torch.float32)
HEADS = [Head(layer, head) for layer in range(6) for head in (0, 2)]


class Shelf:
    """A checkpoint whose layers are numbers; notes which was read when, and fails or waits on request."""

    def __init__(self, broken: int | None = None, slow: int | None = None) -> None:
        self.read: list[int] = []
        self.threads: set[int] = set()
        self._broken, self._slow = broken, slow

    def ov(self, layer: int, *_: Any, **__: Any) -> OV:
        self.read.append(layer)
        self.threads.add(threading.get_ident())
        while layer == self._slow:
            time.sleep(0.005)
            go_on_or_stop()
        if layer == self._broken:
            raise DamagedCheckpoint("a shard is cut short", where=f"layer {layer}")
        return OV(
            torch.full((1, 1, 1), float(layer)), torch.zeros(1, 1, 1), torch.zeros(1, 1), torch.zeros(1)
        )

    def stream(self, devices: int = 1) -> Any:
        return layer_by_layer(cast(Checkpoint, self), HEADS, [CPU] * devices, self.worker)

    def worker(self, arithmetic: Arithmetic) -> LayerWork[tuple[int, list[int], float]]:
        def work(layer: int, heads: Sequence[int], ov: OV) -> tuple[int, list[int], float]:
            return layer, list(heads), float(ov.w_v)

        return work


@pytest.mark.parametrize("devices", [1, 2, 3, 9])
def test_every_layer_comes_once_and_in_order(devices: int) -> None:
    shelf = Shelf()
    assert list(shelf.stream(devices)) == [(layer, [0, 2], float(layer)) for layer in range(6)]
    assert sorted(shelf.read) == list(range(6))
    assert threading.get_ident() not in shelf.threads


def test_one_layer_is_read_ahead_and_no_more() -> None:
    shelf = Shelf()
    stream = shelf.stream()
    for layer in range(6):
        assert next(stream)[0] == layer
        deadline = time.monotonic() + 5
        while len(shelf.read) < min(layer + 2, 6) and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(0.01)
        assert shelf.read == list(range(min(layer + 2, 6)))


@pytest.mark.parametrize("devices", [1, 2])
def test_an_error_of_reading_comes_when_its_layer_is_due(devices: int) -> None:
    stream = Shelf(broken=3).stream(devices)
    assert [next(stream)[0] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(DamagedCheckpoint, match="layer 3"):
        next(stream)


@pytest.mark.parametrize("devices", [1, 2])
def test_a_stream_that_is_left_stops_its_threads(devices: int) -> None:
    stream = Shelf(slow=devices).stream(devices)
    next(stream)  # while the slow layer is being read
    stream.close()
    gc.collect()
    ours = ("headscribe-read", "headscribe-device")
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(ours)]


def test_a_mapper_of_one_layer_gives_what_mapping_all_gives() -> None:
    checkpoint = random_checkpoint(8)
    settings = MapSettings(view="paper", salient=7)
    every = list(map_heads(checkpoint.opened(), settings, checkpoint.heads))
    mapper = LayerMapper(checkpoint.opened(), settings)
    assert [one for layer in range(3) for one in mapper(layer, range(4))] == every


def test_rows_of_the_embedding_are_read_without_the_rest(tmp_path: Path) -> None:
    save_tiny("llama", tmp_path, dtype=torch.bfloat16)
    checkpoint = open_checkpoint(str(tmp_path))
    ids = torch.tensor([7, 3, 3, 330])
    some = checkpoint.embedding_rows(ids), checkpoint.embedding_rows(slice(300, 310))
    whole = checkpoint.embedding()
    assert torch.equal(some[0], whole[ids])
    assert torch.equal(some[1], whole[300:310])
    # while somebody holds E, its rows are taken from there
    assert checkpoint.embedding_rows(slice(2, 5)).data_ptr() == whole[2:5].data_ptr()


_MAP = """
import json, resource, sys
from headscribe.core.heads import Head
from headscribe.core.settings import MapSettings
from headscribe.mapping.checkpoint import open_checkpoint
from headscribe.mapping.head_maps import map_heads
resource.setrlimit(resource.RLIMIT_DATA, (2 * 2**30,) * 2)
checkpoint = open_checkpoint(sys.argv[1])
maps = list(map_heads(checkpoint, MapSettings(view="paper", source_view="raw"), [Head(0, 1), Head(1, 3)]))
print(json.dumps([len(one.mappings) for one in maps]))
"""


def test_a_checkpoint_larger_than_memory_is_mapped(tmp_path: Path) -> None:
    # 30 GB, nearly all of it an MLP that nobody reads; a process that may allocate 2 GiB
    shape = Shape("wide", 2, 4, 2, d_model=64, d_mlp=40_000_000, d_head=16, vocabulary=15_000)
    total = write_checkpoint(tmp_path, shape, [0, 1], first_mlp=False)
    assert total > 30e9
    done = subprocess.run(
        [sys.executable, "-c", _MAP, str(tmp_path)],
        cwd=REPOSITORY,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [30, 30]
