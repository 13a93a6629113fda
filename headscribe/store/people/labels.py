"""``labels.parquet`` and ``rejected.parquet``: what annotators said, and what could not be taken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from headscribe.core.columns import Column
from headscribe.core.heads import Head
from headscribe.core.people import Kind, Label, Problem, Truth
from headscribe.store.atomic import replacing
from headscribe.store.people.keys import FOLDER
from headscribe.store.tables.table import Table

IMPORT_AGAIN = "Remove it and import the answers again: headscribe people import"


@dataclass(frozen=True, slots=True)
class UnblindedLabel:
    """A label, and the head that it is really about."""

    label: Label
    head: Annotated[Head, Column("whose mappings were shown", after="annotator")]
    kind: Annotated[
        Kind,
        Column("`head`, or as a control `wrong` (another head's description) or `repeat`", after="head"),
    ]


LABELS = Table("labels", UnblindedLabel, "One row per item and annotator", IMPORT_AGAIN)
REJECTED = Table(
    "rejected", Problem, "One row per row of an answer file that could not be taken", IMPORT_AGAIN
)


def read_labels(run: Path) -> list[Label]:
    """All labels that were imported; none before the first import.

    Raises:
        BadStore: the table is damaged.
    """
    path = LABELS.path(run / FOLDER)
    return [row.label for row in LABELS.read(path)] if path.is_file() else []


def write_labels(run: Path, labels: Iterable[Label], truths: dict[tuple[str, str], Truth]) -> None:
    """Replace ``labels.parquet``; rows stand in the order of export, item and annotator.

    Args:
        labels: all of them.
        truths: by export and item.
    """
    ordered = sorted(labels, key=lambda label: label.key)
    rows = ((label, truths[label.export, label.item]) for label in ordered)
    with replacing(LABELS.path(run / FOLDER)) as temporary:
        LABELS.write(temporary, (UnblindedLabel(label, truth.head, truth.kind) for label, truth in rows))


def read_rejected(run: Path) -> list[Problem]:
    """The rows that no import could take so far.

    Raises:
        BadStore: the table is damaged.
    """
    path = REJECTED.path(run / FOLDER)
    return list(REJECTED.read(path)) if path.is_file() else []


def write_rejected(run: Path, problems: Iterable[Problem]) -> None:
    """Replace ``rejected.parquet``."""
    with replacing(REJECTED.path(run / FOLDER)) as temporary:
        REJECTED.write(temporary, problems)
