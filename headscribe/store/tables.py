"""The Parquet tables of maps and runs: their columns, and records to rows and back (docs/files.md).

Every table reads with ``datasets.load_dataset("parquet", ...)`` and ``pandas.read_parquet``.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from itertools import starmap
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.core.records import Description, HeadMap, Mapping, OperationScore, Outcome, Status, Token
from headscribe.store.text import canonical, clean

HEAD = [("layer", pa.int32()), ("head", pa.int32())]

MAPPINGS = pa.schema(
    [
        *HEAD,
        ("rank", pa.int32()),
        ("source_id", pa.int32()),
        ("source", pa.string()),
        ("saliency", pa.float32()),
        ("target_ids", pa.list_(pa.int32())),
        ("targets", pa.list_(pa.string())),
        ("logits", pa.list_(pa.float32())),
        ("suppressed_ids", pa.list_(pa.int32())),
        ("suppressed", pa.list_(pa.string())),
        ("suppressed_logits", pa.list_(pa.float32())),
    ]
)

# Shares are float64: 7 of 10 must compare equal to 0.7, which float32 does not.
OPERATIONS = pa.schema(
    [
        *HEAD,
        ("operation", pa.string()),
        ("category", pa.string()),
        ("score", pa.float64()),
        ("suppression_score", pa.float64()),
        ("k", pa.int32()),
        ("n_pairs", pa.int32()),
    ]
)

DESCRIPTIONS = pa.schema(
    [
        *HEAD,
        ("status", pa.string()),
        ("inputs", pa.string()),
        ("pattern", pa.string()),
        ("description", pa.string()),
        ("confidence", pa.float64()),
        ("confidence_low", pa.float64()),
        ("confidence_high", pa.float64()),
        ("n_tests", pa.int32()),
        ("method", pa.string()),
        ("llm", pa.string()),
        ("prompt", pa.string()),
        ("prompt_hash", pa.string()),
        ("rounds", pa.int32()),
        ("prompt_tokens", pa.int64()),
        ("completion_tokens", pa.int64()),
        ("cost_usd", pa.float64()),
        ("seconds", pa.float64()),
        ("error", pa.string()),
        ("unanswered", pa.float64()),
    ]
)

ROWS_PER_GROUP = 4096


def write_rows(path: Path, schema: pa.Schema, rows: Iterable[dict[str, Any]]) -> int:
    """Write rows as one Parquet file, in bounded memory; gives their number. Callers make it atomic."""
    count = 0
    with pq.ParquetWriter(path, schema) as writer:
        batch: list[dict[str, Any]] = []
        for row in rows:
            batch.append(row)
            if len(batch) == ROWS_PER_GROUP:
                writer.write_table(pa.Table.from_pylist(batch, schema))
                count, batch = count + len(batch), []
        writer.write_table(pa.Table.from_pylist(batch, schema))
    return count + len(batch)


def read_rows(
    path: Path, columns: list[str] | None = None, heads: Collection[Head] | None = None
) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file, a bounded batch at a time.

    Args:
        path: the file.
        columns: those wanted, None for all.
        heads: whose rows are wanted, None for all.

    Raises:
        BadStore: the file is missing or is not the table it should be.
    """
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(ROWS_PER_GROUP, columns=columns):
                yield from _rows(batch if heads is None else _of_heads(batch, heads))
    except FileNotFoundError as error:
        raise BadStore("a table is missing", where=path, do="Make the map or run again") from error
    except (pa.ArrowException, OSError) as error:
        raise BadStore("a table cannot be read", where=path, do="Make the map or run again") from error


def _rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    # Column by column: the batch's own to_pylist takes three times as long.
    names = batch.schema.names
    for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
        yield dict(zip(names, values, strict=True))


def _of_heads(batch: pa.RecordBatch, heads: Collection[Head]) -> pa.RecordBatch:
    pairs = zip(batch["layer"].to_pylist(), batch["head"].to_pylist(), strict=True)
    return batch.filter(pa.array([pair in heads for pair in pairs], pa.bool_()))


def mapping_rows(head_map: HeadMap) -> Iterator[dict[str, Any]]:
    """One row of ``mappings.parquet`` per salient source of the head."""
    layer, head = head_map.head
    for mapping in head_map.mappings:
        yield {
            "layer": layer,
            "head": head,
            "rank": mapping.rank,
            "source_id": mapping.source.id,
            "source": clean(mapping.source.text),
            "saliency": _float32([mapping.saliency])[0],
            "target_ids": [token.id for token in mapping.targets],
            "targets": [clean(token.text) for token in mapping.targets],
            "logits": _float32(mapping.logits),
            "suppressed_ids": [token.id for token in mapping.suppressed],
            "suppressed": [clean(token.text) for token in mapping.suppressed],
            "suppressed_logits": _float32(mapping.suppressed_logits),
        }


def _float32(values: Iterable[float]) -> list[float]:
    """The numbers as the file holds them, so that hashes and prompts are the same before and after it."""
    return array("f", values).tolist()


def head_maps(rows: Iterable[dict[str, Any]]) -> Iterator[HeadMap]:
    """The head maps that ``mapping_rows`` wrote, one at a time; a head's rows stand together."""
    current: Head | None = None
    mappings: list[Mapping] = []
    for row in rows:
        head = Head(row["layer"], row["head"])
        if head != current:
            if current is not None:
                yield HeadMap(current, tuple(mappings))
            current, mappings = head, []
        mappings.append(
            Mapping(
                rank=row["rank"],
                source=_token(row["source_id"], row["source"]),
                saliency=row["saliency"],
                targets=_tokens(row["target_ids"], row["targets"]),
                logits=tuple(row["logits"]),
                suppressed=_tokens(row["suppressed_ids"], row["suppressed"]),
                suppressed_logits=tuple(row["suppressed_logits"]),
            )
        )
    if current is not None:
        yield HeadMap(current, tuple(mappings))


_token = lru_cache(1 << 16)(Token)
"""The same few tokens fill a map: looking one up is faster than making it."""


def _tokens(ids: list[int], texts: list[str]) -> tuple[Token, ...]:
    return tuple(starmap(_token, zip(ids, texts, strict=True)))


def score_row(score: OperationScore) -> dict[str, Any]:
    """The row of ``operations.parquet`` for one head and operation."""
    return {
        "layer": score.head.layer,
        "head": score.head.head,
        "operation": clean(score.operation),
        "category": clean(score.category),
        "score": score.score,
        "suppression_score": score.suppression_score,
        "k": score.k,
        "n_pairs": score.n_pairs,
    }


def operation_score(row: dict[str, Any]) -> OperationScore:
    """The record that ``score_row`` wrote; hits are whole numbers, so the shares give them back exactly."""
    n_pairs = row["n_pairs"]
    return OperationScore(
        head=Head(row["layer"], row["head"]),
        operation=row["operation"],
        category=row["category"],
        hits=round(row["score"] * n_pairs),
        suppression_hits=round(row["suppression_score"] * n_pairs),
        k=row["k"],
        n_pairs=n_pairs,
    )


_OUTCOME = ("inputs", "pattern", "description", "error", "confidence", "confidence_low", "confidence_high")
_ASKED = (
    "method",
    "llm",
    "prompt",
    "prompt_hash",
    "prompt_tokens",
    "completion_tokens",
    "cost_usd",
    "seconds",
)


def description_row(description: Description) -> dict[str, Any]:
    """The row of ``descriptions.parquet`` for one head; also what the journal keeps of an outcome."""
    outcome = description.outcome
    row: dict[str, Any] = {name: getattr(outcome, name) for name in _OUTCOME}
    row |= {name: getattr(description, name) for name in _ASKED}
    row |= {"layer": description.head.layer, "head": description.head.head}
    row |= {"status": outcome.status.value, "n_tests": outcome.n_tests, "rounds": outcome.rounds}
    row["unanswered"] = outcome.unanswered
    return {
        name: clean(row[name]) if isinstance(row[name], str) else row[name] for name in DESCRIPTIONS.names
    }


def description(row: dict[str, Any]) -> Description:
    """The record that ``description_row`` wrote, or an older version of it."""
    outcome = Outcome(
        status=Status(row["status"]),
        n_tests=row["n_tests"],
        rounds=row["rounds"],
        unanswered=row.get("unanswered"),
        **{name: row[name] for name in _OUTCOME},
    )
    return Description(Head(row["layer"], row["head"]), outcome, **{name: row[name] for name in _ASKED})


class ContentHash:
    """SHA-256 over rows as they are stored, whatever the file's compression or the writer's version."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, row: dict[str, Any]) -> dict[str, Any]:
        """Take one row in, and give it back."""
        self._hash.update(canonical(row))
        return row

    def hexdigest(self) -> str:
        """The hash of all rows so far."""
        return self._hash.hexdigest()
