"""Which heads annotators judge: all, so many per layer group, or spread over statuses and confidences."""

from __future__ import annotations

import math
import random
import re
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeVar

from headscribe.core.descriptions import Description
from headscribe.core.errors import BadOption
from headscribe.core.heads import Head
from headscribe.core.layer_groups import LayerGroup
from headscribe.core.tokens import plain_line

K = TypeVar("K", bound=Hashable)

_FORMS = "Use all, layers:N (N heads of each layer group) or stratified:N (N heads in all)"
_SAMPLE = re.compile(r"(layers|stratified):(\d{1,9})", re.ASCII)


class Sample(NamedTuple):
    """How heads are drawn: ``all``, or ``n`` by layer group (``layers``) or in all (``stratified``)."""

    how: str
    n: int = 0


def read_sample(text: str) -> Sample:
    """Read ``--sample``.

    Raises:
        BadOption: it is none of the three forms.
    """
    if text == "all":
        return Sample("all")
    match = _SAMPLE.fullmatch(text)
    if not match or not int(match[2]):
        raise BadOption(f"'{plain_line(text, 40)}' is not a sample", where="--sample", do=_FORMS)
    return Sample(match[1], int(match[2]))


def draw(
    rows: Sequence[Description], sample: Sample, groups: Sequence[LayerGroup], seed: int
) -> list[Description]:
    """The heads to judge, in model order.

    ``stratified`` divides heads by status and by thirds of confidence, and draws from each stratum in
    proportion to its size, so that every head has about the same chance.

    Args:
        rows: the heads with an answer, ``ok`` or ``unclear``.
        sample: how many of them.
        groups: layers that belong together.
        seed: of the draw.
    """
    rng = random.Random(seed)
    if sample.how == "all":
        return list(rows)
    if sample.how == "layers":
        drawn = [
            row
            for group in groups
            for row in _some([row for row in rows if group.holds(row.head)], sample.n, rng)
        ]
    else:
        drawn = [row for own, n in _strata(rows, min(sample.n, len(rows))) for row in _some(own, n, rng)]
    return sorted(drawn, key=lambda row: row.head)


def shares(sizes: Mapping[K, int], total: int) -> dict[K, int]:
    """So many for each, in proportion to its size, by largest remainders; ``total`` in all."""
    whole = sum(sizes.values()) or 1
    found = {key: size * total // whole for key, size in sizes.items()}
    rest = sorted(sizes, key=lambda key: -(sizes[key] * total % whole))
    for key in rest[: total - sum(found.values())]:
        found[key] += 1
    return found


def _some(rows: Sequence[Description], n: int, rng: random.Random) -> list[Description]:
    return rng.sample(list(rows), min(n, len(rows)))


def _strata(rows: Sequence[Description], total: int) -> Iterator[tuple[Sequence[Description], int]]:
    """By status, and within it by thirds of confidence; heads without one are a stratum of their own.

    Heads are shared out to the statuses first, so that rounding in small strata cannot shift these.
    """
    by_status: dict[str, list[Description]] = defaultdict(list)
    for row in rows:
        by_status[row.outcome.status.value].append(row)
    sizes = shares({status: len(own) for status, own in sorted(by_status.items())}, total)
    for status, size in sizes.items():
        own = sorted(by_status[status], key=_confidence)
        n = sum(row.outcome.confidence is not None for row in own)
        cuts = [0, n // 3, 2 * n // 3, n, len(own)]
        parts = [own[start:end] for start, end in pairwise(cuts)]
        yield from zip(parts, shares(dict(enumerate(map(len, parts))), size).values(), strict=True)


def _confidence(row: Description) -> tuple[float, Head]:
    confidence = row.outcome.confidence
    return (math.inf if confidence is None else confidence), row.head
