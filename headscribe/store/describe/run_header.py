"""``run.json``: how a run came about, and how far it is."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from headscribe.core.settings import DescribeSettings
from headscribe.store.headers import Command, Header, HeaderPart, Model, Totals


class MapReference(HeaderPart):
    """Which map a run describes. ``path`` is relative to the run's folder where the map lies inside it."""

    path: str
    content_hash: str


class RunHeader(Header):
    """``run.json``.

    Attributes:
        heads: the selection asked for last.
        state: ``running`` also after a kill, which leaves no time to say otherwise.
        counts: heads by status, all six always present.
        seconds: time of all sittings together.
    """

    kind: Literal["run"] = "run"
    command: Command = ""
    model: Model
    map: MapReference
    llm: str
    method: str
    prompt: str | None = None
    prompt_hash: str | None = None
    settings: DescribeSettings
    seed: int = 0
    heads: str = "all"
    state: Literal["running", "finished", "interrupted", "stopped"] = "running"
    started_at: str
    finished_at: str | None = None
    seconds: float = 0.0
    counts: dict[str, int] = Field(default_factory=dict)
    totals: Totals = Totals()
