"""The connection to a Ray cluster, and the nodes that can work."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, NoReturn

from headscribe.core.errors import BadOption, ClusterUnavailable, HeadscribeError, MissingExtra
from headscribe.pipeline.engines.ray.process import interrupts_later, without_threads

_REACH_SECONDS = 5.0
_NOT_INSTALLED = "No module named 'headscribe"


@dataclass(frozen=True, slots=True)
class Node:
    """One node of the cluster.

    Attributes:
        id: Ray's.
        name: its address, made unique where several nodes share one.
        cpus: processors that it offers.
        gpus: likewise.
        address: under which the others reach its machine.
        here: whether that is this machine.
    """

    id: str
    name: str
    cpus: int
    gpus: int
    address: str = ""
    here: bool = False


class Cluster:
    """An existing Ray cluster, connected to when it is first asked for something.

    Args:
        address: see ``open_engine``.

    Raises:
        MissingExtra: Ray is not installed.
        BadOption: the address is of a kind that cannot be used.
    """

    def __init__(self, address: str | None) -> None:
        # Ray reads these when it is imported: nothing is reported to its makers.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        try:
            import ray  # noqa: F401
        except ImportError:
            raise MissingExtra(
                "the package ray is not installed",
                where="--engine ray",
                do="Run: pip install 'headscribe[ray]'",
            ) from None
        self.address = address or os.environ.get("RAY_ADDRESS", "").strip() or "auto"
        if self.address.startswith("ray://"):
            raise BadOption(
                "a Ray Client address cannot be used",
                where=f"--address {self.address}",
                do="Run Headscribe on a machine of the cluster, and give its HOST:PORT or auto",
            )
        self._connected = ExitStack()

    def nodes(self) -> list[Node]:
        """The living nodes that have processors to offer.

        Raises:
            ClusterUnavailable: there is no cluster at the address.
        """
        import ray

        self._connect()
        known: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
        living = [node for node in known if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
        shared = Counter(node["NodeManagerAddress"] for node in living)
        ours = ray.get_runtime_context().get_node_id()
        here = {node["NodeManagerAddress"] for node in known if node["NodeID"] == ours}
        return [
            Node(
                id=node["NodeID"],
                name=_name(node, alone=shared[node["NodeManagerAddress"]] == 1),
                cpus=int(node["Resources"]["CPU"]),
                gpus=int(node["Resources"].get("GPU", 0)),
                address=node["NodeManagerAddress"],
                here=node["NodeManagerAddress"] in here,
            )
            for node in living
        ]

    def start(self, cls: type, node: Node, *arguments: Any, **options: Any) -> Any:
        """Start an actor on a node; it dies with this process."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        there = NodeAffinitySchedulingStrategy(node.id, soft=False)
        return ray.remote(cls).options(scheduling_strategy=there, **options).remote(*arguments)

    def close(self) -> None:
        """Disconnect, unless somebody else had connected this process before."""
        self._connected.close()

    def _connect(self) -> None:
        import ray

        if ray.is_initialized():
            return
        self._reach()
        own: dict[str, Any] = {"include_dashboard": False} if self.address == "local" else {}
        before, rays = set(threading.enumerate()), set[threading.Thread]()
        # Ray's threads print what they think of lost nodes to stdout, which is for results.
        self._connected.enter_context(without_threads(rays))
        try:
            with interrupts_later():
                ray.init(address=self.address, log_to_driver=False, logging_level=logging.ERROR, **own)
                self._connected.callback(_disconnect)
        except (ConnectionError, ValueError, RuntimeError) as error:
            self._connected.close()
            raise ClusterUnavailable(
                f"no Ray cluster can be used: {' '.join(str(error).split())[:300]}",
                where=f"--address {self.address}",
                do="Start one with: ray start --head; or give --address HOST:PORT, or --address local",
            ) from error
        rays |= set(threading.enumerate()) - before

    def _reach(self) -> None:
        """See that somebody listens: Ray itself would try for two minutes."""
        host, colon, port = self.address.rpartition(":")
        if not colon or not port.isdecimal():
            return
        try:
            socket.create_connection((host.strip("[]"), int(port)), _REACH_SECONDS).close()
        except (OSError, OverflowError) as error:
            raise ClusterUnavailable(
                f"no Ray cluster answers: {error}",
                where=f"--address {self.address}",
                do="Start one with: ray start --head; or correct the address",
            ) from error


def _name(node: dict[str, Any], *, alone: bool) -> str:
    address: str = node["NodeManagerAddress"]
    return address if alone else f"{address}/{node['NodeID'][:6]}"


def _disconnect() -> None:
    import ray

    with interrupts_later():
        ray.shutdown()


def raise_as_here(error: Any, node: Node) -> NoReturn:
    """Raise what went wrong inside a task as it would be raised here, with the node it happened on.

    Args:
        error: a ``ray.exceptions.RayTaskError``.
        node: where.
    """
    cause = error.cause
    if isinstance(cause, HeadscribeError):
        where = f"{cause.where} on node {node.name}" if cause.where else f"node {node.name}"
        raise type(cause)(cause.what, where=where, do=cause.do) from error
    raise_if_not_installed(error, node)
    raise cause from error


def raise_if_not_installed(error: Exception, node: Node) -> None:
    """Say what keeps every worker of a node from starting.

    Raises:
        ClusterUnavailable: the node's Python has no Headscribe.
    """
    if _NOT_INSTALLED in str(error):
        raise ClusterUnavailable(
            "Headscribe is not installed there",
            where=f"node {node.name}",
            do="Install this version on every node, in the environment in which Ray was started",
        ) from error
