"""Calls that are made side by side, and all awaited before one of their faults is raised."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def together(calls: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results in the order of the calls.

    Raises:
        asyncio.CancelledError, Exception: as the calls raise them, once no other is under way; of several
            faults a cancellation first.
    """
    results = await asyncio.gather(*calls, return_exceptions=True)
    faults = [result for result in results if isinstance(result, BaseException)]
    for kind in (asyncio.CancelledError, BaseException):
        for fault in faults:
            if isinstance(fault, kind):
                raise fault
    return [result for result in results if not isinstance(result, BaseException)]
