"""A run directory: ``run.json``, ``run.db``, ``descriptions.parquet``, and ``map/`` unless one was given."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from headscribe.core.descriptions import Description
from headscribe.core.errors import BadStore
from headscribe.store.describe.descriptions import DESCRIBE_AGAIN, DESCRIPTIONS
from headscribe.store.describe.run_header import RunHeader
from headscribe.store.headers import read_header
from headscribe.store.map.map_dir import MapDir
from headscribe.store.tables.table import Table

R = TypeVar("R")

HEADER, JOURNAL, REPORT, MAP = "run.json", "run.db", "report.html", "map"
LOOKUPS = "lookups.json"
"""Header of the context look-ups, which may lie in a run's folder with or without descriptions."""
LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class RunDir:
    """An opened run; its tables are read when asked for."""

    path: Path
    header: RunHeader

    @classmethod
    def open(cls, folder: Path | str) -> RunDir:
        """Open a run by its header alone, also while it is in progress.

        Raises:
            BadStore: not a run, damaged, or written by a newer version.
        """
        folder = Path(folder)
        if header := read_header(folder / HEADER, RunHeader, DESCRIBE_AGAIN):
            return cls(folder, header)
        do = f"It has no {HEADER}"
        if (page := folder / "lookups.html").is_file():
            do = f"It holds context look-ups alone: see {page}, or add a headscribe describe of the model"
        raise BadStore("not a run folder", where=folder, do=do)

    @property
    def report(self) -> Path:
        """Where the report lies, or will."""
        return self.path / REPORT

    def map(self) -> MapDir:
        """The map that the run describes.

        Raises:
            BadStore: it has gone, or says something else now.
        """
        opened = MapDir.open((self.path / self.header.map.path).resolve())
        if opened.content_hash != self.header.map.content_hash:
            raise BadStore(
                "the map has changed since the run",
                where=opened.path,
                do="Run describe again; answers that still hold are kept",
            )
        return opened

    def transcript(self, table: Table[R]) -> Iterator[R]:
        """The rows of one of ``transcripts.TRANSCRIPTS``, by head; none where the method keeps none."""
        path = table.path(self.path)
        return table.read(path) if path.is_file() else iter(())

    def descriptions(self) -> list[Description]:
        """The table of descriptions, in model order.

        Raises:
            BadStore: there is none yet, as after an early kill.
        """
        path = DESCRIPTIONS.path(self.path)
        if not path.is_file():
            raise BadStore(
                "the run has no descriptions yet", where=self.path, do="Go on with headscribe describe"
            )
        return list(DESCRIPTIONS.read(path))


def relative_to(folder: Path, run: Path) -> str:
    """A folder's path as the run's header holds it, so that a run and its map can be moved together."""
    return os.path.relpath(folder.resolve(), run.resolve())


def runs_in(folder: Path) -> list[RunDir]:
    """The runs directly in a folder (or the folder itself), newest first; what is no run is passed over.

    Raises:
        BadStore: the folder is missing.
    """
    if not folder.is_dir():
        raise BadStore("no such folder", where=folder, do="Give the folder that holds your runs")
    places = [folder, *sorted(entry for entry in folder.iterdir() if entry.is_dir())]
    runs = []
    for place in places:
        if (place / HEADER).is_file():
            try:
                runs.append(RunDir.open(place))
            except BadStore:
                continue
    return sorted(runs, key=lambda run: run.header.started_at, reverse=True)


def default_run(model: str) -> Path:
    """``runs/NAME``: a hub id's slash becomes two hyphens, a folder gives its last name."""
    path = Path(model).expanduser()
    name = path.resolve().name if path.is_dir() else model.replace("/", "--")
    return Path("runs") / (re.sub(r"[^\w.-]+", "-", name).strip(".-") or "model")
