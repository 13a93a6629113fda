"""Local LLM servers on the nodes of a Ray cluster; the driver asks them as it asks any several servers.

An actor per node starts vLLM and tells the driver where it listens. From then on Ray has no part in the
calls: budget, retries, journal and the order of calls are those of one machine. An actor ends with the
driver, and its server with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from headscribe.agent.llm.opening import open_client
from headscribe.agent.llm.served import ServedClient
from headscribe.agent.llm.vllm_server import LOOPBACK, VLLMServer, new_key
from headscribe.core.errors import HeadscribeError, LLMUnavailable
from headscribe.core.progress import Progress
from headscribe.core.settings import AskSettings
from headscribe.pipeline.engines.ray.cluster import Cluster, Node, raise_as_here, raise_if_not_installed

if TYPE_CHECKING:
    from headscribe.agent.llm.client import ChatClient
    from headscribe.agent.llm.spec import LLMSpec

_PATIENCE = 30.0
"""Seconds without any server after which a person is told what may take so long."""

_CLOSE_SECONDS = 60.0


class ServerActor:
    """Runs on a node: a vLLM server for as long as the actor lives.

    Args:
        model: what it serves: a hub id, or a folder on that node.
        host: the address it listens on.
        key: what callers must send.
    """

    def __init__(self, model: str, host: str, key: str) -> None:
        self._server = VLLMServer(model, host=host, key=key)

    async def start(self) -> tuple[str, str]:
        """Start it; gives its address and its name for the model once it answers.

        Raises:
            MissingExtra, LLMUnavailable: it cannot be started there.
        """
        return await self._server.__aenter__(), self._server.served_name

    async def fault(self) -> LLMUnavailable | None:
        """Why it has ended by itself, None if it has not."""
        return self._server.fault()

    async def close(self) -> None:
        """Stop it in order."""
        await self._server.__aexit__(None, None, None)


@dataclass(eq=False, frozen=True, slots=True)
class Host:
    """A node, and its ``ServerActor``."""

    node: Node
    actor: Any


@asynccontextmanager
async def open_servers(
    cluster: Cluster, spec: LLMSpec, settings: AskSettings, progress: Progress
) -> AsyncIterator[ChatClient]:
    """A chat model that vLLM servers answer for: on the nodes with GPUs or, where there are none, on all.

    A server on another machine listens on its node's address in the cluster, one on this machine on loopback.
    Each demands a key that is made here, lives as long as this context, and is written nowhere.

    Args:
        cluster: whose nodes serve. A server takes all GPUs of its node in Ray's count.
        spec: of the kind ``vllm``.
        progress: told of nodes that take no part.

    Raises:
        LLMUnavailable, MissingExtra: no node can serve it.
    """
    key, nodes = new_key(), cluster.nodes()
    serving = [node for node in nodes if node.gpus] or nodes
    hosts = [
        Host(node, cluster.start(
            ServerActor, node, spec.model, LOOPBACK if node.here else node.address, key,
            num_cpus=0, num_gpus=node.gpus, max_restarts=0,
        ))
        for node in serving
    ]  # fmt: skip
    try:
        progress.say(f"Starting vLLM with {spec.model} on {len(hosts)} nodes")
        urls, model = await _started(hosts, progress)
        served = replace(spec, kind="server", model=model, base_url=urls[0], base_urls=urls)
        async with open_client(served, settings, progress, key=key) as client:
            yield ServedClient(client, partial(_fault, hosts))
    finally:
        await _dismiss(hosts)


async def _started(hosts: Sequence[Host], progress: Progress) -> tuple[tuple[str, ...], str]:
    """The addresses of the servers that answer, and their name for the model.

    Raises:
        HeadscribeError: none does; as the first of them says.
    """
    starting = [asyncio.ensure_future(_start(host)) for host in hosts]
    if starting and not (await asyncio.wait(starting, timeout=_PATIENCE))[0]:
        progress.say(
            "No vLLM server answers yet: it loads the model, or waits until Ray has free GPUs for it"
        )
    results = list(zip(hosts, await asyncio.gather(*starting), strict=True))
    served = [result for _, result in results if not isinstance(result, HeadscribeError)]
    faults = [(host, result) for host, result in results if isinstance(result, HeadscribeError)]
    if not served:
        do = "Start nodes, then give the same command again to go on"
        nobody = LLMUnavailable("the cluster has no node that could serve", where="--engine ray", do=do)
        raise faults[0][1] if faults else nobody
    for host, fault in faults:
        progress.say(f"Node {host.node.name} takes no part: {fault}")
    return tuple(url for url, _ in served), served[0][1]


async def _start(host: Host) -> tuple[str, str] | HeadscribeError:
    from ray.exceptions import RayError, RayTaskError

    try:
        try:
            served: tuple[str, str] = await host.actor.start.remote()
        except RayTaskError as error:
            raise_as_here(error, host.node)
        except RayError as error:
            raise_if_not_installed(error, host.node)
            raise LLMUnavailable("the node was lost", where=host.node.name) from error
    except HeadscribeError as fault:
        return fault
    return served


async def _fault(hosts: Sequence[Host]) -> LLMUnavailable | None:
    """Why the first server that has ended did so; None where they only went with their nodes."""
    from ray.exceptions import RayError

    for host in hosts:
        try:
            fault: LLMUnavailable | None = await host.actor.fault.remote()
        except RayError:
            continue
        if fault is not None:
            where = f"{fault.where} on node {host.node.name}"
            return LLMUnavailable(fault.what, where=where, do=fault.do)
    return None


async def _dismiss(hosts: Sequence[Host]) -> None:
    """Let each stop its server in order, then end it."""
    import ray

    closing = [asyncio.ensure_future(_closed(host)) for host in hosts]
    if closing:
        await asyncio.wait(closing, timeout=_CLOSE_SECONDS)
    for host in hosts:
        ray.kill(host.actor)


async def _closed(host: Host) -> None:
    from ray.exceptions import RayError

    try:
        await host.actor.close.remote()
    except RayError:
        return
