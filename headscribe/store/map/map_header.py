"""``map.json``: how a map came about."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from headscribe.core.settings import MapSettings
from headscribe.store.headers import Command, Header, HeaderPart, Model


class ScoredOperation(HeaderPart):
    """One operation as it was scored for this model; ``digest`` is the hash of its name, k and pairs."""

    name: str
    category: str
    version: int
    source: str = ""
    licence: str = ""
    digest: str


class Skipped(HeaderPart):
    """An operation that too few pairs of the tokenizer's vocabulary support."""

    operation: str
    category: str
    n_pairs: int
    needed: int
    digest: str


class Content(HeaderPart):
    """How many rows a table has, and the hash of what they say."""

    rows: int
    hash: str


def _with_paper_view(settings: Any) -> Any:
    """Settings as they were before there were views: those of the paper."""
    return {"view": "paper"} | settings if isinstance(settings, dict) else settings


class MapHeader(Header):
    """``map.json``.

    Attributes:
        command: what was typed when the map was made, or last added to.
        settings: all settings, the defaults included.
        device: the device that ``auto`` came to.
        dtype: the arithmetic that ``auto`` came to.
        started_at: UTC, ISO 8601.
        seconds: time taken to make the map.
        dropped: vocabulary rows left out, by reason.
        rules: the named rules behind the numbers (source view, k, pair filter, value head, thresholds).
        mappings: of ``mappings.parquet``; None if heads were only scored.
        scores: of ``operations.parquet``; None if heads were only mapped.
        constants: of ``constants.parquet``; None unless heads were taken apart.
        roles: of ``roles.parquet``; likewise.
    """

    kind: Literal["map"] = "map"
    command: Command = ""
    model: Model
    settings: Annotated[MapSettings, BeforeValidator(_with_paper_view)]
    device: str
    dtype: str
    started_at: str
    seconds: float = 0.0
    dropped: dict[str, int] = Field(default_factory=dict)
    rules: dict[str, str] = Field(default_factory=dict)
    operations: tuple[ScoredOperation, ...] = ()
    skipped_operations: tuple[Skipped, ...] = ()
    mappings: Content | None = None
    scores: Content | None = None
    constants: Content | None = None
    roles: Content | None = None
