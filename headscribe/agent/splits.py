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

_SHARE = 3
"""Each part may have this part of a head's rows."""

_SHOWN = 14
"""Rows that must be left to the describer for the test to have more: as many as of the paper's 30 rows."""

_Lists = dict[str, tuple[str, ...]]

_CONSTANT: _Lists = {"promoted": ("strengths",), "suppressed": ("suppressed_strengths",)}
_ROLE: _Lists = {
    "sources": ("source_loadings",),
    "targets": ("target_loadings",),
    "far_sources": ("far_source_loadings",),
    "far_targets": ("far_target_loadings",),
}
_ROW: _Lists = {"targets": ("logits",), "suppressed": ("suppressed_logits",)}
_PARTS_ROW: _Lists = {
    "targets": ("logits", "strengths", "own_spelling"),
    "suppressed": ("suppressed_logits", "suppressed_strengths", "suppressed_own_spelling"),
    "members": (),
}
"""Lists of tokens of a record, and those that belong to them."""

Record = TypeVar("Record", ConstantPart, Role, Mapping, PartsMapping)


@dataclass(frozen=True, slots=True)
class Split:
    """A head's mappings, divided.

    Attributes:
        shown: what the describer sees.
        validation: rows whose wrongly answered items go back to the describer; test words are left out.
        test: rows whose source no prompt to the describer contains: neither as source nor among other rows'
            tokens, nor in the constant part or a role.
    """

    shown: Evidence
    validation: tuple[Mapping, ...] = ()
    test: tuple[Mapping, ...] = ()


def split_evidence(evidence: Evidence, *, validation: int = 6, test: int = 20, seed: int = 0) -> Split:
    """Divide a head's mappings at random, but the same way whenever the mappings and the seed are the same.

    The draw depends on what the rows say, not on the head's place or the rows' order. Sources that differ
    only in case or surrounding space stay together; each part gets at most a third of the rows, the
    test more where 14 of them and a third remain to be shown. Of a head taken apart, only rows as strong as
    its sharpest ones are held out: weaker ones may be noise alone.
    Wherever else a held-out word stands (targets and members of a row, constant part, roles), it is left out
    of what is shown.

    Args:
        evidence: the head's mappings.
        validation: rows wanted for validation.
        test: rows wanted for the test.
        seed: of the draw.
    """
    rows = sorted(evidence.mappings, key=_content)
    most, least = len(rows) // _SHARE, _least_strength(rows)
    validation = min(validation, most)
    test = min(test, max(most, len(rows) - max(_SHOWN, most) - validation))
    rng = random.Random(content_hash([seed, [_content(row) for row in rows]]))
    tested, rest = _hold_out(rows, test, least, rng)
    kept, rest = _hold_out(rest, validation, least, rng)
    secret = _names(tested)
    held = secret | _names(kept)
    contrast = tuple(tuple(row for row in other if not mentions(row, held)) for other in evidence.contrast)
    roles = (_without_words(role, _ROLE, held) for role in evidence.roles)
    shown = Evidence(
        _by_rank(_rows_without(rest, held)),
        contrast,
        constant=evidence.constant and _without_words(evidence.constant, _CONSTANT, held),
        roles=tuple(role for role in roles if role.sources and role.targets),
        common=evidence.common,
    )
    return Split(shown, _by_rank(_rows_without(kept, secret)), _by_rank(tested))


def held_out(split: Split) -> frozenset[str]:
    """The words that no experiment may show: the sources held out for validation and for the test."""
    return frozenset(name(row.source) for row in (*split.validation, *split.test))


def mentions(row: Mapping, names: set[str]) -> bool:
    """Whether any token of the row has one of these names (see ``name``)."""
    return any(name(token) in names for token in (row.source, *row.targets, *row.suppressed))


def name(token: Token) -> str:
    """What the spellings of the token's word share."""
    return spelling_family(token.text)


def _least_strength(rows: Sequence[Mapping]) -> float:
    """In σ, the strength of the weakest of the sharpest rows; rows that are not taken apart have none."""
    sharp = (row.strength for row in rows if isinstance(row, PartsMapping) and row.ranking == "sharpest")
    return min(sharp, default=0.0)


def _hold_out(
    rows: Sequence[Mapping], count: int, least_strength: float, rng: random.Random
) -> tuple[list[Mapping], list[Mapping]]:
    """Up to ``count`` rows, all spellings of a word or none, and the others."""
    groups: dict[str, list[Mapping]] = {}
    for row in rows:
        groups.setdefault(name(row.source), []).append(row)
    order = [one for one, group in groups.items() if all(_strong(row, least_strength) for row in group)]
    rng.shuffle(order)
    held: dict[str, list[Mapping]] = {}
    for one in order:
        if sum(map(len, held.values())) + len(groups[one]) <= count:
            held[one] = groups[one]
    left = [row for row in rows if name(row.source) not in held]
    return [row for group in held.values() for row in group], left


def _strong(row: Mapping, least_strength: float) -> bool:
    return not isinstance(row, PartsMapping) or row.strength >= least_strength


def _names(rows: Sequence[Mapping]) -> set[str]:
    return {name(row.source) for row in rows}


def _content(row: Mapping) -> list[list[tuple[int, str]]]:
    parts = ((row.source,), row.targets, row.suppressed)
    return [[(token.id, token.text) for token in tokens] for tokens in parts]


def _by_rank(rows: Sequence[Mapping]) -> tuple[Mapping, ...]:
    return tuple(sorted(rows, key=order))


def _rows_without(rows: Sequence[Mapping], held: set[str]) -> list[Mapping]:
    """The rows without held-out words among their targets; a row of which nothing else is left goes."""
    left = (_without_words(row, _PARTS_ROW if isinstance(row, PartsMapping) else _ROW, held) for row in rows)
    return [row for row in left if row.targets]


def _without_words(record: Record, lists: _Lists, held: set[str]) -> Record:
    """A record without held-out words, and without what belongs to them.

    Args:
        record: a row, a constant part or a role.
        lists: its lists of tokens, each with those that belong to it.
        held: names of words.
    """
    kept: dict[str, Any] = {}
    belonging: tuple[str, ...]
    for tokens, belonging in lists.items():
        places = [place for place, token in enumerate(getattr(record, tokens)) if name(token) not in held]
        for one in (tokens, *belonging):
            values = getattr(record, one)
            kept[one] = tuple(values[place] for place in places) if values else values
    return replace(record, **kept)
