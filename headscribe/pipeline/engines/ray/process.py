"""What Ray does to the process that connects to it, kept out of a person's way."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO, cast


@contextmanager
def without_threads(threads: Collection[threading.Thread]) -> Iterator[None]:
    """Within the block, what these threads write to standard output is dropped."""
    with redirect_stdout(cast(TextIO, _WithoutThreads(sys.stdout, threads))):
        yield


class _WithoutThreads:
    """A text stream that drops what some threads write."""

    def __init__(self, stream: TextIO, threads: Collection[threading.Thread]) -> None:
        self._stream, self._threads = stream, threads

    def write(self, text: str) -> int:
        return len(text) if threading.current_thread() in self._threads else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def interrupts_later() -> Iterator[None]:
    """Ctrl-C takes effect at the end of the block: one while Ray starts or ends makes the process crash."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[object] = []
    before = signal.signal(signal.SIGINT, lambda *_: waiting.append(None))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if waiting:
        raise KeyboardInterrupt
