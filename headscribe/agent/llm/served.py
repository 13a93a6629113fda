"""A client of servers that were started for it, and which may have ended in the meantime."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from headscribe.agent.llm.client import ChatClient
from headscribe.core.chat import ChatReply, ChatRequest
from headscribe.core.errors import LLMUnavailable


class ServedClient:
    """Asks as the client does; where no server can be asked any more, it says why the server has ended.

    Args:
        client: of the server, or of several.
        why: why the first of them that has ended by itself did so, None if none has.
    """

    def __init__(self, client: ChatClient, why: Callable[[], Awaitable[LLMUnavailable | None]]) -> None:
        self.name = client.name
        self._client, self._why = client, why

    async def check(self) -> None:
        """See that it can be asked.

        Raises:
            LLMUnavailable: it cannot.
        """
        try:
            await self._client.check()
        except LLMUnavailable as error:
            raise (await self._why()) or error from None

    async def send(self, request: ChatRequest) -> ChatReply:
        """Make one attempt; raises as the client does."""
        return await self._client.send(request)

    async def aclose(self) -> None:
        """Close the client."""
        await self._client.aclose()
