"""One writer per folder: a lock that ends with its holder, however it dies."""

from __future__ import annotations

import errno
import os
import platform
import warnings
from contextlib import suppress
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from headscribe.core.errors import BadStore
from headscribe.store.atomic import disk_errors

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
"""What file systems without locks say, as some of clusters and containers."""


class RunLock:
    """An exclusive lock on a file, held until ``release``, the end of its block, or the end of the process.

    Where the file system has no locks, a file beside it that names the holder stands for one. If that process
    has died on this machine, the next one takes over; if on another machine, a person has to say so.

    Args:
        path: the file.
        doing: what its holder does here, for the error.

    Raises:
        BadStore: another process holds it, which the error names, or the file cannot be made.
    """

    def __init__(self, path: Path, doing: str = "a run is in progress here") -> None:
        marker = path.with_name(f"{path.name}.held")
        with disk_errors(path):
            try:
                self._lock = _acquired(FileLock(path, timeout=0, thread_local=False), path, doing)
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise
                warnings.warn(f"{path.parent} has no file locks: {marker.name} stands for one", stacklevel=2)
                self._lock = _acquired(SoftFileLock(marker, timeout=0, thread_local=False), marker, doing)
        if not isinstance(self._lock, SoftFileLock):
            with suppress(OSError):  # Windows keeps a locked file from everybody; the lock is what counts
                path.write_text(f"{os.getpid()}\n{platform.node()}\n", encoding="utf-8")

    def __enter__(self) -> RunLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Let others in. A file with a lock stays: removing it would race with the next holder."""
        self._lock.release()


def _acquired(lock: BaseFileLock, path: Path, doing: str) -> BaseFileLock:
    try:
        lock.acquire()
    except Timeout as error:
        process, host = _holder(path)
        do = "Wait for it, stop it, or choose another folder with -o"
        if isinstance(lock, SoftFileLock) and host != platform.node():
            do += f"; if it has died, remove {path.name}"
        raise BadStore(f"{doing}, by process {process} on {host}", where=path.parent, do=do) from error
    return lock


def _holder(path: Path) -> tuple[str, str]:
    """The number of the process that wrote a lock's file, and its machine."""
    said: list[str] = []
    with suppress(OSError):
        said = path.read_text(encoding="utf-8", errors="replace").split("\n")
    return said[0] if said and said[0] else "unknown", said[1] if said[1:] and said[1] else "this machine"
