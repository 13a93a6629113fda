"""The engine of many machines: layers as Ray tasks, LLM servers on nodes; what is kept stays here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from headscribe.core.errors import BadOption
from headscribe.core.heads import Head
from headscribe.core.layers import LayerMaps, LayerScores, by_layer
from headscribe.core.progress import Progress
from headscribe.core.settings import AskSettings, MapSettings
from headscribe.pipeline.engines.job import MapJob
from headscribe.pipeline.engines.local import LOCAL
from headscribe.pipeline.engines.ray.cluster import Cluster
from headscribe.pipeline.engines.ray.layers import LayerPool
from headscribe.pipeline.engines.ray.servers import open_servers
from headscribe.pipeline.engines.ray.source import Source

if TYPE_CHECKING:
    from headscribe.agent.llm.client import ChatClient
    from headscribe.agent.llm.spec import LLMSpec
    from headscribe.mapping.pair_table import ScoredList


class RayEngine:
    """Does the work on the nodes of a Ray cluster; see ``Engine``.

    Args:
        address: of the cluster; see ``open_engine``.
    """

    def __init__(self, address: str | None = None) -> None:
        self._cluster = Cluster(address)
        self._pool: tuple[MapJob, LayerPool] | None = None

    def arithmetic(self, settings: MapSettings) -> tuple[str, str]:
        """The device of all workers, and the dtype: ``auto`` is CUDA where any node has a GPU.

        Raises:
            BadOption: a device of one machine, or GPUs where there are none.
        """
        if settings.device not in {"auto", "cpu", "cuda"}:
            raise BadOption(
                f"'{settings.device}' is a device of one machine",
                where="--device",
                do="Use auto, cpu or cuda with --engine ray",
            )
        gpus = settings.device != "cpu" and any(node.gpus for node in self._cluster.nodes())
        if settings.device == "cuda" and not gpus:
            raise BadOption("no node of the cluster has a GPU", where="--device", do="Use auto or cpu")
        _, dtype = LOCAL.arithmetic(settings.model_copy(update={"device": "cpu"}))
        return "cuda" if gpus else "cpu", dtype

    def map_layers(self, job: MapJob, heads: Sequence[Head], progress: Progress) -> Iterator[LayerMaps]:
        """Map these heads, a layer per task."""
        yield from self._workers(job).run(by_layer(heads), None, "map", progress)

    def score_layers(
        self, job: MapJob, lists: Sequence[ScoredList], heads: Sequence[Head], progress: Progress
    ) -> Iterator[LayerScores]:
        """Score these heads, a layer per task."""
        if lists:
            yield from self._workers(job).run(by_layer(heads), lists, "score", progress)
        else:
            yield from LOCAL.score_layers(job, lists, heads, progress)

    def open_llm(
        self, spec: LLMSpec, settings: AskSettings, progress: Progress
    ) -> AbstractAsyncContextManager[ChatClient]:
        """A chat model: vLLM servers on the nodes share the calls; any other is asked as without Ray."""
        self._end_workers()  # asking comes after mapping: their memory, and their GPUs, are needed no longer
        if spec.kind == "vllm":
            return open_servers(self._cluster, spec, settings, progress)
        return LOCAL.open_llm(spec, settings, progress)

    def close(self) -> None:
        """Disconnect; workers of ours end."""
        self._end_workers()
        self._cluster.close()

    def _workers(self, job: MapJob) -> LayerPool:
        """The workers of this job, the same for scoring and mapping: each reads and hashes the checkpoint."""
        if self._pool is None or self._pool[0] is not job:
            self._end_workers()
            self._pool = job, LayerPool(self._cluster, Source.of(job.checkpoint), self._there(job.settings))
        return self._pool[1]

    def _end_workers(self) -> None:
        if self._pool is not None:
            self._pool[1].close()
            self._pool = None

    def _there(self, settings: MapSettings) -> MapSettings:
        return settings.model_copy(update={"device": self.arithmetic(settings)[0]})
