"""What is left of a run's work: the heads wanted, less those whose description the journal holds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headscribe.core.descriptions import Status
from headscribe.core.evidence import Evidence
from headscribe.core.heads import Head
from headscribe.pipeline.describe.comparison_heads import ALONE, ComparisonHeads
from headscribe.pipeline.describe.evidence import common_tokens, with_common
from headscribe.pipeline.describe.identity import work_identity
from headscribe.store.map.map_dir import MapDir

if TYPE_CHECKING:
    from headscribe.agent.describers import Describer


@dataclass(frozen=True, slots=True)
class HeadWork:
    """One head to be described, and the identity of that work; ``fresh`` asks again what was answered."""

    head: Head
    evidence: Evidence
    work: str
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """The work of a session.

    Attributes:
        identities: for every head wanted, the identity of describing it.
        left: the heads that are to be described, in model order.
        again: of these, the ones whose answer in the journal shall not be used.
        comparison_heads: the other heads that each is seen with.
    """

    identities: Mapping[Head, str]
    left: Sequence[Head]
    again: frozenset[Head]
    comparison_heads: ComparisonHeads = ALONE

    def items(self, map_dir: MapDir) -> Iterator[HeadWork]:
        """The work that is left, read from the map as it is needed."""
        for head, evidence in iter_evidence(map_dir, self.left, comparison_heads=self.comparison_heads):
            yield HeadWork(head, evidence, self.identities[head], fresh=head in self.again)


def iter_evidence(
    map_dir: MapDir, heads: Collection[Head], *, comparison_heads: ComparisonHeads
) -> Iterator[tuple[Head, Evidence]]:
    """What a describer may see of each head, in model order; with other heads' rows if wanted."""
    shape = map_dir.header.model
    head_maps = map_dir.iter_head_maps(frozenset(comparison_heads.needed(heads, shape)))
    common = common_tokens(map_dir) if map_dir.header.settings.view == "parts" else frozenset()
    for head, evidence in comparison_heads.evidence(head_maps, heads, shape):
        yield head, with_common(evidence, common)


def find_work(
    map_dir: MapDir,
    heads: Sequence[Head],
    describer: Describer,
    statuses: Mapping[tuple[Head, str], str],
    retry: frozenset[Status],
    *,
    comparison_heads: ComparisonHeads = ALONE,
) -> Work:
    """DescribeRequest − done.

    Args:
        map_dir: holds every head wanted.
        heads: the heads wanted.
        describer: who would describe; it need not be connected.
        statuses: how finished work ended, from the journal.
        retry: statuses to ask again about; ``failed`` always is.
        comparison_heads: the other heads that each is seen with, which the map then holds too.
    """
    identities = {
        head: work_identity(describer, evidence)
        for head, evidence in iter_evidence(map_dir, heads, comparison_heads=comparison_heads)
    }
    left, again = [], set()
    for head, work in sorted(identities.items()):
        status = statuses.get((head, work))
        if not is_done(status, retry):
            left.append(head)
        if status is not None and status in retry:
            again.add(head)
    return Work(identities, left, frozenset(again), comparison_heads)


def is_done(status: str | None, retry: frozenset[Status]) -> bool:
    """Whether a head whose work ended so (None: has not ended) needs no asking."""
    return status is not None and status != Status.FAILED and status not in retry
