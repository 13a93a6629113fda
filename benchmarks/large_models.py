"""Checkpoints larger than memory: what mapping a layer of Llama 3.1's 70B and 8B shapes takes.

Each shape is mapped in a process of its own whose memory is limited to 16 GiB by the system (``RLIMIT_DATA``:
everything allocated; not pages of files, which the system drops when it needs room). Some layers are mapped
from beginning to end, the rest is extrapolated: layers are alike.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.entry import Comparison, Entry, Target
from benchmarks.llama_shape import LLAMA_8B, LLAMA_70B, Shape, write_checkpoint

if TYPE_CHECKING:
    from headscribe.core.settings import MapView
    from headscribe.mapping.checkpoint import Checkpoint

LAYERS = {LLAMA_70B: (0, 40), LLAMA_8B: (0, 16)}
"""Layers that are mapped; the first bears the reading of E and U, so the second gives the time of a layer."""

SHAPES = {shape.name: shape for shape in LAYERS}
LIMIT = 16 * 2**30
SALIENT = 30
FLOORS: dict[MapView, str] = {
    "paper": "the products of its salience and targets, at the matrix rate",
    "parts": "every token through every W_V and W_O, at the matrix rate",
}
SAMPLE_ROWS = 2048
"""Rows put through the first MLP to measure its rate."""


def measure(folder: Path, repeats: int) -> dict[str, object]:  # noqa: ARG001 - a layer takes long enough
    """Both shapes, one after the other; each checkpoint is written below ``folder`` and deleted again."""
    return {"entries": [mapped(folder, shape, "paper") for shape in LAYERS]}


def mapped(folder: Path, shape: Shape, view: MapView) -> Entry:
    """What mapping layers of a shape takes."""
    return _entry(shape, view, *_run(folder / shape.name, shape, view))


def _run(folder: Path, shape: Shape, view: MapView) -> tuple[int, dict[str, Any]]:
    """The bytes of the checkpoint's tensors, and what mapping some of its layers says of itself."""
    total = write_checkpoint(folder, shape, LAYERS[shape])
    try:
        command = [sys.executable, "-m", "benchmarks.large_models", str(folder), shape.name, view]
        # threads that wait by sleeping, so that processor time is time spent on the work
        passive = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=passive)
    finally:
        shutil.rmtree(folder)
    return total, json.loads(done.stdout)


def _entry(shape: Shape, view: MapView, total: int, ran: dict[str, Any]) -> Entry:
    """What was measured, and what follows for all layers."""
    first, *others = ran["seconds"]
    tables = 2 * 2 * shape.vocabulary * shape.d_model
    needed = tables + 2 * shape.n_layers * shape.d_model * shape.d_head * (shape.n_kv_heads + shape.n_heads)
    everything = first + median(others) * (shape.n_layers - 1)
    return Entry(
        f"a layer of {shape.name}'s shape" + (" taken apart" if view == "parts" else ""),
        others,
        Comparison("none: the published code holds the whole model in memory"),
        Comparison(FLOORS[view], ran["floor_seconds"]),
        Target("peak_allocated_gib", "at most", LIMIT / 2**30),
        figures={
            "processor_seconds": ran["processor_seconds"],
            "processor_seconds_to_floor": ran["processor_seconds"] / ran["floor_processor_seconds"],
            "first_layer_with_tables_seconds": first,
            "all_layers_extrapolated_hours": everything / 3600,
            "first_mlp_extrapolated_hours": shape.vocabulary / ran["first_mlp_rows_per_second"] / 3600,
            "peak_allocated_gib": ran["peak_allocated"] / 2**30,
            "checkpoint_gb": total / 1e9,
            "read_gb": ran["bytes_opened"] / 1e9,
            "from_disk_gb": ran["bytes_from_disk"] / 1e9,
            "all_layers_read_gb": needed / 1e9,
        },
        note=(
            f"layers {' and '.join(map(str, LAYERS[shape]))} of {shape.n_layers} mapped in a process limited "
            "to 16 GiB, raw source view as in the paper for 70B; read_gb is what mapping these two read"
        ),
    )


def layer_flop(shape: Shape, view: MapView) -> int:
    """Operations of the products of one layer.

    Of the paper's view: E' W_V, R^T of each head, and U for each head's sources. Of parts: every token
    through every W_V and W_O.
    """
    v, d, d_head, heads = shape.vocabulary, shape.d_model, shape.d_head, shape.n_heads
    if view == "parts":
        return 2 * v * d * d_head * (shape.n_kv_heads + heads)
    saliency = v * d * d_head * shape.n_kv_heads + heads * v * d_head * d_head
    targets = heads * SALIENT * (v * d + d_head * d)
    return 2 * (saliency + targets)


def main() -> None:
    """In the process that is measured: limit its memory, map, and print what was seen."""
    from headscribe.mapping.checkpoint import open_checkpoint

    folder, shape = Path(sys.argv[1]), SHAPES[sys.argv[2]]
    view: MapView = "parts" if sys.argv[3] == "parts" else "paper"
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
    watch, opened = _Watch(), _Opened()
    checkpoint = open_checkpoint(str(folder))
    before = _floor(shape, view)
    seconds, of_processors = _map(checkpoint, LAYERS[shape], view)
    bytes_opened, from_disk = opened.bytes, _from_disk()
    after = _floor(shape, view)
    found = {
        "seconds": seconds,
        "processor_seconds": of_processors,
        "bytes_opened": bytes_opened,
        "bytes_from_disk": from_disk,
        "first_mlp_rows_per_second": _first_mlp_rate(checkpoint),
        "peak_allocated": watch.stop(),
        **{name: min(before[name], after[name]) for name in before},
    }
    print(json.dumps(found))


def _map(checkpoint: Checkpoint, layers: tuple[int, ...], view: MapView) -> tuple[list[float], float]:
    """Seconds until each layer's maps were there, and seconds of processors that the last one took."""
    from headscribe.core.heads import Head
    from headscribe.core.settings import MapSettings
    from headscribe.mapping.head_maps import map_heads

    n_heads, seconds, of_processors = checkpoint.facts.n_heads, [], 0.0
    heads = [Head(layer, head) for layer in layers for head in range(n_heads)]
    maps = map_heads(checkpoint, MapSettings(view=view, source_view="raw", salient=SALIENT), heads)
    for _ in layers:
        began, began_processors = time.perf_counter(), time.process_time()
        for _ in range(n_heads):  # a layer's maps arrive together
            next(maps)
        seconds.append(time.perf_counter() - began)
        of_processors = time.process_time() - began_processors
    next(maps, None)
    del maps
    gc.collect()  # its tables, which what is measured next would stand beside
    return seconds, of_processors


def _floor(shape: Shape, view: MapView) -> dict[str, float]:
    """Seconds, by the clock and of processors, that a layer's products take as one large product."""
    import torch

    a, b = torch.randn(SAMPLE_ROWS, shape.d_model), torch.randn(shape.d_model, 1024)
    share = layer_flop(shape, view) / (2 * a.numel() * b.shape[1])
    a @ b
    clock, processors = [], []
    for _ in range(5):
        began, began_processors = time.perf_counter(), time.process_time()
        a @ b
        clock.append(time.perf_counter() - began)
        processors.append(time.process_time() - began_processors)
    return {"floor_seconds": min(clock) * share, "floor_processor_seconds": min(processors) * share}


def _first_mlp_rate(checkpoint: Checkpoint) -> float:
    """Rows of E that pass the first MLP in a second, with U and a whole E' in memory as there would be."""
    import torch

    facts = checkpoint.facts
    held = checkpoint.unembedding(), torch.ones(facts.vocab_size, facts.d_model)
    view, rows = checkpoint.first_mlp(), checkpoint.embedding_rows(slice(0, SAMPLE_ROWS))
    began = time.perf_counter()
    held[1][:SAMPLE_ROWS] = view(rows)
    return round(SAMPLE_ROWS / (time.perf_counter() - began), 1)


class _Opened:
    """Counts the bytes of the tensors that are opened for reading from now on."""

    def __init__(self) -> None:
        from headscribe.mapping.safetensors_file import SafetensorsFile

        self.bytes, read = 0, SafetensorsFile.read

        def counted(file: SafetensorsFile, name: str, rows: slice, columns: slice) -> Any:
            tensor = read(file, name, rows, columns)
            self.bytes += tensor.nbytes
            return tensor

        SafetensorsFile.read = counted  # type: ignore[method-assign]


def _from_disk() -> int:
    """Bytes that the system fetched from storage for this process, read-ahead included; holes are none."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("read_bytes"))


class _Watch:
    """Looks at the process's allocated memory fifty times a second."""

    def __init__(self) -> None:
        self._peak, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """The largest number of bytes seen."""
        self._over.set()
        self._thread.join()
        return self._peak

    def _look(self) -> None:
        while not self._over.wait(0.02):
            lines = Path("/proc/self/status").read_text().splitlines()
            held = next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))
            self._peak = max(self._peak, held * 1024)


if __name__ == "__main__":
    main()
