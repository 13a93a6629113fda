"""What an engine does for the stages: layers are mapped and scored, and LLM servers run, somewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol

from headscribe.core.heads import Head
from headscribe.core.layers import LayerMaps, LayerScores
from headscribe.core.progress import Progress
from headscribe.core.settings import AskSettings, MapSettings
from headscribe.pipeline.engines.job import MapJob

if TYPE_CHECKING:
    from headscribe.agent.llm.client import ChatClient
    from headscribe.agent.llm.spec import LLMSpec
    from headscribe.mapping.pair_table import ScoredList


class Engine(Protocol):
    """Computes and opens LLMs; what is asked, and what is kept where, is the stages' affair.

    The same input gives the same numbers in the same arithmetic, whichever engine computes them.
    """

    def arithmetic(self, settings: MapSettings) -> tuple[str, str]:
        """The device and the dtype that the settings come to here, for the header of a map.

        Raises:
            BadOption: there is no such device here.
            ClusterUnavailable: there is no cluster.
        """

    def map_layers(self, job: MapJob, heads: Sequence[Head], progress: Progress) -> Iterator[LayerMaps]:
        """Map these heads; each layer is given as soon as it is done, in any order.

        Raises:
            HeadscribeError: the checkpoint cannot be read, or no machine is left.
        """

    def score_layers(
        self, job: MapJob, lists: Sequence[ScoredList], heads: Sequence[Head], progress: Progress
    ) -> Iterator[LayerScores]:
        """Score these heads; likewise."""

    def open_llm(
        self, spec: LLMSpec, settings: AskSettings, progress: Progress
    ) -> AbstractAsyncContextManager[ChatClient]:
        """A chat model that answers its check; the calls to it leave from this process.

        Raises:
            LLMUnavailable, MissingExtra: the LLM cannot be used.
        """

    def close(self) -> None:
        """Let go of what was taken."""
