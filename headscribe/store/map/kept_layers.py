"""Finished layers of a map that is being made, so that a kill loses only the layers at work.

They lie in ``.NAME.layers`` beside the map's folder, one JSON file a layer, and go when the map is written.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.core.layers import LayerMaps, LayerScores
from headscribe.store import tables
from headscribe.store.atomic import disk_errors, write_text
from headscribe.store.lock import RunLock

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

    Args:
        map_folder: of the map.

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
        rows = [row for one in layer.maps for row in tables.mapping_rows(one)]
        self._write("maps", identity, layer.layer, layer.heads, {"rows": rows, "dropped": layer.dropped})

    def maps(self, identity: str, layer: int, heads: Sequence[Head]) -> LayerMaps | None:
        """A layer as it was kept, None if these heads of it were not."""
        found = self._read("maps", identity, layer, heads)
        if found is None:
            return None
        return LayerMaps(layer, tuple(tables.head_maps(found["rows"])), found["dropped"])

    def keep_scores(self, identity: str, layer: LayerScores) -> None:
        """Keep a scored layer; it is on disk when this returns."""
        rows = [tables.score_row(score) for score in layer.scores]
        self._write("scores", identity, layer.layer, layer.heads, {"rows": rows})

    def scores(self, identity: str, layer: int, heads: Sequence[Head]) -> LayerScores | None:
        """Likewise, for scores."""
        found = self._read("scores", identity, layer, heads)
        if found is None:
            return None
        return LayerScores(layer, tuple(heads), tuple(map(tables.operation_score, found["rows"])))

    def _path(self, kind: str, identity: str, layer: int) -> Path:
        return self._folder / f"{kind}-{layer:04d}-{identity[:16]}.json"

    def _write(
        self, kind: str, identity: str, layer: int, heads: Sequence[Head], said: dict[str, Any]
    ) -> None:
        whole = {"identity": identity, "heads": [head.name for head in heads], **said}
        text = json.dumps(whole, ensure_ascii=True, separators=(",", ":"))
        write_text(self._path(kind, identity, layer), text)

    def _read(self, kind: str, identity: str, layer: int, heads: Sequence[Head]) -> dict[str, Any] | None:
        # Files appear whole or not at all; one that was damaged later is made again.
        with suppress(OSError, ValueError, KeyError, TypeError):
            found: dict[str, Any] = json.loads(self._path(kind, identity, layer).read_text(encoding="utf-8"))
            if found["identity"] == identity and found["heads"] == [head.name for head in heads]:
                return found
        return None
