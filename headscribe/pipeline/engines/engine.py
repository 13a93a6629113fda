"""What an engine does for the stages: layers are mapped and scored, heads are described, somewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol

from headscribe.core.chat import CallJournal
from headscribe.core.heads import Head
from headscribe.core.layers import LayerMaps, LayerScores
from headscribe.core.progress import Progress
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.pipeline.engines.job import MapJob

if TYPE_CHECKING:
    from headscribe.agent.budget import Budget
    from headscribe.agent.describers import Describer
    from headscribe.agent.experiments import Experiments
    from headscribe.agent.llm.spec import LLMSpec
    from headscribe.mapping.pair_table import ScoredList


class Laboratory(Protocol):
    """Where experiments on heads are run."""

    def of_head(self, head: Head) -> Experiments:
        """Experiments on one head."""


class Engine(Protocol):
    """Computes and asks; what is kept, and where, is the stages' affair.

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

    def describer(
        self,
        job: MapJob,
        spec: LLMSpec,
        settings: DescribeSettings,
        journal: CallJournal,
        progress: Progress,
        budget: Budget | None = None,
    ) -> AbstractAsyncContextManager[Describer]:
        """A describer that is ready to be asked about heads; each call is in the journal before its reply
        is used.

        Raises:
            LLMUnavailable, MissingExtra: the LLM cannot be used.
        """

    def laboratory(self, job: MapJob) -> Laboratory:
        """Where the method ``agent`` runs its experiments."""

    def close(self) -> None:
        """Let go of what was taken."""
