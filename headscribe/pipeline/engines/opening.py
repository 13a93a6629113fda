"""From what ``--engine`` says to an engine, and back to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from headscribe.core.errors import BadOption
from headscribe.core.settings import EngineName
from headscribe.pipeline.engines.engine import Engine
from headscribe.pipeline.engines.local import LOCAL


@contextmanager
def open_engine(name: EngineName = "local", address: str | None = None) -> Iterator[Engine]:
    """An engine; a cluster is connected to when something is first to be done there.

    Args:
        name: ``local`` for this process, ``ray`` for an existing Ray cluster.
        address: of the cluster, ``HOST:PORT``; None for ``RAY_ADDRESS``, or else the one that runs on this
            machine. ``local`` starts one on this machine for the time of the call.

    Raises:
        BadOption: an address for the engine ``local``, or one that cannot be used.
        MissingExtra: Ray is not installed.
    """
    if name == "local":
        if address is not None:
            do = "Add --engine ray, or leave it out"
            raise BadOption("an address is for a cluster", where="--address", do=do)
        yield LOCAL
        return
    from headscribe.pipeline.engines.ray.engine import RayEngine

    engine = RayEngine(address)
    try:
        yield engine
    finally:
        engine.close()
