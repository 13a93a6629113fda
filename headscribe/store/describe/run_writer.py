"""Writing a run directory: one process at a time, which holds its lock and its journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from headscribe.core.descriptions import Description
from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.store.atomic import disk_errors, replacing
from headscribe.store.describe.descriptions import DESCRIBE_AGAIN, DESCRIPTIONS
from headscribe.store.describe.journal import Journal
from headscribe.store.describe.run_dir import HEADER, JOURNAL, LOCK, LOOKUPS, MAP
from headscribe.store.describe.run_header import RunHeader
from headscribe.store.describe.transcripts import TRANSCRIPTS, transcript_records
from headscribe.store.headers import read_header, write_header
from headscribe.store.lock import RunLock
from headscribe.store.map.kept_layers import layers_folder


class RunWriter:
    """The one process that writes a run; holds its lock and its journal until ``close``.

    Args:
        folder: made if missing.

    Raises:
        BadStore: another process writes this run, something else lies there, the folder cannot be written,
            the journal is damaged, or the run was written by a newer version.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder
        check_run_folder(folder)
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._lock = RunLock(folder / LOCK)
        try:
            self.previous = read_header(folder / HEADER, RunHeader, DESCRIBE_AGAIN)
            self.journal = Journal(folder / JOURNAL)
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def write_header(self, header: RunHeader) -> None:
        """Replace ``run.json``."""
        write_header(self.path / HEADER, header)

    def write_descriptions(self, descriptions: Iterable[Description]) -> None:
        """Replace ``descriptions.parquet``."""
        with replacing(DESCRIPTIONS.path(self.path)) as temporary:
            DESCRIPTIONS.write(temporary, descriptions)

    def write_transcripts(self, kept: Callable[[], Iterable[tuple[Head, dict[str, Any]]]]) -> None:
        """Replace ``rounds.parquet``, ``tests.parquet`` and ``experiments.parquet``, those that have rows.

        Args:
            kept: gives the heads' transcripts as the journal keeps them, from the start at every call.
        """
        for table in TRANSCRIPTS:
            path = table.path(self.path)
            with replacing(path) as temporary:
                rows = table.write(temporary, transcript_records(table, kept(), self.path / JOURNAL))
            if not rows:
                path.unlink()

    def close(self) -> None:
        """Close the journal and let others write; a folder in which nothing was done is removed again."""
        begun = self.previous or (self.path / HEADER).exists() or layers_folder(self.path / MAP).exists()
        unused = not begun and self.journal.empty()
        self.journal.close()
        if unused:
            (self.path / JOURNAL).unlink(missing_ok=True)
            (self.path / LOCK).unlink(missing_ok=True)
            with suppress(OSError):
                self.path.rmdir()
        self._lock.release()


def check_run_folder(folder: Path) -> None:
    """See that a run lies in the folder, or may be made there.

    Raises:
        BadStore: the folder holds something else, or is a file.
    """
    if not folder.exists():
        return
    held = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
    if not folder.is_dir() or (held and not held & {HEADER, JOURNAL, LOOKUPS, LOCK}):
        what = (
            "this is not a run, and it is not empty"
            if folder.is_dir()
            else "this is a file, not a run folder"
        )
        raise BadStore(what, where=folder, do="Choose another folder with -o")
