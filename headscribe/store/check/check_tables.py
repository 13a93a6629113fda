"""What ``check`` adds to a map directory: its tables, and ``checks.json``, which says what is done.

A piece of work is one operation in one template. A table is written before ``checks.json`` says so, each
atomically; so after a kill a piece is either done, or will be made again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, ValidationError

from headscribe.core.checks import AblationPoint, DynamicScore
from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.store.atomic import replacing, write_text
from headscribe.store.headers import SCHEMA_VERSION
from headscribe.store.tables import read_rows, write_rows
from headscribe.store.text import clean, without_keys
from headscribe.store.tool import Tool, this_tool

HEADER = "checks.json"
Kind = Literal["correlation", "multi-token", "ablation", "base"]
FILES: dict[Kind, str] = {
    "correlation": "correlation.parquet",
    "multi-token": "multi_token.parquet",
    "ablation": "ablation.parquet",
    "base": "ablation.parquet",
}

_SHARES = (
    "static",
    "dynamic",
    "dynamic_forced",
    "static_suppression",
    "dynamic_suppression",
    "dynamic_forced_suppression",
)
CORRELATION = pa.schema(
    [
        ("operation", pa.string()),
        ("template", pa.string()),
        ("layer", pa.int32()),
        ("head", pa.int32()),
        *((name, pa.float64()) for name in _SHARES),
        ("n_pairs", pa.int32()),
    ]
)
ABLATION = pa.schema(
    [
        ("operation", pa.string()),
        ("template", pa.string()),
        ("arm", pa.string()),
        ("draw", pa.int32()),
        ("n_removed", pa.int32()),
        ("layer", pa.int32()),
        ("head", pa.int32()),
        ("accuracy", pa.float64()),
        ("n_pairs", pa.int32()),
        ("task", pa.string()),
        ("task_template", pa.string()),
    ]
)

_Key = tuple[str, str, str]


class FinishedPiece(BaseModel):
    """One finished piece of work.

    Attributes:
        check: which check; ``base`` is a task prompt's accuracy with every head in place.
        identity: hash of what determines its rows.
        skipped: pairs without a usable prompt, by reason.
        n_pairs: prompts used.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    check: Kind
    operation: str
    template: str
    identity: str
    skipped: dict[str, int] = {}
    n_pairs: int = 0

    @property
    def key(self) -> _Key:
        """What there is one of."""
        return self.check, self.operation, self.template


class ChecksHeader(BaseModel):
    """``checks.json``: what was done, and by which program last."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = SCHEMA_VERSION
    kind: Literal["checks"] = "checks"
    tool: Tool
    command: str = ""
    done: tuple[FinishedPiece, ...] = ()


class CheckTables:
    """The checks that lie in a map directory.

    Raises:
        BadStore: ``checks.json`` is damaged, or written by a newer version.
    """

    def __init__(self, folder: Path, command: str = "") -> None:
        self.folder, self._command = folder, without_keys(command)
        header = _read_header(folder / HEADER)
        self._done: dict[_Key, FinishedPiece] = {item.key: item for item in (header.done if header else ())}

    def done(self, check: Kind, operation: str, template: str) -> FinishedPiece | None:
        """The finished piece of work, None if there is none."""
        return self._done.get((check, clean(operation), clean(template)))

    def scores(self, check: Literal["correlation", "multi-token"]) -> list[DynamicScore]:
        """All rows of ``correlation.parquet`` or ``multi_token.parquet`` that are done."""
        return [_dynamic_score(row) for row in self._rows(check) if (check, *_of(row)) in self._done]

    def points(self) -> list[AblationPoint]:
        """All rows of ``ablation.parquet`` that are done."""
        return [_point(row) for row in self._rows("ablation") if _ablation_key(row) in self._done]

    def add_scores(
        self,
        check: Literal["correlation", "multi-token"],
        scores: Iterable[DynamicScore],
        done: Sequence[FinishedPiece],
    ) -> None:
        """Add finished pieces of work, in place of what there was of them."""
        rows = [_dynamic_row(score) for score in scores]
        self._add(check, CORRELATION, rows, done, lambda row: (check, *_of(row)))

    def add_points(self, points: Iterable[AblationPoint], done: Sequence[FinishedPiece]) -> None:
        """Add finished ablations or base accuracies, in place of what there was of them."""
        self._add("ablation", ABLATION, [_point_row(point) for point in points], done, _ablation_key)

    def _add(
        self,
        check: Kind,
        schema: pa.Schema,
        rows: list[dict[str, Any]],
        done: Sequence[FinishedPiece],
        key: Callable[[dict[str, Any]], _Key],
    ) -> None:
        cleaned = [
            item.model_copy(update={"operation": clean(item.operation), "template": clean(item.template)})
            for item in done
        ]
        new = {item.key: item for item in cleaned}
        kept = [row for row in self._rows(check) if key(row) in self._done and key(row) not in new]
        with replacing(self.folder / FILES[check]) as temporary:
            write_rows(temporary, schema, kept + rows)
        self._done |= new
        header = ChecksHeader(tool=this_tool(), command=self._command, done=tuple(self._done.values()))
        text = json.dumps(header.model_dump(mode="json"), indent=2, ensure_ascii=True) + "\n"
        write_text(self.folder / HEADER, text)

    def _rows(self, check: Kind) -> list[dict[str, Any]]:
        path = self.folder / FILES[check]
        return list(read_rows(path)) if path.exists() else []


def _read_header(path: Path) -> ChecksHeader | None:
    if not path.exists():
        return None
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(value, dict) and value.get("schema_version", 0) > SCHEMA_VERSION:
            raise BadStore("written by a newer version of Headscribe", where=path, do="Upgrade Headscribe")
        return ChecksHeader.model_validate(value)
    except (OSError, ValueError, TypeError, ValidationError) as error:
        raise BadStore(
            f"{HEADER} is damaged", where=path, do="Remove it; checks are then made again"
        ) from error


def _of(row: dict[str, Any]) -> tuple[str, str]:
    return row["operation"], row["template"]


def _ablation_key(row: dict[str, Any]) -> _Key:
    base = row["arm"] == "top" and row["n_removed"] == 0
    return "base" if base else "ablation", *_of(row)


def _dynamic_row(score: DynamicScore) -> dict[str, Any]:
    return {
        "operation": clean(score.operation),
        "template": clean(score.template),
        "layer": score.head.layer,
        "head": score.head.head,
        **{name: getattr(score, name) for name in _SHARES},
        "n_pairs": score.n_pairs,
    }


def _dynamic_score(row: dict[str, Any]) -> DynamicScore:
    return DynamicScore(
        operation=row["operation"],
        template=row["template"],
        head=Head(row["layer"], row["head"]),
        n_pairs=row["n_pairs"],
        **{name: row[name] for name in _SHARES},
    )


def _point_row(point: AblationPoint) -> dict[str, Any]:
    texts = ("operation", "template", "task", "task_template")
    return {
        **{name: clean(getattr(point, name)) for name in texts},
        "arm": point.arm,
        "draw": point.draw,
        "n_removed": point.n_removed,
        "layer": point.head.layer if point.head else None,
        "head": point.head.head if point.head else None,
        "accuracy": point.accuracy,
        "n_pairs": point.n_pairs,
    }


def _point(row: dict[str, Any]) -> AblationPoint:
    layer, index = row["layer"], row["head"]
    plain = {name: row[name] for name in ABLATION.names if name not in {"layer", "head"}}
    return AblationPoint(**plain, head=None if layer is None else Head(layer, index))
