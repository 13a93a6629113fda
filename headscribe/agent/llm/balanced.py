"""Several servers of one model behind one client: the least busy is asked, one that fails rests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from headscribe.agent.llm.client import ChatClient
from headscribe.agent.llm.failures import Hopeless
from headscribe.agent.retry import Backoff
from headscribe.core.chat import CallFailed, ChatReply, ChatRequest, FailureKind
from headscribe.core.errors import LLMUnavailable

_ELSEWHERE = frozenset({FailureKind.CONNECTION, FailureKind.SERVER, FailureKind.RATE_LIMIT, FailureKind.AUTH})
"""What another server may do better at once."""
_TIRING = _ELSEWHERE | {FailureKind.TIMEOUT, FailureKind.BAD_REPLY}
"""What a server rests after. One that fails at once is never busy: without a rest it would draw all calls."""


@dataclass(eq=False, slots=True)
class Server:
    """One server, and how it has fared.

    Attributes:
        address: what names it to a person.
        client: asks it.
        in_flight: requests that it has not answered yet.
        answered: replies that it gave.
        failed: attempts that brought none.
        in_a_row: times that it was found failing since its last reply.
        rests_until: moment of ``time.monotonic`` from which it is tried again.
    """

    address: str
    client: ChatClient
    in_flight: int = 0
    answered: int = 0
    failed: int = 0
    in_a_row: int = 0
    rests_until: float = 0.0

    def usable(self) -> bool:
        """Whether it may be sent a request; one that has failed gets a single one at first."""
        if not self.in_a_row:
            return True
        return time.monotonic() >= self.rests_until and not self.in_flight


class BalancedClient:
    """Sends each request to the server with the fewest in flight, so that shares follow speed.

    A server that fails rests, longer each time in a row, then gets one request to prove itself. What another
    server may do better (no connection, 5xx, a rate limit, a refused key, an unknown model) goes on to the
    next at once, as part of the same attempt; other failures are the caller's to repeat.

    Args:
        name: what names the answers, the same for all servers.
        clients: by address; closed with this one.
        say: told when a server is left out, and when it is back.
        backoff: how long a server rests.
    """

    def __init__(
        self,
        name: str,
        clients: Mapping[str, ChatClient],
        say: Callable[[str], None],
        backoff: Backoff | None = None,
    ) -> None:
        self.name = name
        self.servers = [Server(address, client) for address, client in clients.items()]
        self._say, self._backoff = say, backoff or Backoff()

    async def check(self) -> None:
        """See that at least one server can be asked; the others rest.

        Raises:
            LLMUnavailable: none can.
        """
        found = await asyncio.gather(*(one.client.check() for one in self.servers), return_exceptions=True)
        faults: list[LLMUnavailable] = []
        for server, fault in zip(self.servers, found, strict=True):
            if isinstance(fault, LLMUnavailable):
                faults.append(fault)
                self._rest(server, str(fault), certain=True)
            elif fault is not None:
                raise fault
        if len(faults) == len(self.servers):
            what = f"none of {len(faults)} LLM servers can be asked: {faults[0].what}"
            raise LLMUnavailable(what, where=", ".join(one.address for one in self.servers), do=faults[0].do)

    async def send(self, request: ChatRequest) -> ChatReply:
        """Make one attempt, on as many servers as it takes.

        Raises:
            CallFailed: as the last server that was asked says.
        """
        tried: set[Server] = set()
        failure: CallFailed | None = None
        while server := self._least_busy(tried):
            tried.add(server)
            try:
                return await self._send(server, request)
            except CallFailed as error:
                if error.kind not in _ELSEWHERE and not isinstance(error, Hopeless):
                    raise
                failure = error
        assert failure is not None
        raise failure

    async def aclose(self) -> None:
        """Close all clients."""
        await asyncio.gather(*(one.client.aclose() for one in self.servers))

    def summary(self, what: str = "server") -> str | None:
        """Replies and failures by server, in a line; None where there is nothing to tell.

        Args:
            what: a word for the servers.
        """
        if len(self.servers) == 1 or not any(one.answered or one.failed for one in self.servers):
            return None
        parts = [
            f"{one.address} {one.answered:,}" + (f" ({one.failed:,} failed)" if one.failed else "")
            for one in self.servers
        ]
        return f"Replies by {what}: {', '.join(parts)}"

    def _least_busy(self, tried: set[Server]) -> Server | None:
        left = [one for one in self.servers if one not in tried]
        if fit := [one for one in left if one.usable()]:
            return min(fit, key=lambda one: (one.in_flight, one.answered))
        # All rest: the one whose rest ends first is asked all the same, and its failure tells the caller.
        return None if tried else min(left, key=lambda one: one.rests_until)

    async def _send(self, server: Server, request: ChatRequest) -> ChatReply:
        server.in_flight += 1
        try:
            reply = await server.client.send(request)
        except CallFailed as error:
            server.failed += 1
            if error.kind in _TIRING or isinstance(error, Hopeless):
                certain = error.kind is FailureKind.CONNECTION
                self._rest(server, error.message, asked=error.retry_after, certain=certain)
            raise
        finally:
            server.in_flight -= 1
        server.answered += 1
        if server.in_a_row > 1:
            self._say(f"{server.address} answers again")
        server.in_a_row = 0
        return reply

    def _rest(self, server: Server, why: str, *, asked: float | None = None, certain: bool = False) -> None:
        """Leave a server alone for a while; calls that fail together count as one failure."""
        if time.monotonic() < server.rests_until:
            return
        # A connection that is refused is no chance event, and counts as the second failure at once.
        server.in_a_row = max(server.in_a_row + 1, 2 if certain else 1)
        server.rests_until = time.monotonic() + self._backoff.seconds(server.in_a_row - certain, asked)
        if server.in_a_row == 2:
            self._say(f"{server.address} is left out for now: {why}")
