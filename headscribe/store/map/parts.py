"""The tables of heads taken apart: ``mappings``, ``constants`` and ``roles`` (definitions section 8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.core.parts import ConstantPart, PartsMapping, Role, TakenApart
from headscribe.store.map.mappings import MAKE_AGAIN, MAPPINGS
from headscribe.store.tables.table import Table


class HeadPartsMapping(NamedTuple):
    """A mapping of a head taken apart, and its head."""

    head: Head
    mapping: PartsMapping


class HeadConstant(NamedTuple):
    """A constant part and its head."""

    head: Head
    constant: ConstantPart


class HeadRole(NamedTuple):
    """A role and its head."""

    head: Head
    role: Role


PARTS_MAPPINGS = Table(MAPPINGS.name, HeadPartsMapping, MAPPINGS.rows_are, MAKE_AGAIN)
"""``mappings.parquet`` with ``--view parts``: the columns of ``MAPPINGS``, and more."""
CONSTANTS = Table("constants", HeadConstant, "One row per head: what it does whatever the source", MAKE_AGAIN)
ROLES = Table("roles", HeadRole, "One row per head and role", MAKE_AGAIN)


def parts_mappings(maps: Iterable[TakenApart]) -> Iterator[HeadPartsMapping]:
    """The rows of heads."""
    return (HeadPartsMapping(one.head, row) for one in maps for row in one.mappings)


def constants(maps: Iterable[TakenApart]) -> list[HeadConstant]:
    """The constant parts of heads."""
    return [HeadConstant(one.head, one.constant) for one in maps]


def roles(maps: Iterable[TakenApart]) -> list[HeadRole]:
    """The roles of heads."""
    return [HeadRole(one.head, role) for one in maps for role in one.roles]


def taken_apart(
    rows: Iterable[HeadPartsMapping], constant_parts: Iterable[HeadConstant], roles: Iterable[HeadRole]
) -> Iterator[TakenApart]:
    """Heads from the rows of the three tables, one at a time; a head's rows stand together.

    Raises:
        BadStore: a head has no constant part.
    """
    constant_by_head: dict[Head, ConstantPart] = dict(constant_parts)
    roles_by_head: dict[Head, list[Role]] = {}
    for head, role in roles:
        roles_by_head.setdefault(head, []).append(role)
    for head, group in groupby(rows, itemgetter(0)):
        if head not in constant_by_head:
            raise BadStore(
                f"{head.name} stands in mappings.parquet and not in constants.parquet", do=MAKE_AGAIN
            )
        mappings = tuple(mapping for _, mapping in group)
        yield TakenApart(head, mappings, constant_by_head[head], tuple(roles_by_head.get(head, ())))
