"""What experiments on heads are made with: the rows of the paper's map, or those of heads taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from headscribe.core.heads import Head
from headscribe.core.settings import MapSettings

if TYPE_CHECKING:
    from headscribe.agent.experiments import Constant, End, PairStrength, SourceRow
    from headscribe.core.parts import ConstantPart
    from headscribe.mapping.checkpoint import Checkpoint

Ids = tuple[int, ...]
"""Tokens, by their ids."""


class Instrument(Protocol):
    """Experiments on any head of a model, by one thread at a time; see ``agent.experiments``."""

    def usable_ids(self, head: Head) -> Sequence[int]:
        """Sources that have a row."""

    def rows(self, head: Head, ids: Ids, top: int) -> list[SourceRow]:
        """What the head does with some sources."""

    def sources(self, head: Head, id: int, top: int) -> End:
        """The sources that promote a target most."""

    def pairs(self, head: Head, pairs: Sequence[tuple[int, int]], k: int) -> list[PairStrength]:
        """Whether the head promotes or suppresses pairs of source and target."""

    def constant(self, head: Head, targets: Ids, top: int) -> Constant:
        """What the head does whatever the source."""


class PaperInstrument:
    """The map as the paper defines it.

    Args:
        settings: source view, norms, padded rows and arithmetic.
    """

    def __init__(self, checkpoint: Checkpoint, settings: MapSettings) -> None:
        from headscribe.mapping.bench import Bench

        self._bench = Bench(checkpoint, settings)

    def usable_ids(self, head: Head) -> Sequence[int]:
        """Sources whose vector is not zero."""
        return self._bench.usable_ids(head)

    def rows(self, head: Head, ids: Ids, top: int) -> list[SourceRow]:
        """Rows of M, with the percentile of each source's saliency."""
        from headscribe.agent.experiments import End, SourceRow

        found = zip(self._bench.rows(head, ids, top), self._bench.percentiles(head, ids), strict=True)
        return [SourceRow(row.source, below, End(row.targets), End(row.suppressed)) for row, below in found]

    def sources(self, head: Head, id: int, top: int) -> End:
        """The largest entries of a column of M."""
        from headscribe.agent.experiments import End

        return End(self._bench.sources(head, id, top))

    def pairs(self, head: Head, pairs: Sequence[tuple[int, int]], k: int) -> list[PairStrength]:
        """Whether targets are at the ends of their sources' rows."""
        from headscribe.agent.experiments import PairStrength

        return [PairStrength(*found) for found in self._bench.among_ends(head, pairs, k)]

    def constant(self, head: Head, targets: Ids, top: int) -> Constant:
        """Not asked for: the tool is offered where maps are taken apart."""
        raise NotImplementedError


class PartsInstrument:
    """Heads taken apart: because of the source, in σ, and whatever the source.

    Args:
        settings: source view, norms, padded rows and arithmetic.
    """

    def __init__(self, checkpoint: Checkpoint, settings: MapSettings) -> None:
        from headscribe.mapping.parts.bench import PartsBench

        self._bench = PartsBench(checkpoint, settings)

    def usable_ids(self, head: Head) -> Sequence[int]:
        """Usable tokens."""
        return self._bench.head(head).usable_ids()

    def rows(self, head: Head, ids: Ids, top: int) -> list[SourceRow]:
        """Rows of the specific part, with the percentile of how strongly the head acts on each source."""
        from headscribe.agent.experiments import End, SourceRow

        return [
            SourceRow(
                row.token,
                row.percentile,
                End(row.promoted, row.strengths),
                End(row.suppressed, row.suppressed_strengths),
            )
            for row in self._bench.head(head).probe(ids, top=top)
        ]

    def sources(self, head: Head, id: int, top: int) -> End:
        """The sources of the largest strengths."""
        from headscribe.agent.experiments import End

        (row,) = self._bench.head(head).probe([id], reverse=True, top=top)
        return End(row.promoted, row.strengths)

    def pairs(self, head: Head, pairs: Sequence[tuple[int, int]], k: int) -> list[PairStrength]:
        """Strengths, and whether targets are at the ends of their sources' rows of the specific part."""
        from headscribe.agent.experiments import PairStrength

        found = self._bench.head(head).pairs(pairs, k)
        return [PairStrength(promoted, suppressed, strength) for strength, promoted, suppressed in found]

    def constant(self, head: Head, targets: Ids, top: int) -> Constant:
        """The constant part, and its entries of some targets."""
        from headscribe.agent.experiments import Constant, End

        one = self._bench.head(head)
        found: ConstantPart = one.constant(top)
        return Constant(
            found.share,
            End(found.promoted, found.strengths),
            End(found.suppressed, found.suppressed_strengths),
            tuple(one.always(targets)),
        )
