"""What a map and a run say of themselves: enough to know how every number came about, and never a key."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from headscribe.core.errors import BadStore
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.store.text import without_keys
from headscribe.store.tool import Tool

SCHEMA_VERSION = 1
"""Raised when an older Headscribe could misread a file; additions alone do not raise it."""

Command = Annotated[str, AfterValidator(without_keys)]
"""What was typed, without keys."""


class _Header(BaseModel):
    # Unknown fields are what a later version added: read past them.
    model_config = ConfigDict(extra="ignore", frozen=True)


class Model(_Header):
    """The checkpoint that was read.

    Attributes:
        name: hub id or folder, as given.
        revision: commit on the hub, None for a folder.
        weights_hash: hash of the weights' index, or of the file.
        tokenizer_hash: hash of the tokenizer's files.
        dtype: how the weights are stored.
        vocab_size: rows of the embedding, padding included.
        n_tokens: rows that belong to a token.
        notes: what its family does beyond the paper's definitions.
    """

    name: str
    revision: str | None = None
    weights_hash: str
    tokenizer_hash: str
    family: str
    n_layers: int
    n_heads: int
    n_kv_heads: int
    d_model: int
    d_head: int
    vocab_size: int
    n_tokens: int
    dtype: str
    notes: tuple[str, ...] = ()


class ScoredOperation(_Header):
    """One operation as it was scored for this model; ``digest`` is the hash of its name, k and pairs."""

    name: str
    category: str
    version: int
    source: str = ""
    licence: str = ""
    digest: str


class Skipped(_Header):
    """An operation that too few pairs of the tokenizer's vocabulary support."""

    operation: str
    category: str
    n_pairs: int
    needed: int
    digest: str


class Content(_Header):
    """How many rows a table has, and the hash of what they say."""

    rows: int
    hash: str


def _with_paper_view(settings: Any) -> Any:
    """Settings as they were before there were views: those of the paper."""
    return {"view": "paper"} | settings if isinstance(settings, dict) else settings


class MapHeader(_Header):
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
        k: what ``--k`` said when the operations were scored.
        mappings: of ``mappings.parquet``; None if heads were only scored.
        scores: of ``operations.parquet``; None if heads were only mapped.
    """

    schema_version: int = SCHEMA_VERSION
    kind: Literal["map"] = "map"
    tool: Tool
    command: Command = ""
    model: Model
    settings: Annotated[MapSettings, BeforeValidator(_with_paper_view)]
    device: str
    dtype: str
    started_at: str
    seconds: float = 0.0
    dropped: dict[str, int] = {}
    rules: dict[str, str] = {}
    operations: tuple[ScoredOperation, ...] = ()
    skipped_operations: tuple[Skipped, ...] = ()
    mappings: Content | None = None
    scores: Content | None = None


class MapReference(_Header):
    """Which map a run describes. ``path`` is relative to the run's folder where the map lies inside it."""

    path: str
    content_hash: str


class Totals(_Header):
    """What all calls of the journal took together; a call that several heads share counts once here.

    ``failures`` counts the attempts that failed by kind of failure, such as ``rate-limit``.
    ``cached_tokens`` are those of the prompt tokens that servers say they found in their prefix cache.
    ``cost_usd`` is None unless the price of every call is known.
    """

    calls: int = 0
    failed_attempts: int = 0
    failures: dict[str, int] = {}
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float | None = None


class RunHeader(_Header):
    """``run.json``.

    Attributes:
        command: what was typed last.
        heads: the selection asked for last.
        state: ``running`` also after a kill, which leaves no time to say otherwise.
        counts: heads by status, all six always present.
        seconds: time of all sittings together.
    """

    schema_version: int = SCHEMA_VERSION
    kind: Literal["run"] = "run"
    tool: Tool
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


H = TypeVar("H", MapHeader, RunHeader)


def header_text(header: MapHeader | RunHeader) -> str:
    """A header as readable JSON."""
    return json.dumps(header.model_dump(mode="json"), indent=2, ensure_ascii=True) + "\n"


def _without_header(path: Path) -> str:
    held = path.parent / "map"
    if path.name == "map.json" and (held / path.name).is_file():
        return f"It is a run; its map is {held}"
    if path.name == "run.json" and (page := path.parent / "lookups.html").is_file():
        return f"It holds context look-ups alone: see {page}, or add a headscribe describe of the model"
    return f"It has no {path.name}"


def read_header(path: Path, kind: type[H]) -> H:
    """Read ``map.json`` or ``run.json``.

    Raises:
        BadStore: missing, damaged, of another kind, or written by a newer version.
    """
    what = "run" if kind is RunHeader else "map"
    try:
        value: Any = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise BadStore(f"not a {what} folder", where=path.parent, do=_without_header(path)) from None
    except OSError as error:
        raise BadStore(f"cannot be read: {error.strerror}", where=path) from error
    except ValueError as error:
        raise BadStore(f"{path.name} is damaged", where=path, do=f"Make the {what} again") from error
    found = value.get("schema_version") if isinstance(value, dict) else None
    if isinstance(found, int) and found > SCHEMA_VERSION:
        raise BadStore(
            f"written by a newer version of Headscribe (schema {found}, this one knows {SCHEMA_VERSION})",
            where=path,
            do="Upgrade Headscribe",
        )
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        problem = f"{path.name} cannot be read: {field} {first['msg'].lower()}"
        raise BadStore(problem, where=path, do="Upgrade Headscribe, or make it again") from error


def now() -> str:
    """The present moment, UTC, ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
