"""A map directory: ``map.json`` and its tables (docs/files.md)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path
from typing import TypeVar

from headscribe.core.chat import content_hash
from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.core.parts import TakenApart
from headscribe.core.records import HeadMap, OperationScore
from headscribe.store.atomic import recover, replacing_folder
from headscribe.store.headers import header_text, read_header
from headscribe.store.map.map_header import Content, MapHeader
from headscribe.store.map.mappings import MAKE_AGAIN, MAPPINGS, head_mappings, joined
from headscribe.store.map.operations import OPERATIONS
from headscribe.store.map.parts import (
    CONSTANTS,
    PARTS_MAPPINGS,
    ROLES,
    HeadConstant,
    HeadRole,
    constants,
    parts_mappings,
    roles,
    taken_apart,
)
from headscribe.store.tables.rows import ContentHash
from headscribe.store.tables.table import Table

R = TypeVar("R")

HEADER = "map.json"


@dataclass(frozen=True, slots=True)
class MapDir:
    """An opened map; its tables are read when asked for."""

    path: Path
    header: MapHeader

    @classmethod
    def open(cls, folder: Path | str) -> MapDir:
        """Open a map by its header alone.

        Raises:
            BadStore: not a map, damaged, or written by a newer version.
        """
        folder = Path(folder)
        recover(folder)
        if header := read_header(folder / HEADER, MapHeader, MAKE_AGAIN):
            return cls(folder, header)
        inside = folder / "map"
        is_run = (inside / HEADER).is_file()
        do = f"It is a run; its map is {inside}" if is_run else f"It has no {HEADER}"
        raise BadStore("not a map folder", where=folder, do=do)

    @classmethod
    def exists(cls, folder: Path) -> bool:
        """Whether a map lies there.

        Raises:
            BadStore: something else lies there, which must not be overwritten.
        """
        recover(folder)
        if (folder / HEADER).is_file():
            return True
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            what = (
                "this is not a map, and it is not empty"
                if folder.is_dir()
                else "this is a file, not a map folder"
            )
            raise BadStore(what, where=folder, do="Choose another folder with -o")
        return False

    @classmethod
    def write(
        cls,
        folder: Path,
        header: MapHeader,
        head_maps: Iterable[HeadMap] | None = None,
        scores: Iterable[OperationScore] | None = None,
        *,
        keep: bool = True,
        complete: Callable[[MapHeader], MapHeader] | None = None,
    ) -> MapDir:
        """Write tables and header as one step that either happens or does not.

        Whoever calls has made sure that a map which lies there may be replaced.

        Args:
            folder: made if missing.
            header: what it says of the tables written here is filled in.
            head_maps: the new ``mappings.parquet``, one head at a time; with ``--view parts`` heads taken
                apart, which make ``constants.parquet`` and ``roles.parquet`` too.
            scores: the new ``operations.parquet``.
            keep: whether a table that is None, and any other file in the folder, stays as it is.
            complete: gives the final header once the tables are written, for what only making them tells.

        Raises:
            BadStore: the disk is full, or the folder cannot be written.
        """
        folder = folder.resolve()
        with replacing_folder(folder) as building:
            if keep and folder.is_dir():
                shutil.copytree(folder, building, dirs_exist_ok=True)
            if head_maps is not None:
                parts = header.settings.view == "parts"
                contents = _write_parts(building, head_maps) if parts else _write_maps(building, head_maps)
                header = header.model_copy(update=contents)
            if scores is not None:
                content = _write(building, OPERATIONS, scores)
                header = header.model_copy(update={"scores": content})
            header = complete(header) if complete else header
            (building / HEADER).write_text(header_text(header), encoding="utf-8")
        return cls(folder, header)

    @property
    def content_hash(self) -> str:
        """Hash of what the tables say and of the model they are about; not of times, places or versions."""
        header = self.header
        tables_said = [content.hash if content else None for content in (header.mappings, header.scores)]
        of_parts = [content.hash for content in (header.constants, header.roles) if content]
        return content_hash([header.model.weights_hash, header.model.tokenizer_hash, *tables_said, *of_parts])

    def mapped_heads(self) -> set[Head]:
        """The heads that ``mappings.parquet`` holds."""
        if not self.header.mappings:
            return set()
        columns = MAPPINGS.read_columns(MAPPINGS.path(self.path), ["layer", "head"])
        return set(starmap(Head, columns))

    def target_ids(self) -> dict[Head, list[list[int]]]:
        """Ids of the promoted targets of every head's rows."""
        ids_by_head: dict[Head, list[list[int]]] = {}
        if self.header.mappings:
            columns = MAPPINGS.read_columns(MAPPINGS.path(self.path), ["layer", "head", "target_ids"])
            for layer, head, ids in columns:
                ids_by_head.setdefault(Head(layer, head), []).append(ids)
        return ids_by_head

    def scored_heads(self) -> dict[str, set[Head]]:
        """For every scored operation, the heads that ``operations.parquet`` holds."""
        heads: dict[str, set[Head]] = {}
        if self.header.scores:
            columns = OPERATIONS.read_columns(OPERATIONS.path(self.path), ["layer", "head", "operation"])
            for layer, head, operation in columns:
                heads.setdefault(operation, set()).add(Head(layer, head))
        return heads

    def iter_head_maps(self, heads: Collection[Head] | None = None) -> Iterator[HeadMap]:
        """The mappings of all heads, or of those named, one head at a time in the order of the file.

        Raises:
            BadStore: heads were scored here but not mapped, or the table is damaged.
        """
        if self.header.mappings is None:
            raise BadStore("this map holds scores only", where=self.path, do="Add mappings: headscribe map")
        wanted = None if heads is None else set(heads)
        if self.header.constants is None:
            yield from joined(MAPPINGS.read(MAPPINGS.path(self.path), wanted))
        else:
            yield from taken_apart(
                PARTS_MAPPINGS.read(PARTS_MAPPINGS.path(self.path), wanted),
                CONSTANTS.read(CONSTANTS.path(self.path), wanted),
                ROLES.read(ROLES.path(self.path), wanted),
            )

    def head_maps(self) -> list[HeadMap]:
        """The mappings of all heads, in memory."""
        return list(self.iter_head_maps())

    def mappings_of(self, head: Head) -> HeadMap:
        """The mappings of one head.

        Raises:
            BadStore: the map does not hold this head.
        """
        for head_map in self.iter_head_maps({head}):
            return head_map
        raise BadStore(f"the map does not hold {head.name}", where=self.path, do="Add it: headscribe map")

    def scores(self) -> list[OperationScore]:
        """The scores of all heads and operations; empty where none was scored."""
        if self.header.scores is None:
            return []
        return list(OPERATIONS.read(OPERATIONS.path(self.path)))


def _write_maps(folder: Path, head_maps: Iterable[HeadMap]) -> dict[str, Content]:
    return {"mappings": _write(folder, MAPPINGS, head_mappings(head_maps))}


def _write_parts(folder: Path, head_maps: Iterable[HeadMap]) -> dict[str, Content]:
    """The three tables of heads taken apart, whose mappings go by one head at a time."""
    constant_rows: list[HeadConstant] = []
    role_rows: list[HeadRole] = []

    def passing() -> Iterator[TakenApart]:
        for head_map in head_maps:
            assert isinstance(head_map, TakenApart)
            constant_rows.extend(constants([head_map]))
            role_rows.extend(roles([head_map]))
            yield head_map

    mappings = _write(folder, PARTS_MAPPINGS, parts_mappings(passing()))
    return {
        "mappings": mappings,
        "constants": _write(folder, CONSTANTS, constant_rows),
        "roles": _write(folder, ROLES, role_rows),
    }


def _write(folder: Path, table: Table[R], records: Iterable[R]) -> Content:
    said = ContentHash()
    rows = table.write(table.path(folder), records, said)
    return Content(rows=rows, hash=said.hexdigest())
