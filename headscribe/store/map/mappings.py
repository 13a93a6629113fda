"""``mappings.parquet``: what every head does with its salient tokens, one row per head and token."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from headscribe.core.heads import Head
from headscribe.core.records import HeadMap, Mapping
from headscribe.store.tables.table import Table

MAKE_AGAIN = "Make the map again: headscribe map"


class HeadMapping(NamedTuple):
    """A mapping and its head."""

    head: Head
    mapping: Mapping


MAPPINGS = Table(
    "mappings", HeadMapping, "One row per head and source token, by layer, head and rank", MAKE_AGAIN
)


def head_mappings(maps: Iterable[HeadMap]) -> Iterator[HeadMapping]:
    """The rows of head maps."""
    return (HeadMapping(one.head, mapping) for one in maps for mapping in one.mappings)


def joined(rows: Iterable[HeadMapping]) -> Iterator[HeadMap]:
    """The head maps of such rows, one at a time; a head's rows stand together."""
    for head, group in groupby(rows, itemgetter(0)):
        yield HeadMap(head, tuple(mapping for _, mapping in group))
