"""Finished layers of a map that is being made, so that a kill loses only the layers at work.

They lie in ``.NAME.layers`` beside the map's folder, one JSON file a layer, and go when the map is written.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.core.layers import LayerMaps, LayerScores
from headscribe.core.parts import TakenApart
from headscribe.core.records import HeadMap
from headscribe.store.atomic import disk_errors, write_text
from headscribe.store.lock import RunLock
from headscribe.store.map.mappings import MAPPINGS, head_mappings, joined
from headscribe.store.map.operations import OPERATIONS
from headscribe.store.map.parts import (
    CONSTANTS,
    PARTS_MAPPINGS,
    ROLES,
    constants,
    parts_mappings,
    roles,
    taken_apart,
)

_LOCK = ".lock"


def layers_folder(map_folder: Path) -> Path:
    """Where the finished layers of a map are kept while it is being made."""
    return map_folder.with_name(f".{map_folder.name}.layers")


def clear_layers(map_folder: Path) -> None:
    """Remove what a call has left that was interrupted when its map was written already."""
    if layers_folder(map_folder.resolve()).exists():
        with suppress(BadStore), KeptLayers(map_folder):  # unless somebody is at work there
            pass


class KeptLayers:
    """The finished layers of one map; a context that one process holds at a time.

    A layer is found again under the identity of what determines its numbers, and only for the very heads it
    was computed for: the last digit of a number depends on which heads are multiplied together.

    Raises:
        BadStore: another process makes this map, or the place cannot be written.
    """

    def __init__(self, map_folder: Path) -> None:
        self._folder = layers_folder(map_folder.resolve())
        with disk_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = RunLock(self._folder / _LOCK, "a map is being made here")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        done = kind is None or not any(self._folder.glob("*.json"))
        self._lock.release()
        if done:
            shutil.rmtree(self._folder, ignore_errors=True)

    def keep_maps(self, identity: str, layer: LayerMaps) -> None:
        """Keep a mapped layer; it is on disk when this returns."""
        apart = [one for one in layer.maps if isinstance(one, TakenApart)]
        if apart:
            said = {
                "rows": PARTS_MAPPINGS.rows(parts_mappings(apart)),
                "constants": CONSTANTS.rows(constants(apart)),
                "roles": ROLES.rows(roles(apart)),
            }
        else:
            said = {"rows": MAPPINGS.rows(head_mappings(layer.maps))}
        self._write("maps", identity, layer.layer, layer.heads, {**said, "dropped": layer.dropped})

    def maps(self, identity: str, layer: int, heads: Sequence[Head]) -> LayerMaps | None:
        """A layer as it was kept, None if these heads of it were not."""
        with _damaged_is_missing():
            if kept := self._read("maps", identity, layer, heads):
                return LayerMaps(layer, tuple(self._maps(kept)), kept["dropped"])
        return None

    def _maps(self, kept: dict[str, Any]) -> Iterator[HeadMap]:
        if "constants" not in kept:
            return joined(MAPPINGS.records(kept["rows"], self._folder))
        return taken_apart(
            PARTS_MAPPINGS.records(kept["rows"], self._folder),
            CONSTANTS.records(kept["constants"], self._folder),
            ROLES.records(kept["roles"], self._folder),
        )

    def keep_scores(self, identity: str, layer: LayerScores) -> None:
        """Keep a scored layer; it is on disk when this returns."""
        self._write("scores", identity, layer.layer, layer.heads, {"rows": OPERATIONS.rows(layer.scores)})

    def scores(self, identity: str, layer: int, heads: Sequence[Head]) -> LayerScores | None:
        """Likewise, for scores."""
        with _damaged_is_missing():
            if kept := self._read("scores", identity, layer, heads):
                scores = OPERATIONS.records(kept["rows"], self._folder)
                return LayerScores(layer, tuple(heads), tuple(scores))
        return None

    def _path(self, kind: str, identity: str, layer: int) -> Path:
        return self._folder / f"{kind}-{layer:04d}-{identity[:16]}.json"

    def _write(
        self, kind: str, identity: str, layer: int, heads: Sequence[Head], said: dict[str, Any]
    ) -> None:
        whole = {"identity": identity, "heads": [head.name for head in heads], **said}
        text = json.dumps(whole, ensure_ascii=True, separators=(",", ":"))
        write_text(self._path(kind, identity, layer), text)

    def _read(self, kind: str, identity: str, layer: int, heads: Sequence[Head]) -> dict[str, Any] | None:
        kept: dict[str, Any] = json.loads(self._path(kind, identity, layer).read_text(encoding="utf-8"))
        same = kept["identity"] == identity and kept["heads"] == [head.name for head in heads]
        return kept if same else None


def _damaged_is_missing() -> suppress:
    """Files appear whole or not at all; one that was damaged later is made again."""
    return suppress(BadStore, OSError, ValueError, KeyError, TypeError)
