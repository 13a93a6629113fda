"""The HTTP client under the LLM clients: no reply larger than can be one, and no way to another host."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import openai

from headscribe.agent.llm.failures import Hopeless
from headscribe.core.chat import CallFailed, FailureKind

if TYPE_CHECKING:
    import httpx2

MOST_BYTES = 8 * 2**20
"""Bytes of a body, decompressed, that are read: some megatokens of text."""

_OF_THE_WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class Redirected(Hopeless):
    """The server sends its callers to another host, which must not get prompts meant for this one."""

    do = "Give the address that really answers"


class BoundedClient(openai.DefaultAsyncHttpxClient):
    """Reads no more of a body than ``most_bytes``, counted after decompression; stays with the host asked.

    A server could fill the memory otherwise: by a body without end, or by one of a megabyte that decompresses
    to gigabytes.

    Args:
        most_bytes: of a body.
        settings: as for ``httpx.AsyncClient``.
    """

    def __init__(self, *, most_bytes: int = MOST_BYTES, **settings: Any) -> None:
        super().__init__(event_hooks={"response": [_stay_with_host]}, **settings)
        self._most_bytes = most_bytes

    async def send(
        self, request: httpx2.Request, *, stream: bool = False, **arguments: Any
    ) -> httpx2.Response:
        """Send a request; its body is read unless it is to be a stream.

        Raises:
            CallFailed: the body is too large, or the server sends to another host.
        """
        received = await super().send(request, stream=True, **arguments)
        bounded = type(received)(
            received.status_code,
            # What is passed on is decompressed already.
            headers=[pair for pair in received.headers.multi_items() if pair[0] not in _OF_THE_WIRE],
            content=self._body(received),
            request=received.request,
            extensions=received.extensions,
        )
        if not stream:
            await bounded.aread()
        return bounded

    async def _body(self, received: httpx2.Response) -> AsyncIterator[bytes]:
        read = 0
        try:
            async for chunk in received.aiter_bytes():
                read += len(chunk)
                if read > self._most_bytes:
                    what = f"the reply is larger than {self._most_bytes / 2**20:.0f} MiB"
                    raise CallFailed(FailureKind.BAD_REPLY, f"{what}, and was not read further")
                yield chunk
        finally:
            await received.aclose()


async def _stay_with_host(response: httpx2.Response) -> None:
    stay_with_host(response)


def stay_with_host(response: httpx2.Response) -> None:
    """Refuse a redirection to another host, or from an encrypted connection to an open one.

    Raises:
        Redirected: it is one.
    """
    if not response.has_redirect_location:
        return
    here = response.url
    there = here.join(response.headers["location"])
    if there.host != here.host or (here.scheme, there.scheme) == ("https", "http"):
        message = f"{here.host} sends on to {there.scheme}://{there.host}, which is not asked"
        raise Redirected(FailureKind.BAD_REQUEST, f"HTTP {response.status_code}: {message}")
