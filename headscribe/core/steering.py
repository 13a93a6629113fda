"""What steering gives: whether a running model raises the targets that a description names for sources."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from headscribe.core.columns import Column
from headscribe.core.heads import Head
from headscribe.core.records import Token


@dataclass(frozen=True, slots=True)
class SteeredSource:
    """A source that a head's description names, its value added to the head's z in the running model.

    Percentiles are shares of the vocabulary whose logit rises less: 0.5 is what a target reaches that the
    head has nothing to do with.
    """

    head: Head
    description_hash: Annotated[str, Column("hash of the description that was tried")]
    source: Annotated[Token, Column("the source that the description names")]
    targets: Annotated[tuple[Token, ...], Column("the targets that it names for this source")]
    raised: Annotated[
        float,
        Column("percentile of the targets' rise under this source's value, mean over targets, texts"),
    ]
    raised_by_others: Annotated[
        float | None,
        Column("the same under the values of the head's other named sources; null where there is no other"),
    ]
    change: Annotated[
        float, Column("rise of the targets' log-probability under this source's value", unit="nats")
    ]


@dataclass(frozen=True, slots=True)
class HeadSteering:
    """The sources of one head together.

    Attributes:
        n_sources: named sources that were tried.
        raised: mean percentile of the targets' rise; 0.5 is chance.
        low, high: its 95% bootstrap interval over sources; None of one source.
        because: ``raised`` less the percentile under the head's other sources: 0 where the targets rise
            whatever the source; None of one source.
        because_low, because_high: likewise.
        change: mean rise of log-probability, in nats.
    """

    head: Head
    n_sources: int
    raised: float
    low: float | None
    high: float | None
    because: float | None
    because_low: float | None
    because_high: float | None
    change: float


def head_steering(rows: Iterable[SteeredSource], *, draws: int = 2000) -> list[HeadSteering]:
    """The heads' figures, in model order; the draws of a head do not depend on the others."""
    import numpy as np

    from headscribe.core.statistics import percentile_interval, resampled_means

    by_head: dict[Head, list[SteeredSource]] = {}
    for row in rows:
        by_head.setdefault(row.head, []).append(row)

    def interval(values: list[float]) -> tuple[float | None, float | None]:
        if len(values) < 2:
            return None, None
        return percentile_interval(resampled_means(np.array(values), draws, np.random.default_rng(0)))

    found = []
    for head, own in sorted(by_head.items()):
        raised = [row.raised for row in own]
        because = [row.raised - row.raised_by_others for row in own if row.raised_by_others is not None]
        found.append(
            HeadSteering(
                head,
                len(own),
                sum(raised) / len(own),
                *interval(raised),
                sum(because) / len(because) if because else None,
                *interval(because),
                sum(row.change for row in own) / len(own),
            )
        )
    return found
