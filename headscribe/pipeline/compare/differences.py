"""What a reader of a comparison must know: how its maps differ, and what was left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from headscribe.store.map.map_dir import MapDir

if TYPE_CHECKING:
    from headscribe.eval.compare import ScoreTable

SETTINGS = ("view", "source_view", "norms", "padded_rows")
"""Settings under which scores of one operation do not mean the same."""


def differences(maps: Sequence[MapDir], tables: Sequence[ScoreTable]) -> Iterator[str]:
    """Sentences on maps that are not complete, and on what is not the same in all of them.

    Args:
        maps: at least one.
        tables: their scores, in the same order.
    """
    for table in tables:
        n_heads = table.n_layers * table.n_heads
        if len(table.heads) < n_heads:
            yield f"{table.label}: {len(table.heads)} of {n_heads} heads were scored."
    if len(tables) > 1:
        yield from _operations(tables)
        yield from _k(tables)
        yield from _pair_lists(maps)
        yield from _settings(maps, tables)
        if len({table.kind for table in tables}) > 1:
            kinds = "; ".join(f"{table.label} {table.kind}" for table in tables)
            yield f"The maps are compared by different scores: {kinds}. Choose with --scores."


def _common(tables: Sequence[ScoreTable]) -> list[str]:
    """The operations that were scored in every map."""
    return sorted(set.intersection(*(set(table.operations) for table in tables)))


def _operations(tables: Sequence[ScoreTable]) -> Iterator[str]:
    common = _common(tables)
    scored = sorted({operation for table in tables for operation in table.operations})
    yield f"Operations scored in every map: {len(common)}; in some only: {len(scored) - len(common)}."
    for table in tables:
        if lacking := [operation for operation in scored if operation not in table.operations]:
            yield f"{table.label}: not scored there: {', '.join(lacking)}."


def _k(tables: Sequence[ScoreTable]) -> Iterator[str]:
    """Scores of one operation do not mean the same for another k."""
    differing = []
    for operation in _common(tables):
        k_of_each = [table.k[table.operations.index(operation)] for table in tables]
        if len(set(k_of_each)) > 1:
            differing.append(f"{operation} {', '.join(map(str, k_of_each))}")
    if differing:
        order = ", ".join(table.label for table in tables)
        yield f"k differs between the maps ({order}): {'; '.join(differing)}."


def _pair_lists(maps: Sequence[MapDir]) -> Iterator[str]:
    digests: dict[str, set[str]] = {}
    for map_dir in maps:
        for operation in map_dir.header.operations:
            digests.setdefault(operation.name, set()).add(operation.digest)
    if changed := sorted(name for name, versions in digests.items() if len(versions) > 1):
        yield f"The pair lists differ between the maps: {', '.join(changed)}."


def _settings(maps: Sequence[MapDir], tables: Sequence[ScoreTable]) -> Iterator[str]:
    for setting in SETTINGS:
        values = [str(getattr(map_dir.header.settings, setting)) for map_dir in maps]
        if len(set(values)) > 1:
            each = (f"{table.label} {value}" for table, value in zip(tables, values, strict=True))
            yield f"The maps differ in {setting}: {', '.join(each)}."
