"""Ctrl-C while calls are in flight: the first asks for an orderly end, the second ends at once."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def orderly_end(first: Callable[[], None]) -> Iterator[None]:
    """Within the block, SIGINT and SIGTERM call ``first``; a further one cancels the current task.

    Must be entered inside a running loop. Where signals cannot be handled (Windows, another thread than the
    main one), nothing changes: Ctrl-C then ends at once, and a resumed run asks for what was in flight.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    seen = 0

    def handle() -> None:
        nonlocal seen
        seen += 1
        if seen == 1:
            first()
        elif task is not None:
            task.cancel()

    handled = []
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            before = signal.getsignal(number)
            with suppress(NotImplementedError):
                loop.add_signal_handler(number, handle)
                handled.append((number, before))
    try:
        yield
    finally:
        for number, before in handled:
            loop.remove_signal_handler(number)
            signal.signal(number, before)


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, also from inside a notebook, whose own loop is running already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    result: list[T] = []
    failure: list[BaseException] = []

    def elsewhere() -> None:
        try:
            result.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001 - raised again below, in the caller's thread
            failure.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return result[0]
