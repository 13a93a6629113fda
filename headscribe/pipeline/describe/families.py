"""Which described heads belong together, for the table of descriptions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from headscribe.core.descriptions import Description, Status
from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.core.settings import RELATION_HEAD
from headscribe.eval.head_families import FamilyMember, head_families
from headscribe.pipeline.describe.evidence import rows_of
from headscribe.store.map.map_dir import MapDir

ROWS = 30
"""Rows of each head that are compared, the most telling ones; as many as a map has by default."""


def with_families(descriptions: Sequence[Description], map_dir: MapDir) -> list[Description]:
    """The descriptions with the family of each head among them, and what tells the head from the others.

    Args:
        descriptions: by head, at most one each.
        map_dir: holds the heads' rows and their scores.
    """
    model = map_dir.header.model
    families = head_families(list(_members(descriptions, map_dir)), model.n_heads // model.n_kv_heads)
    said = ((row, families.get(row.head)) for row in descriptions)
    return [
        replace(row, family=family.name, differs=family.differs) if family else row for row, family in said
    ]


def _members(descriptions: Sequence[Description], map_dir: MapDir) -> Iterator[FamilyMember]:
    by_head = {row.head: row.outcome for row in descriptions}
    operations = _operations(score for score in map_dir.scores() if score.head in by_head)
    for head_map in map_dir.iter_head_maps(frozenset(by_head)):
        outcome = by_head[head_map.head]
        yield FamilyMember(
            head_map.head,
            rows_of(head_map)[:ROWS],
            operations[head_map.head],
            outcome.description if outcome.status is Status.OK else None,
            -1.0 if outcome.confidence is None else outcome.confidence,
        )


def _operations(scores: Iterable[OperationScore]) -> dict[Head, dict[str, float]]:
    """The operations that heads implement: from the threshold of relation heads on, and not by chance."""
    found: dict[Head, dict[str, float]] = defaultdict(dict)
    for score in scores:
        ends = (
            ("", score.effect, score.promotion.above_chance),
            ("suppresses ", score.suppression_effect, score.suppression.above_chance),
        )
        for side, effect, above_chance in ends:
            if effect >= RELATION_HEAD and above_chance is not False:
                found[score.head][side + score.operation] = effect
    return found
