"""Layers streamed from a checkpoint over one or more devices: one is computed while the next is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import TYPE_CHECKING, Protocol, TypeVar

import torch

from headscribe.core.heads import Head
from headscribe.core.settings import Norms
from headscribe.mapping.devices import Arithmetic, enough_memory, full_precision
from headscribe.mapping.facts import OV
from headscribe.mapping.stopping import Stop

if TYPE_CHECKING:
    from headscribe.mapping.checkpoint import Checkpoint

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class LayerWork(Protocol[T_co]):
    """What is done with one layer's weights, on one device, layer after layer."""

    def __call__(self, layer: int, heads: Sequence[int], ov: OV) -> T_co:
        """The result for some heads of a layer; ``ov`` is of the worker's dtype and on its device."""


def layer_by_layer(
    checkpoint: Checkpoint,
    heads: Sequence[Head],
    arithmetics: Sequence[Arithmetic],
    work_on: Callable[[Arithmetic], LayerWork[T]],
    norms: Norms = "leave",
) -> Iterator[T]:
    """The result of each layer that has some of the heads, layers going up.

    While a layer is computed, a thread reads the next one, and no more than that. Of several devices, each
    takes every n-th layer, and the results come in order all the same.

    Args:
        heads: heads of the model, in order.
        arithmetics: the devices; one may be named more than once.
        work_on: makes the worker of a device, called in the thread that will use it.
        norms: which norms the weights hold; see ``Checkpoint.ov``.

    Raises:
        BadOption: a device's memory does not suffice.
        HeadscribeError: whatever reading or computing a layer raises, when its turn comes.
    """
    layers = [
        (layer, [head.head for head in group]) for layer, group in groupby(heads, key=lambda head: head.layer)
    ]
    stop = Stop()
    shares = [layers[place :: len(arithmetics)] for place in range(len(arithmetics))]
    streams = [
        _on_one(_OVReader(checkpoint, arithmetic, norms), share, arithmetic, work_on, stop)
        for share, arithmetic in zip(shares, arithmetics, strict=True)
        if share
    ]
    if len(streams) == 1:
        yield from streams[0]
    elif streams:
        yield from _in_turn(streams, stop)


def _on_one(
    read: _OVReader,
    layers: Sequence[tuple[int, list[int]]],
    arithmetic: Arithmetic,
    work_on: Callable[[Arithmetic], LayerWork[T]],
    stop: Stop,
) -> Iterator[T]:
    device = arithmetic.device
    with ThreadPoolExecutor(1, "headscribe-read", stop.watched_here) as reader:
        ahead = reader.submit(read, layers[0][0])
        try:
            with full_precision, enough_memory(device):
                work = work_on(arithmetic)
            for (layer, heads), after in zip(layers, [*layers[1:], None], strict=True):
                ov = read.arrived(ahead.result())
                if after:
                    ahead = reader.submit(read, after[0])
                with full_precision, enough_memory(device):
                    found = work(layer, heads, ov)
                del ov  # or it would stay while the caller looks at what was found
                yield found
        except (GeneratorExit, KeyboardInterrupt):
            stop.close()  # or leaving the reader would wait for the layer that it reads
            raise


def _in_turn(streams: Sequence[Iterator[T]], stop: Stop) -> Iterator[T]:
    """What several streams give, one item of each in turn; each works on its next one meanwhile."""
    with ThreadPoolExecutor(len(streams), "headscribe-device") as pool:
        try:
            waiting = [pool.submit(next, stream, None) for stream in streams]
            place = 0
            while (found := waiting[place].result()) is not None:
                waiting[place] = pool.submit(next, streams[place], None)
                yield found
                place = (place + 1) % len(streams)
        finally:
            stop.close()
            pool.shutdown(cancel_futures=True)
            for stream in streams:
                stream.close()  # type: ignore[attr-defined]


class _OVReader:
    """Reads layers in a thread; on a GPU, copies run in a stream of their own, beside the computation."""

    def __init__(self, checkpoint: Checkpoint, arithmetic: Arithmetic, norms: Norms) -> None:
        self._norms: Norms = norms
        self._checkpoint, self._dtype, self._device = checkpoint, arithmetic.dtype, arithmetic.device
        on_gpu = self._device.type == "cuda"
        self._copies = torch.cuda.Stream(self._device) if on_gpu else None  # type: ignore[no-untyped-call]

    def __call__(self, layer: int) -> tuple[OV, torch.cuda.Event | None]:
        with enough_memory(self._device):
            if self._copies is None:
                return self._checkpoint.ov(layer, self._dtype, self._device, norms=self._norms), None
            with torch.cuda.stream(self._copies):
                ov = self._checkpoint.ov(layer, self._dtype, self._device, norms=self._norms)
                return ov, self._copies.record_event()

    def arrived(self, read: tuple[OV, torch.cuda.Event | None]) -> OV:
        """The weights, for use in this thread: what is computed from now on waits for their copy."""
        ov, copied = read
        if copied is not None:
            here = torch.cuda.current_stream(self._device)
            here.wait_event(copied)
            for tensor in ov.tensors():
                tensor.record_stream(here)  # not to be reused before this stream is done with it
        return ov
