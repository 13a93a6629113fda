"""What comparing prompts leaves on disk: a table with a row per head and prompt, and a history of results."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from headscribe.core.prompt_comparison import HeadResult
from headscribe.core.spreadsheet import guard_cell
from headscribe.store.atomic import disk_errors, replacing
from headscribe.store.tables.table import Table

CSV, HISTORY = "comparison.csv", "history.jsonl"

COMPARISON = Table("comparison", HeadResult, "One row per head and prompt", "Compare the prompts again")


def write_results(folder: Path, rows: Iterable[HeadResult]) -> Path:
    """Write ``comparison.parquet`` and the same as ``comparison.csv``.

    Returns:
        The Parquet file.

    Raises:
        BadStore: the folder cannot be written.
    """
    records = list(rows)
    path = COMPARISON.path(folder)
    with replacing(path) as temporary:
        COMPARISON.write(temporary, records)
    with replacing(folder / CSV) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COMPARISON.schema.names)
        writer.writeheader()
        for row in COMPARISON.rows(records):
            writer.writerow({name: _cell(value) for name, value in row.items()})
    return path


def append_history(folder: Path, entry: dict[str, Any]) -> None:
    """Add one result to ``history.jsonl``, one line that is written at once.

    Raises:
        BadStore: the folder cannot be written.
    """
    line = json.dumps(entry, ensure_ascii=True) + "\n"
    with disk_errors(folder / HISTORY):
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / HISTORY).open("a", encoding="utf-8") as file:
            file.write(line)


def read_history(folder: Path) -> list[dict[str, Any]]:
    """The results kept in a folder, oldest first; lines that a crash cut short are passed over."""
    path = folder / HISTORY
    if not path.is_file():
        return []
    entries = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(entry, dict):
            entries.append(entry)
    return entries


def _cell(value: Any) -> Any:
    return guard_cell(value) if isinstance(value, str) else value
