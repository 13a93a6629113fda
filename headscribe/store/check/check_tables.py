"""What ``check`` adds to a map directory: its tables, and ``checks.json``, which says what is done.

A piece of work is one operation in one template. A table is written before ``checks.json`` says so, each
atomically; so after a kill a piece is either done, or will be made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from headscribe.core.checks import AblationPoint, DynamicScore
from headscribe.core.settings import MapView
from headscribe.store.atomic import replacing
from headscribe.store.headers import Command, Header, HeaderPart, read_header, write_header
from headscribe.store.tables.table import Table
from headscribe.store.text import clean
from headscribe.store.tool import this_tool

HEADER = "checks.json"
Kind = Literal["correlation", "multi-token", "ablation", "base"]
HEADER_AGAIN = "Remove it; checks are then made again"
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

_Key = tuple[str, str, str, MapView | None]


class FinishedPiece(HeaderPart):
    """One finished piece of work.

    Attributes:
        check: which check; ``base`` is a task prompt's accuracy with every head in place.
        identity: hash of what determines its rows.
        view: of the map whose static scores are compared; ablations are of the folder's map.
        skipped: pairs without a usable prompt, by reason.
        n_pairs: prompts used.
    """

    check: Kind
    operation: str
    template: str
    identity: str
    view: MapView = "paper"
    skipped: dict[str, int] = Field(default_factory=dict)
    n_pairs: int = 0

    @property
    def key(self) -> _Key:
        """What there is one of."""
        return _key(self.check, self.operation, self.template, self.view)


class ChecksHeader(Header):
    """``checks.json``: what was done, and by which program last."""

    kind: Literal["checks"] = "checks"
    command: Command = ""
    done: tuple[FinishedPiece, ...] = ()


class CheckTables:
    """The checks that lie in a map directory.

    Raises:
        BadStore: ``checks.json`` is damaged, or written by a newer version.
    """

    def __init__(self, folder: Path, command: str = "") -> None:
        self.folder, self._command = folder, command
        header = read_header(folder / HEADER, ChecksHeader, HEADER_AGAIN)
        self._done: dict[_Key, FinishedPiece] = {item.key: item for item in (header.done if header else ())}

    def done(
        self, check: Kind, operation: str, template: str, view: MapView = "paper"
    ) -> FinishedPiece | None:
        """The finished piece of work, None if there is none; for ablations the view does not matter."""
        return self._done.get(_key(check, clean(operation), clean(template), view))

    def scores(
        self, check: Literal["correlation", "multi-token"], view: MapView | None = None
    ) -> list[DynamicScore]:
        """The rows of ``correlation.parquet`` or ``multi_token.parquet`` that are done, of a view or all."""
        return [score for score in self._records(check) if view in (None, score.view)]

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
        kept = [record for record in self._records(check) if _key_of(check, record) not in new]
        with replacing(TABLES[check].path(self.folder)) as temporary:
            TABLES[check].write(temporary, [*kept, *records])
        self._done |= new
        header = ChecksHeader(tool=this_tool(), command=self._command, done=tuple(self._done.values()))
        write_header(self.folder / HEADER, header)

    def _records(self, check: Kind) -> list[Any]:
        path = TABLES[check].path(self.folder)
        records = TABLES[check].read(path) if path.exists() else ()
        return [record for record in records if _key_of(check, record) in self._done]


def _key(check: Kind, operation: str, template: str, view: MapView | None) -> _Key:
    """What there is one of; ablations are of one view."""
    return check, operation, template, view if check in ("correlation", "multi-token") else None


def _key_of(check: Kind, record: DynamicScore | AblationPoint) -> _Key:
    """Which piece of work a row belongs to; base accuracies lie in the table of ablation."""
    if isinstance(record, AblationPoint):
        base = record.arm == "top" and record.n_removed == 0
        return _key("base" if base else "ablation", record.operation, record.template, None)
    return _key(check, record.operation, record.template, record.view)
