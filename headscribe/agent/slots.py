"""Which waiting call goes next: one of the item begun first, so that items are finished one after another."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from itertools import count

_TURNS = count(1)
_TURN: ContextVar[int] = ContextVar("turn of the item at work", default=0)


def take_turn() -> None:
    """Calls that this task, and tasks it starts, make from here on stand behind those of earlier turns."""
    _TURN.set(next(_TURNS))


class Slots:
    """So many calls at once. Of those that wait, the one of the earliest turn goes next.

    A first come, first served queue would advance all items alike; a run that ends early (its budget spent,
    Ctrl-C) would then have paid for many beginnings and no result.

    Args:
        free: how many calls at once.
    """

    def __init__(self, free: int) -> None:
        self._free = free
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = count()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one, once it is this call's turn."""
        await self._acquire()
        try:
            yield
        finally:
            self._release()

    async def _acquire(self) -> None:
        if self._free:
            self._free -= 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (_TURN.get(), next(self._arrivals), place))
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._release()
            raise

    def _release(self) -> None:
        while self._waiting:
            _, _, place = heapq.heappop(self._waiting)
            if not place.done():
                place.set_result(None)
                return
        self._free += 1
