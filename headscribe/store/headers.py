"""Headers: JSON files that say how a folder came about, enough to know it of every number, and never a key.

Each is a record, here or beside the files that it is about; all are read and written by two functions.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from headscribe.core.errors import BadStore
from headscribe.store.atomic import write_text
from headscribe.store.text import without_keys
from headscribe.store.tool import Tool

SCHEMA_VERSION = 1
"""Raised when an older Headscribe could misread a file; additions alone do not raise it."""

LARGEST = 256 << 20
"""Bytes of a header that are read; no header comes near it."""

Command = Annotated[str, AfterValidator(without_keys)]
"""What was typed, without keys."""

Count = Annotated[int, Field(ge=1, le=10_000)]
"""Of layers and heads: within bounds that lists over all heads can be made in."""

Size = Annotated[int, Field(ge=1, le=1 << 30)]
"""Of vectors and vocabularies."""


class HeaderPart(BaseModel):
    """A record inside a header. Fields that a later version added are read past."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Header(HeaderPart):
    """What every header says. A field that changes its meaning is migrated by a ``BeforeValidator``.

    Attributes:
        kind: what it is the header of.
        tool: which program wrote it.
    """

    schema_version: int = SCHEMA_VERSION
    kind: str
    tool: Tool


class Model(HeaderPart):
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
    n_layers: Count
    n_heads: Count
    n_kv_heads: Count
    d_model: Size
    d_head: Size
    vocab_size: Size
    n_tokens: Size
    dtype: str
    notes: tuple[str, ...] = ()


class Totals(HeaderPart):
    """What all calls of the journal took together; a call that several heads share counts once here.

    ``failures`` counts the attempts that failed by kind of failure, such as ``rate-limit``.
    ``cached_tokens`` are those of the prompt tokens that servers say they found in their prefix cache.
    ``calls_estimated`` counts those whose tokens the server did not report, so that they are estimated.
    ``cost_usd`` is None unless the price of every call is known.
    """

    calls: int = 0
    failed_attempts: int = 0
    failures: dict[str, int] = {}
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    calls_estimated: int = 0
    cost_usd: float | None = None


H = TypeVar("H", bound=HeaderPart)


def read_header(path: Path, kind: type[H], again: str) -> H | None:
    """Read, migrate and validate a header; None where there is no such file.

    Args:
        path: the file.
        kind: the record that it holds.
        again: what to do where it is damaged.

    Raises:
        BadStore: unreadable, damaged, of another kind, or written by a newer version.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise BadStore(f"{path.name} is too large for a header", where=path, do=again)
        value = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise BadStore(f"{path.name} cannot be read: {error.strerror}", where=path) from error
    except (ValueError, RecursionError) as error:
        raise BadStore(f"{path.name} is damaged", where=path, do=again) from error
    known = kind.model_fields["schema_version"].default
    version = value.get("schema_version") if isinstance(value, dict) else None
    if isinstance(version, int) and version > known:
        what = f"written by a newer version of Headscribe (schema {version}, this one knows {known})"
        raise BadStore(what, where=path, do="Upgrade Headscribe")
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        fault = " ".join(f"{place} {first['msg']}".split())
        raise BadStore(f"{path.name} is damaged: {fault}", where=path, do=again) from error


def header_text(header: HeaderPart) -> str:
    """A header as readable JSON."""
    return json.dumps(header.model_dump(mode="json"), indent=2, ensure_ascii=True) + "\n"


def write_header(path: Path, header: HeaderPart) -> None:
    """Replace a header, as one step that either happens or does not.

    Raises:
        BadStore: it cannot be written.
    """
    write_text(path, header_text(header))


def now() -> str:
    """The present moment, UTC, ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
