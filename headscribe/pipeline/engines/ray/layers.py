"""Layers over the nodes of a Ray cluster: one worker per node or GPU, who takes the next layer when free."""

from __future__ import annotations

import math
import os
import time
from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from headscribe.core.errors import ClusterUnavailable
from headscribe.core.heads import Head
from headscribe.core.layers import LayerMaps, LayerScores, dropped_rows
from headscribe.core.progress import Progress
from headscribe.core.settings import MapSettings
from headscribe.pipeline.engines.ray.cluster import Cluster, Node, raise_as_here, raise_if_not_installed
from headscribe.pipeline.engines.ray.source import Source

if TYPE_CHECKING:
    from headscribe.mapping.checkpoint import Checkpoint
    from headscribe.mapping.pair_table import ScoredList

Layers = Mapping[int, tuple[Head, ...]]

MOST_LOSSES = 3
"""A layer that was lost so often with its worker is likely what killed them; likewise a node."""

WAIT_FOR_NODES = 30.0
"""Seconds without any node after which there is none to wait for."""

_LOOK_SECONDS = 1.0
_PATIENCE = 30.0
"""Seconds without any worker after which a person is told."""


class LayerWorker:
    """Runs on a node: maps or scores one layer at a time, and keeps what the layers share.

    Args:
        source: the checkpoint.
        settings: what to compute, with the device of this node.
        threads: how many the arithmetic may use.
    """

    def __init__(self, source: Source, settings: MapSettings, threads: int) -> None:
        # Read when torch is loaded, which nothing in this process has done yet.
        os.environ["OMP_NUM_THREADS"] = str(threads)
        self._source, self._settings = source, settings
        self._lists: Sequence[ScoredList] | None = None
        self._work: Any = None

    def prepare(self, lists: Sequence[ScoredList] | None) -> None:
        """Get ready to score the operations or, with None, to map.

        The checkpoint is opened here: an error of this call comes back as what it is.
        """
        from headscribe.mapping.head_maps import layer_mapper
        from headscribe.mapping.scores import LayerScorer

        self._work, self._lists = None, lists
        if lists is None:
            self._work = layer_mapper(self._checkpoint, self._settings)
        else:
            self._work = LayerScorer(self._checkpoint, self._settings, lists)

    def layer(self, layer: int, heads: tuple[Head, ...]) -> LayerMaps | LayerScores:
        """Map or score heads of one layer."""
        found = tuple(self._work(layer, [head.head for head in heads]))
        if self._lists is not None:
            return LayerScores(layer, heads, found)
        return LayerMaps(layer, found, dropped_rows(self._padded, self._work.zero_dropped))

    @cached_property
    def _checkpoint(self) -> Checkpoint:
        return self._source.open()

    @cached_property
    def _padded(self) -> int:
        from headscribe.mapping.source_view import vocabulary_rows

        return vocabulary_rows(self._checkpoint, self._settings).dropped


@dataclass(eq=False, slots=True)
class _Slot:
    """A worker, whether it is prepared for this stage, and the layer it is at; None while it has none."""

    node: Node
    actor: Any
    prepared: bool = False
    layer: int | None = None


class LayerPool:
    """The workers of a cluster, one per node or GPU.

    Args:
        cluster: whose living nodes work, also those that join later.
        source: the checkpoint.
        settings: what to compute, with the device that the workers use.
    """

    def __init__(self, cluster: Cluster, source: Source, settings: MapSettings) -> None:
        self._cluster, self._arguments = cluster, (source, settings)
        self._on_gpu = settings.device == "cuda"
        self._slots: dict[tuple[str, int], _Slot] = {}

    def run(
        self, layers: Layers, lists: Sequence[ScoredList] | None, stage: str, progress: Progress
    ) -> Iterator[Any]:
        """The results of the layers, each as soon as it is done; what a lost worker had is given to another.

        Args:
            layers: the heads of each.
            lists: operations to score, None to map.
            stage: its name, for progress.
            progress: told of finished heads and of workers that were lost.

        Raises:
            HeadscribeError: a worker cannot use the checkpoint, or there is no node left.
        """
        progress.start(stage, sum(map(len, layers.values())))
        try:
            for result in _Stage(self, layers, lists, progress).results():
                yield result
                progress.advance(stage, len(result.heads), note=result.heads[-1].name)
        except BaseException:
            self.close()  # with their layers: nobody waits for these any more
            raise
        progress.finish(stage)

    def staff(self, hopeless: Collection[str]) -> dict[tuple[str, int], _Slot]:
        """All workers; one is started wherever one is missing, except on hopeless nodes."""
        for node in self._cluster.nodes():
            for place in range(node.gpus if self._on_gpu else 1):
                if (node.id, place) not in self._slots and node.id not in hopeless:
                    # One processor of Ray's count, so that it can start beside other work.
                    own = {"num_cpus": 1, "max_restarts": 0} | ({"num_gpus": 1} if self._on_gpu else {})
                    actor = self._cluster.start(LayerWorker, node, *self._arguments, node.cpus, **own)
                    self._slots[node.id, place] = _Slot(node, actor)
        return self._slots

    def remove(self, slot: _Slot) -> None:
        """Forget a worker that was lost."""
        self._slots = {key: one for key, one in self._slots.items() if one is not slot}

    def close(self) -> None:
        """End all workers."""
        import ray

        for slot in self._slots.values():
            ray.kill(slot.actor)
        self._slots = {}


class _Stage:
    """One stage of the workers: they prepare for it, then each takes the next layer when it is free."""

    def __init__(
        self, pool: LayerPool, layers: Layers, lists: Sequence[ScoredList] | None, progress: Progress
    ) -> None:
        self._pool, self._layers, self._lists, self._progress = pool, layers, lists, progress
        self._waiting = deque(layers)
        self._left = len(layers)
        self._calls: dict[Any, _Slot] = {}
        self._lost_with: Counter[int] = Counter()
        self._lost_unprepared: Counter[str] = Counter()
        self._last_seen = time.monotonic()
        self._told: set[_Slot] = set()
        self._started, self._say_at = False, time.monotonic() + _PATIENCE

    def results(self) -> Iterator[LayerMaps | LayerScores]:
        """The layers as they are done."""
        import ray

        while self._left:
            self._give_work()
            done, _ = ray.wait(list(self._calls), timeout=_LOOK_SECONDS) if self._calls else ([], [])
            for call in done:
                if result := self._take(call):
                    self._left -= 1
                    yield result

    def _give_work(self) -> None:
        hopeless = [node for node, times in self._lost_unprepared.items() if times >= MOST_LOSSES]
        slots = self._pool.staff(hopeless)
        if not self._started and time.monotonic() > self._say_at:
            self._say_at = math.inf
            self._progress.say("Ray has started no worker yet; it may be waiting for a free processor or GPU")
        if slots:
            self._last_seen = time.monotonic()
        elif hopeless or time.monotonic() - self._last_seen > WAIT_FOR_NODES:
            raise ClusterUnavailable(
                "the cluster has no node left that computes",
                where="--engine ray",
                do="Finished layers are kept: give the same command again once it has one",
            )
        else:
            time.sleep(_LOOK_SECONDS)
        for slot in slots.values():
            if slot not in self._told:
                self._told.add(slot)
                slot.prepared, slot.layer = False, None
                self._calls[slot.actor.prepare.remote(self._lists)] = slot
            elif slot.prepared and slot.layer is None and self._waiting:
                slot.layer = self._waiting.popleft()
                self._calls[slot.actor.layer.remote(slot.layer, self._layers[slot.layer])] = slot

    def _take(self, call: Any) -> LayerMaps | LayerScores | None:
        """What a worker has finished; None if it has only prepared, or was lost."""
        import ray
        from ray.exceptions import RayError, RayTaskError

        slot = self._calls.pop(call)
        try:
            result: LayerMaps | LayerScores | None = ray.get(call)
        except RayTaskError as error:
            raise_as_here(error, slot.node)
        except RayError as error:
            raise_if_not_installed(error, slot.node)
            self._lose(slot)
            return None
        self._started = slot.prepared = True
        slot.layer = None
        return result

    def _lose(self, slot: _Slot) -> None:
        self._pool.remove(slot)
        lost, name = slot.layer, slot.node.name
        if lost is None:
            self._lost_unprepared[slot.node.id] += 1
            self._progress.say(f"The worker on node {name} was lost")
            return
        self._lost_with[lost] += 1
        if self._lost_with[lost] == MOST_LOSSES:
            raise ClusterUnavailable(
                f"layer {lost} was lost {MOST_LOSSES} times with its worker",
                where=f"node {name}",
                do="The memory of the nodes may not suffice: see Ray's logs. Finished layers are kept",
            )
        self._waiting.appendleft(lost)
        self._progress.say(f"The worker on node {name} was lost; its layer {lost} is done anew")
