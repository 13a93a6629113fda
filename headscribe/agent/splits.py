"""Which of a head's mappings the describer sees, which choose between its answers, which test the last."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from headscribe.core.chat import content_hash
from headscribe.core.evidence import Evidence, order
from headscribe.core.parts import ConstantPart, PartsMapping, Role
from headscribe.core.records import Mapping, Token
from headscribe.core.spelling import spelling_family

_LARGEST_SHARE = 3

_CONSTANT = {"promoted": "strengths", "suppressed": "suppressed_strengths"}
_ROLE = {
    "sources": "source_loadings",
    "targets": "target_loadings",
    "far_sources": "far_source_loadings",
    "far_targets": "far_target_loadings",
}
"""Lists of tokens of a part, and those of their numbers."""

Part = TypeVar("Part", ConstantPart, Role)


@dataclass(frozen=True, slots=True)
class Split:
    """A head's mappings, divided.

    Attributes:
        shown: what the describer sees.
        validation: rows whose wrongly answered items go back to the describer.
        test: rows whose source no prompt to the describer contains: neither as source nor among other rows'
            tokens, nor in the constant part or a role.
    """

    shown: Evidence
    validation: tuple[Mapping, ...] = ()
    test: tuple[Mapping, ...] = ()


def split_evidence(evidence: Evidence, *, validation: int = 6, test: int = 10, seed: int = 0) -> Split:
    """Divide a head's mappings at random, but the same way whenever the mappings and the seed are the same.

    The draw depends on what the rows say, not on the head's place or the rows' order. Sources that differ
    only in case or surrounding space stay together. A row that mentions a held-out source among its own
    tokens is shown to nobody, so sources that few rows mention are held out first; each part gets at most a
    third of the rows, and fewer than asked for where the shown part would fall below a third. Elsewhere
    (members of a row, constant part, roles) held-out words are left out of what is shown.

    Args:
        evidence: the head's mappings.
        validation: rows wanted for validation.
        test: rows wanted for the test.
        seed: of the draw.
    """
    rows = sorted(evidence.mappings, key=_content)
    most = len(rows) // _LARGEST_SHARE
    rng = random.Random(content_hash([seed, [_content(row) for row in rows]]))
    tested, rest = _hold_out(rows, min(test, most), most, rng)
    kept, rest = _hold_out(rest, min(validation, most), most, rng)
    held = _names(tested) | _names(kept)
    contrast = tuple(tuple(row for row in other if not mentions(row, held)) for other in evidence.contrast)
    roles = (_without_words(role, _ROLE, held) for role in evidence.roles)
    shown = Evidence(
        tuple(_without_members(row, held) for row in _by_rank(rest)),
        contrast,
        constant=evidence.constant and _without_words(evidence.constant, _CONSTANT, held),
        roles=tuple(role for role in roles if role.sources and role.targets),
        common=evidence.common,
    )
    return Split(shown, _by_rank(kept), _by_rank(tested))


def mentions(row: Mapping, names: set[str]) -> bool:
    """Whether any token of the row has one of these names (see ``name``)."""
    return any(name(token) in names for token in (row.source, *row.targets, *row.suppressed))


def name(token: Token) -> str:
    """What the spellings of the token's word share."""
    return spelling_family(token.text)


def _hold_out(
    rows: Sequence[Mapping], count: int, least_left: int, rng: random.Random
) -> tuple[list[Mapping], list[Mapping]]:
    """Up to ``count`` rows, and those of the others that mention none of their sources."""
    mentioned = [{name(token) for token in (row.source, *row.targets, *row.suppressed)} for row in rows]
    groups: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        groups.setdefault(name(row.source), []).append(place)
    order = list(groups)
    rng.shuffle(order)
    order.sort(key=lambda one: sum(one in names for names in mentioned) - len(groups[one]))
    held: list[int] = []
    left = list(range(len(rows)))
    for one in order:
        without = [place for place in left if one not in mentioned[place]]
        if len(held) + len(groups[one]) <= count and len(without) >= least_left:
            held, left = held + groups[one], without
    taken = set(held)
    return [rows[place] for place in held], [rows[place] for place in left if place not in taken]


def _names(rows: Sequence[Mapping]) -> set[str]:
    return {name(row.source) for row in rows}


def _content(row: Mapping) -> list[list[tuple[int, str]]]:
    parts = ((row.source,), row.targets, row.suppressed)
    return [[(token.id, token.text) for token in tokens] for tokens in parts]


def _by_rank(rows: Sequence[Mapping]) -> tuple[Mapping, ...]:
    return tuple(sorted(rows, key=order))


def _without_members(row: Mapping, held: set[str]) -> Mapping:
    if not isinstance(row, PartsMapping):
        return row
    return replace(row, members=tuple(token for token in row.members if name(token) not in held))


def _without_words(record: Part, lists: dict[str, str], held: set[str]) -> Part:
    """A part of the head without held-out words, and without the numbers that belong to them.

    Args:
        record: a constant part or a role.
        lists: its lists of tokens, each with that of their numbers.
        held: names of words.
    """
    kept: dict[str, Any] = {}
    for tokens, numbers in lists.items():
        pairs = zip(getattr(record, tokens), getattr(record, numbers), strict=True)
        left = [(token, number) for token, number in pairs if name(token) not in held]
        kept[tokens] = tuple(token for token, _ in left)
        kept[numbers] = tuple(number for _, number in left)
    return replace(record, **kept)
