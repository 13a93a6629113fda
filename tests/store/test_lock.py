"""One writer per folder: locks, and what stands for them where the file system has none."""

from __future__ import annotations

import errno
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from headscribe.core.errors import BadStore
from headscribe.store.lock import RunLock
from tests.conftest import REPOSITORY

NO_LOCKS = [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL]
HOLDS = """
import os, signal, sys
from pathlib import Path
import errno, fcntl
def missing(*_):
    raise OSError(int(sys.argv[2]), "no locks")
if int(sys.argv[2]):
    fcntl.flock = missing
from headscribe.store.lock import RunLock
lock = RunLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def holder(path: Path, missing: int = 0) -> subprocess.Popen[bytes]:
    """A process that holds the lock until it is killed."""
    command = [sys.executable, "-W", "ignore", "-c", HOLDS, str(path), str(missing)]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"held\n"
    return process


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.fixture(params=[0, *NO_LOCKS], ids=lambda number: errno.errorcode.get(number, "locks"))
def missing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The error that locking ends in, 0 for none."""
    number: int = request.param

    def flock(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    if number:
        monkeypatch.setattr("fcntl.flock", flock)
        monkeypatch.setattr("warnings.warn", lambda *_, **__: None)
    return number


def test_a_second_process_is_refused_with_the_name_of_the_first(tmp_path: Path, missing: int) -> None:
    first = holder(tmp_path / ".lock", missing)
    try:
        with pytest.raises(BadStore) as caught:
            RunLock(tmp_path / ".lock", "labels are being imported here")
    finally:
        kill(first)
    said = f"labels are being imported here, by process {first.pid} on {platform.node()}"
    assert caught.value.what == said
    assert caught.value.where == str(tmp_path)


def test_a_lock_ends_with_the_process_that_held_it(tmp_path: Path, missing: int) -> None:
    kill(holder(tmp_path / ".lock", missing))
    RunLock(tmp_path / ".lock").release()


def test_a_lock_can_be_taken_again_when_it_was_released(tmp_path: Path, missing: int) -> None:
    for _ in range(2):
        lock = RunLock(tmp_path / ".lock")
        with pytest.raises(BadStore, match=f"process {os.getpid()} "):
            RunLock(tmp_path / ".lock")
        lock.release()


def test_a_holder_on_another_machine_is_for_a_person_to_remove(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr("fcntl.flock", flock)
    (tmp_path / ".lock.held").write_text("77\nanother-machine\n")
    with pytest.warns(UserWarning, match="no file locks"), pytest.raises(BadStore) as caught:
        RunLock(tmp_path / ".lock")
    assert "by process 77 on another-machine" in caught.value.what
    assert "if it has died, remove .lock.held" in str(caught.value)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadStore, match="cannot write"):
        RunLock(tmp_path / "file" / ".lock")
