"""From an LLM spec to a client that is known to be usable, and back to nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from headscribe.agent.llm.client import ChatClient
from headscribe.agent.llm.keys import check_provider_key, key_of
from headscribe.agent.llm.spec import LLMSpec
from headscribe.core.chat import Sampling
from headscribe.core.errors import LLMUnavailable
from headscribe.core.progress import Progress
from headscribe.core.settings import AskSettings

if TYPE_CHECKING:
    from headscribe.agent.llm.openai_compatible import OpenAICompatibleClient


@asynccontextmanager
async def open_client(
    spec: LLMSpec, settings: AskSettings, progress: Progress, *, key: str | None = None
) -> AsyncIterator[ChatClient]:
    """A chat model that answers its check; a vLLM server is started for it, and stopped at the end.

    Args:
        spec: which.
        settings: how it is asked.
        progress: told of what takes long.
        key: of servers that were started for this session, in place of the environment's; they are asked
            directly, not through the environment's proxy.

    Raises:
        LLMUnavailable: no key, no server, a refused key, a server that did not start, an unusable script.
        MissingExtra: a package is not installed.
    """
    if spec.kind == "vllm":
        async with _own_server(spec, settings, progress) as own:
            yield own
        return
    if spec.base_urls:
        async with _several(spec, settings, progress, key) as several:
            yield several
        return
    other = _client(spec, settings, progress)
    async with _checked(other):
        yield other


@asynccontextmanager
async def _own_server(spec: LLMSpec, settings: AskSettings, progress: Progress) -> AsyncIterator[ChatClient]:
    from headscribe.agent.llm.served import ServedClient
    from headscribe.agent.llm.vllm_server import VLLMServer, new_key

    key = new_key()
    server = VLLMServer(spec.model, progress=progress, key=key)

    async def why() -> LLMUnavailable | None:
        return server.fault()

    async with server as base_url:
        asks = _openai_compatible(
            spec, settings, progress, model=server.served_name, base_url=base_url, key=key
        )
        client = ServedClient(asks, why)
        async with _checked(client):
            yield client
            await _say_cache_hits(server.port, progress)


@asynccontextmanager
async def _several(
    spec: LLMSpec, settings: AskSettings, progress: Progress, key: str | None
) -> AsyncIterator[ChatClient]:
    from headscribe.agent.llm.balanced import BalancedClient

    shared, ours = key or key_of(spec), key is not None
    servers: dict[str, ChatClient] = {
        url: _openai_compatible(spec, settings, progress, base_url=url, key=shared, ours=ours)
        for url in spec.base_urls
    }
    balanced = BalancedClient(spec.name, servers, progress.say)
    async with _checked(balanced):
        yield balanced
        if line := balanced.summary():
            progress.say(line)


def _client(spec: LLMSpec, settings: AskSettings, progress: Progress) -> ChatClient:
    match spec.kind:
        case "openai" | "server":
            return _openai_compatible(spec, settings, progress, base_url=spec.base_url, key=key_of(spec))
        case "langchain":
            from headscribe.agent.llm.langchain_client import LangChainClient

            check_provider_key(spec)
            return LangChainClient(
                spec, Sampling(settings.temperature, settings.max_reply_tokens), settings.timeout
            )
        case "fake":
            from headscribe.agent.llm.fake import FakeClient
            from headscribe.agent.llm.script import load_script

            return FakeClient(spec.name, load_script(spec.script) if spec.script else None)
        case _:
            raise ValueError(f"{spec.name} is no chat model that can be opened here")


def _openai_compatible(
    spec: LLMSpec,
    settings: AskSettings,
    progress: Progress,
    *,
    base_url: str | None,
    key: str,
    model: str = "",
    ours: bool = False,
) -> OpenAICompatibleClient:
    from headscribe.agent.llm.openai_compatible import OpenAICompatibleClient

    return OpenAICompatibleClient(
        spec.name,
        model or spec.model,
        api_key=key,
        base_url=base_url,
        timeout=settings.timeout,
        proxied=not ours,
        say=progress.say,
    )


async def _say_cache_hits(port: int, progress: Progress) -> None:
    from headscribe.agent.llm.vllm_metrics import read_prefix_cache

    if found := await asyncio.to_thread(read_prefix_cache, port):
        hits, queries = found
        progress.say(f"vLLM found {hits / queries:.0%} of {queries:,.0f} prompt tokens in its prefix cache")


@asynccontextmanager
async def _checked(client: ChatClient) -> AsyncIterator[None]:
    try:
        await client.check()
        yield
    finally:
        await client.aclose()
