"""What ``check`` adds to a map directory: its tables, and ``checks.json``, which says what is done.

A piece of work is one operation in one template. A table is written before ``checks.json`` says so, each
atomically; so after a kill a piece is either done, or will be made again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from headscribe.core.checks import AblationPoint, DynamicScore
from headscribe.core.errors import BadStore
from headscribe.store.atomic import replacing, write_text
from headscribe.store.headers import SCHEMA_VERSION
from headscribe.store.table import Table
from headscribe.store.text import clean, without_keys
from headscribe.store.tool import Tool, this_tool

HEADER = "checks.json"
Kind = Literal["correlation", "multi-token", "ablation", "base"]
CHECK_AGAIN = "Remove it and checks.json beside it, and check again"
CORRELATION = Table(
    "correlation",
    DynamicScore,
    "One row per operation, template and head: map against model",
    CHECK_AGAIN,
)
MULTI_TOKEN = Table(
    "multi_token",
    DynamicScore,
    "One row per operation, template and head, for sources of several tokens",
    CHECK_AGAIN,
)
ABLATION = Table(
    "ablation",
    AblationPoint,
    "One row per operation, template, arm, draw and number of heads removed",
    CHECK_AGAIN,
)
TABLES: dict[Kind, Table[Any]] = {
    "correlation": CORRELATION,
    "multi-token": MULTI_TOKEN,
    "ablation": ABLATION,
    "base": ABLATION,
}

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
        return self._records(check)

    def points(self) -> list[AblationPoint]:
        """All rows of ``ablation.parquet`` that are done."""
        return self._records("ablation")

    def add(
        self, check: Kind, records: Iterable[DynamicScore | AblationPoint], done: Sequence[FinishedPiece]
    ) -> None:
        """Add finished pieces of work to the table of a check, in place of what there was of them."""
        cleaned = [
            piece.model_copy(update={"operation": clean(piece.operation), "template": clean(piece.template)})
            for piece in done
        ]
        new = {piece.key: piece for piece in cleaned}
        kept = [record for record in self._records(check) if _key(check, record) not in new]
        with replacing(TABLES[check].path(self.folder)) as temporary:
            TABLES[check].write(temporary, [*kept, *records])
        self._done |= new
        header = ChecksHeader(tool=this_tool(), command=self._command, done=tuple(self._done.values()))
        text = json.dumps(header.model_dump(mode="json"), indent=2, ensure_ascii=True) + "\n"
        write_text(self.folder / HEADER, text)

    def _records(self, check: Kind) -> list[Any]:
        path = TABLES[check].path(self.folder)
        records = TABLES[check].read(path) if path.exists() else ()
        return [record for record in records if _key(check, record) in self._done]


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


def _key(check: Kind, record: DynamicScore | AblationPoint) -> _Key:
    """Which piece of work a row belongs to; base accuracies lie in the table of ablation."""
    if isinstance(record, AblationPoint):
        check = "base" if record.arm == "top" and record.n_removed == 0 else "ablation"
    return check, record.operation, record.template
