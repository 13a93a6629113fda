"""``rounds.parquet``, ``tests.parquet``, ``experiments.parquet``: how descriptions came about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from headscribe.core.heads import Head
from headscribe.core.rounds import Transcript
from headscribe.store.tables import HEAD
from headscribe.store.text import clean

ROUNDS = pa.schema(
    [
        *HEAD,
        ("round", pa.int32()),
        ("kept", pa.bool_()),
        ("status", pa.string()),
        ("inputs", pa.string()),
        ("pattern", pa.string()),
        ("description", pa.string()),
        ("confidence", pa.float64()),
        ("confidence_low", pa.float64()),
        ("confidence_high", pa.float64()),
        ("n_tests", pa.int32()),
        ("unanswered", pa.float64()),
        ("error", pa.string()),
    ]
)

TESTS = pa.schema(
    [
        *HEAD,
        ("round", pa.int32()),
        ("part", pa.string()),
        ("kind", pa.string()),
        ("source_id", pa.int32()),
        ("source", pa.string()),
        ("choices", pa.list_(pa.list_(pa.string()))),
        ("right", pa.string()),
        ("answer", pa.string()),
        ("reason", pa.string()),
    ]
)

EXPERIMENTS = pa.schema(
    [
        *HEAD,
        ("request", pa.int32()),
        ("tool", pa.string()),
        ("arguments", pa.string()),
        ("answer", pa.string()),
    ]
)


def transcript_json(transcript: Transcript) -> dict[str, Any]:
    """A transcript as plain JSON data, for the journal: one list of rows per table."""
    return {
        "rounds": [_cleaned(_round(one)) for one in asdict(transcript)["rounds"]],
        "tests": [_cleaned(item) for item in asdict(transcript)["items"]],
        "experiments": [_cleaned(one) for one in asdict(transcript)["experiments"]],
    }


def transcript_rows(head: Head, kept: dict[str, Any], table: str) -> Iterator[dict[str, Any]]:
    """The rows of ``rounds``, ``tests`` or ``experiments`` for one head, from what the journal keeps."""
    place = {"layer": head.layer, "head": head.head}
    return (place | row for row in kept[table])


def _round(value: dict[str, Any]) -> dict[str, Any]:
    found = value.pop("confidence")
    names = {"value": "confidence", "low": "confidence_low", "high": "confidence_high", "n": "n_tests"}
    value["round"] = value.pop("number")
    return value | {names.get(name, name): number for name, number in found.items()}


def _cleaned(value: Any) -> Any:
    """The same data with texts that can be written as UTF-8."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {name: _cleaned(inner) for name, inner in value.items()}
    return [_cleaned(inner) for inner in value] if isinstance(value, list | tuple) else value
