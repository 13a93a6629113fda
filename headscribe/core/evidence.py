"""What describing a head starts from."""

from __future__ import annotations

from dataclasses import dataclass

from headscribe.core.parts import ConstantPart, PartsMapping, Role
from headscribe.core.records import Mapping

OtherHeads = tuple[tuple[Mapping, ...], ...]
"""Mappings of other heads, nameless, one tuple per head."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What describing a head starts from.

    It has no field for operation scores, labels or the head's name, so none of these can leak into a prompt.

    Attributes:
        mappings: the head's own, most salient first; of a head taken apart one per source, the sharpest first
            and after them the most salient (see ``core/parts.py``).
        contrast: the first mappings of a few other heads of the same layer; filled for templates that use
            them, empty otherwise.
        others: mappings of other heads of the same layer that a description is tested against; filled for
            methods that test. No template that describes can show them.
        constant: what the head does whatever the source; None where the head was not taken apart.
        roles: directions of its specific part that stand out.
        common: ids of targets that fill the lists of many heads, and so say little about this one.
    """

    mappings: tuple[Mapping, ...]
    contrast: OtherHeads = ()
    others: OtherHeads = ()
    constant: ConstantPart | None = None
    roles: tuple[Role, ...] = ()
    common: frozenset[int] = frozenset()


def order(row: Mapping) -> tuple[bool, int]:
    """Where a row stands among the head's: the sharpest first, then the most salient, each by rank."""
    return isinstance(row, PartsMapping) and row.ranking == "salient", row.rank
