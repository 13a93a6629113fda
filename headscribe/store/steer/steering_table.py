"""``steering.parquet``: what the running model does with the sources that descriptions name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from headscribe.core.steering import SteeredSource
from headscribe.store.atomic import replacing
from headscribe.store.tables.table import Table

STEERING = Table(
    "steering",
    SteeredSource,
    "One row per described head and source that its description names",
    "Remove it and steer again",
)


def read_steering(run: Path) -> list[SteeredSource]:
    """The rows of a run, none where it was never steered.

    Raises:
        BadStore: the table is damaged.
    """
    path = STEERING.path(run)
    return list(STEERING.read(path)) if path.is_file() else []


def write_steering(run: Path, rows: Iterable[SteeredSource]) -> None:
    """Write the table, in the place of the one that was there.

    Raises:
        BadStore: the folder cannot be written.
    """
    with replacing(STEERING.path(run)) as temporary:
        STEERING.write(temporary, rows)
