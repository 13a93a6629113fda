"""Where the map is computed: lists of devices, blocks, precision and memory, as far as a CPU can show it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from headscribe.core.errors import BadOption
from headscribe.core.progress import Silent
from headscribe.core.settings import MapSettings
from headscribe.mapping import devices
from headscribe.mapping.devices import choose_arithmetics, enough_memory, full_precision, rows_at_once
from headscribe.mapping.head_maps import map_heads
from headscribe.mapping.scores import score_pairs
from tests.mapping.memory_checkpoint import operation, random_checkpoint

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
COPYING = operation("copying", [])


def settings(device: str, **more: str) -> MapSettings:
    return MapSettings.model_validate({"device": device, "salient": 7, **more})


def test_devices_are_named_one_by_one_or_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [str(one.device) for one in choose_arithmetics(settings("cpu, cpu"))] == ["cpu", "cpu"]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    for name in ("auto", "cuda"):
        found = [str(one.device) for one in choose_arithmetics(settings(name))]
        assert found == ["cuda:0", "cuda:1", "cuda:2"]


@pytest.mark.parametrize("name", ["cpu,", "cpu,meta", "", "cuda:0,cuda:77", "cpu;cpu"])
def test_a_list_with_an_unusable_device_is_refused(name: str) -> None:
    with pytest.raises(BadOption, match="device"):
        choose_arithmetics(settings(name))


@pytest.mark.parametrize("device", ["cpu,cpu", "cpu,cpu,cpu,cpu,cpu,cpu,cpu"])
@pytest.mark.parametrize("view", ["auto", "first-mlp"])
def test_layers_over_several_devices_give_what_one_device_gives(device: str, view: str) -> None:
    checkpoint = random_checkpoint(3, layers=5)
    one = map_heads(checkpoint.opened(), settings("cpu", source_view=view), checkpoint.heads)
    several = map_heads(checkpoint.opened(), settings(device, source_view=view), checkpoint.heads)
    assert list(several) == list(one)
    assert several.counts == one.counts
    lists = [(COPYING, [(id, id) for id in range(20)], 5)]
    scores = [
        score_pairs(checkpoint.opened(), settings(name), lists, checkpoint.heads, Silent())
        for name in ("cpu", device)
    ]
    assert scores[0] == scores[1]


def test_blocks_suit_a_processor_s_cache_and_a_gpu_s_free_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (3_000, 80_000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 2_000)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 1_000)
    gpu = torch.device("cuda", 0)
    assert rows_at_once(torch.device("cpu"), 10, cached=64) == 64
    assert rows_at_once(gpu, 10, cached=64) == 100
    assert rows_at_once(gpu, 10_000, cached=64) == 64


def test_a_full_memory_is_said_in_one_line_and_other_errors_are_not() -> None:
    words = "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
    for error in (torch.OutOfMemoryError("CUDA out of memory"), RuntimeError(words)):
        with (
            pytest.raises(BadOption, match="the memory of cpu does not suffice"),
            enough_memory(torch.device("cpu")),
        ):
            raise error
    with pytest.raises(RuntimeError, match="else"), enough_memory(torch.device("cpu")):
        raise RuntimeError("something else")


@pytest.fixture
def allowed() -> Iterator[str]:
    """A process that allows lower precision in float32 products."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    yield "medium"
    torch.set_float32_matmul_precision(before)


def test_float32_is_float32_whatever_the_process_allows(allowed: str) -> None:
    torch.manual_seed(0)
    a, b = torch.randn(256, 512), torch.randn(512, 256)
    with full_precision:
        exact = a @ b
        assert torch.backends.cuda.matmul.fp32_precision == "ieee"
        assert not torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction
    assert torch.get_float32_matmul_precision() == allowed
    assert torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction
    assert torch.allclose(exact.double(), a.double() @ b.double(), rtol=0, atol=1e-3)


def test_a_map_is_the_same_whatever_precision_the_process_allows(allowed: str) -> None:
    checkpoint = random_checkpoint(4, vocab=257, d_model=64, d_head=16)
    found = list(map_heads(checkpoint.opened(), settings("cpu"), checkpoint.heads))
    torch.set_float32_matmul_precision("highest")
    assert found == list(map_heads(checkpoint.opened(), settings("cpu"), checkpoint.heads))


def test_precision_is_put_back_by_the_last_thread_that_leaves(allowed: str) -> None:
    inside, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with full_precision:
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=stay)
    thread.start()
    inside.wait(10)
    with full_precision:
        pass
    assert torch.backends.cuda.matmul.fp32_precision == "ieee"
    leave.set()
    thread.join()
    assert torch.get_float32_matmul_precision() == allowed


@GPU
@pytest.mark.parametrize("device", ["cuda", "cuda:0,cuda:0"])
@pytest.mark.parametrize("rank_by", ["saliency", "pairs"])
def test_a_gpu_finds_what_the_cpu_finds(device: str, rank_by: str) -> None:
    checkpoint = random_checkpoint(6, vocab=3_001, d_model=64, d_head=16, layers=4)
    cpu = list(
        map_heads(checkpoint.opened(), settings("cpu", view="paper", rank_by=rank_by), checkpoint.heads)
    )
    gpu = list(
        map_heads(checkpoint.opened(), settings(device, view="paper", rank_by=rank_by), checkpoint.heads)
    )
    assert [one.head for one in gpu] == [one.head for one in cpu]
    for ours, theirs in zip(gpu, cpu, strict=True):
        for found, expected in zip(ours.mappings, theirs.mappings, strict=True):
            assert found.saliency == pytest.approx(expected.saliency, rel=1e-5)
            assert found.logits == pytest.approx(expected.logits, rel=1e-4, abs=1e-4)
    lists = [(COPYING, [(id, id) for id in range(200)], 5)]
    scores = [
        score_pairs(checkpoint.opened(), settings(name), lists, checkpoint.heads, Silent())
        for name in ("cpu", device)
    ]
    assert scores[0] == scores[1]


@GPU
def test_equal_entries_go_by_ascending_id_on_a_gpu_too() -> None:
    checkpoint = random_checkpoint(7, whole=True)
    cpu = list(map_heads(checkpoint.opened(), settings("cpu"), checkpoint.heads))
    # whole numbers: every product is exact, so ties are the same ones everywhere
    for ours, theirs in zip(
        map_heads(checkpoint.opened(), settings("cuda"), checkpoint.heads), cpu, strict=True
    ):
        assert [one.targets for one in ours.mappings] == [one.targets for one in theirs.mappings]


def test_device_facts_name_the_processor() -> None:
    assert devices.device_facts().startswith("CPU with")
