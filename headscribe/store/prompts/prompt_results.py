"""What comparing prompts leaves on disk: a table with a row per head and prompt, and a history of results."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from headscribe.core.prompt_comparison import HeadResult
from headscribe.core.spreadsheet import guard_cell
from headscribe.store import tables
from headscribe.store.atomic import disk_errors, replacing
from headscribe.store.text import clean

TABLE, CSV, HISTORY = "comparison.parquet", "comparison.csv", "history.jsonl"

COLUMNS = pa.schema(
    [
        ("layer", pa.int32()),
        ("head", pa.int32()),
        ("prompt", pa.string()),
        ("status", pa.string()),
        ("confidence", pa.float64()),
        ("operation", pa.string()),
        ("agreement", pa.float64()),
        ("described", pa.float64()),
        ("tokens", pa.int64()),
        ("cost_usd", pa.float64()),
        ("seconds", pa.float64()),
        ("description", pa.string()),
    ]
)


def write_results(folder: Path, rows: Iterable[HeadResult]) -> Path:
    """Write ``comparison.parquet`` and the same as ``comparison.csv``.

    Returns:
        The Parquet file.

    Raises:
        BadStore: the folder cannot be written.
    """
    records = [_record(row) for row in rows]
    with replacing(folder / TABLE) as temporary:
        tables.write_rows(temporary, COLUMNS, iter(records))
    with replacing(folder / CSV) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS.names)
        writer.writeheader()
        for record in records:
            writer.writerow({name: _cell(value) for name, value in record.items()})
    return folder / TABLE


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
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(entry, dict):
            found.append(entry)
    return found


def _record(row: HeadResult) -> dict[str, Any]:
    return {
        "layer": row.head.layer,
        "head": row.head.head,
        "prompt": row.prompt,
        "status": row.status,
        "confidence": row.confidence,
        "operation": row.operation,
        "agreement": row.agreement,
        "described": row.described,
        "tokens": row.tokens,
        "cost_usd": row.cost_usd,
        "seconds": row.seconds,
        "description": None if row.description is None else clean(row.description),
    }


def _cell(value: Any) -> Any:
    return guard_cell(value) if isinstance(value, str) else value
