"""What a describer may see of a head, from the map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from headscribe.core.evidence import Evidence, order
from headscribe.core.parts import TakenApart
from headscribe.core.records import HeadMap, Mapping, Token
from headscribe.core.spelling import spelling_family
from headscribe.mapping.common_targets import common_targets
from headscribe.store.map.map_dir import MapDir


def evidence_of(head_map: HeadMap) -> Evidence:
    """What a describer may see of a head by itself: what the map says of it, without its name."""
    if isinstance(head_map, TakenApart):
        return Evidence(rows_of(head_map), constant=head_map.constant, roles=head_map.roles)
    return Evidence(head_map.mappings)


def rows_of(head_map: HeadMap) -> tuple[Mapping, ...]:
    """A head's rows, one per source: of a head taken apart the sharpest, then the most salient of the others.

    Sources that both rankings hold would be tested twice, and take the place of others in a prompt.
    """
    if not isinstance(head_map, TakenApart):
        return head_map.mappings
    rows: dict[str, Mapping] = {}
    for row in sorted(head_map.mappings, key=order):
        rows.setdefault(spelling_family(row.source.text), row)
    return tuple(rows.values())


def common_tokens(map_dir: MapDir) -> frozenset[int]:
    """Ids of targets that fill the lists of many heads; none unless the map holds all heads of the model.

    Were they counted over some heads, a head's evidence would change with the others that are asked for.
    """
    model = map_dir.header.model
    lists = map_dir.target_ids()
    if len(lists) < model.n_layers * model.n_heads:
        return frozenset()
    return frozenset(common_targets(lists, model.vocab_size).common)


def with_common(evidence: Evidence, common: frozenset[int]) -> Evidence:
    """The evidence of a head taken apart, with those of its tokens marked that are common to many heads."""
    if evidence.constant is None:
        return evidence
    return replace(evidence, common=common & {token.id for token in _targets(evidence)})


def _targets(evidence: Evidence) -> Iterator[Token]:
    for row in evidence.mappings:
        yield from row.targets
        yield from row.suppressed
    for role in evidence.roles:
        yield from (*role.targets, *role.far_targets)
    if evidence.constant:
        yield from (*evidence.constant.promoted, *evidence.constant.suppressed)
