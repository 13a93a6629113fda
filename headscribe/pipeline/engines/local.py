"""The engine that is always there: this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import islice
from typing import TYPE_CHECKING

from headscribe.core.heads import Head
from headscribe.core.layers import LayerMaps, LayerScores, by_layer, dropped_rows
from headscribe.core.progress import Progress
from headscribe.core.settings import AskSettings, MapSettings
from headscribe.pipeline.engines.job import MapJob

if TYPE_CHECKING:
    from headscribe.agent.llm.client import ChatClient
    from headscribe.agent.llm.spec import LLMSpec
    from headscribe.mapping.pair_table import ScoredList


class LocalEngine:
    """Does the work in this process; see ``Engine``."""

    def arithmetic(self, settings: MapSettings) -> tuple[str, str]:
        """The device and the dtype that the settings come to on this machine."""
        from headscribe.mapping.devices import choose_arithmetics

        chosen = choose_arithmetics(settings)
        dtype = str(chosen[0].dtype).removeprefix("torch.")
        return ",".join(str(one.device) for one in chosen), dtype

    def map_layers(self, job: MapJob, heads: Sequence[Head], progress: Progress) -> Iterator[LayerMaps]:
        """Map these heads, layer after layer."""
        from headscribe.mapping.fetching import fetching
        from headscribe.mapping.head_maps import map_heads

        with fetching(job.checkpoint, job.settings, heads, progress):
            maps = map_heads(job.checkpoint, job.settings, heads, progress)
            for layer, own in by_layer(heads).items():
                found = tuple(islice(maps, len(own)))
                counts = maps.counts
                yield LayerMaps(layer, found, dropped_rows(counts.padded_dropped, counts.zero_dropped))
            next(maps, None)  # so that the stage is told that it is over

    def score_layers(
        self, job: MapJob, lists: Sequence[ScoredList], heads: Sequence[Head], progress: Progress
    ) -> Iterator[LayerScores]:
        """Score these heads, layer after layer."""
        from headscribe.mapping.fetching import fetching
        from headscribe.mapping.scores import layer_scores

        with fetching(job.checkpoint, job.settings, heads, progress):
            scores = layer_scores(job.checkpoint, job.settings, lists, heads, progress)
            for layer, own in by_layer(heads).items():
                yield LayerScores(layer, own, tuple(next(scores, ())))
            next(scores, None)  # so that the stage is told that it is over

    def open_llm(
        self, spec: LLMSpec, settings: AskSettings, progress: Progress
    ) -> AbstractAsyncContextManager[ChatClient]:
        """A chat model; a vLLM server runs on this machine."""
        from headscribe.agent.llm.opening import open_client

        return open_client(spec, settings, progress)

    def close(self) -> None:
        """Nothing was taken."""


LOCAL = LocalEngine()
