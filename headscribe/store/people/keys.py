"""The key of an export: what each item really is. It stays with the run and is part of no exported file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from headscribe.core.errors import BadStore
from headscribe.core.heads import Head, parse_head
from headscribe.core.people import SCHEMA_VERSION, Kind, Truth
from headscribe.core.settings import StudySettings
from headscribe.store.headers import Command, Header, HeaderPart, read_header, write_header

FOLDER = "people"


class KeyItem(HeaderPart):
    """One item; heads by name."""

    id: str
    kind: Kind
    head: str
    described: str
    of: str | None = None
    description_hash: str

    @classmethod
    def from_truth(cls, truth: Truth) -> KeyItem:
        """The form in which the file holds it."""
        return cls(
            id=truth.id,
            kind=truth.kind,
            head=truth.head.name,
            described=truth.described.name,
            of=truth.of,
            description_hash=truth.description_hash,
        )

    def truth(self) -> Truth:
        """The record that ``from_truth`` was given."""
        heads: tuple[Head, Head] = (parse_head(self.head), parse_head(self.described))
        return Truth(self.id, heads[0], self.kind, heads[1], self.of, self.description_hash)


class Key(Header):
    """``people/key-EXPORT.json``.

    Attributes:
        export: the export's id, in every exported file too.
        content_hash: of what annotators see, in every exported file too.
        secret: what the items' ids were made with.
        identity: hash of what the export was made from, so that making it again gives the same items.
        settings: how heads were drawn.
        n_layers: of the model, which ``groups`` divides.
        map_hash: content hash of the map.
        created_at: UTC, ISO 8601.
    """

    schema_version: int = SCHEMA_VERSION
    kind: Literal["people-key"] = "people-key"
    command: Command = ""
    export: str
    content_hash: str
    secret: str
    identity: str
    settings: StudySettings
    n_layers: int
    map_hash: str
    created_at: str
    items: tuple[KeyItem, ...]

    @property
    def truths(self) -> tuple[Truth, ...]:
        """What each item is."""
        return tuple(item.truth() for item in self.items)


def key_path(run: Path, export: str) -> Path:
    """Where the key of an export lies unless a person says otherwise."""
    return run / FOLDER / f"key-{export}.json"


def write_key(path: Path, key: Key) -> None:
    """Write a key.

    Raises:
        BadStore: it cannot be written.
    """
    write_header(path, key)


def read_key(path: Path) -> Key:
    """Read a key.

    Raises:
        BadStore: the file is missing, is no key, or was written by a newer version.
    """
    do = "Give the file that export wrote"
    if key := read_header(path, Key, do):
        return key
    raise BadStore("there is no such key", where=path, do=do)


def read_keys(run: Path, more: Path | None = None) -> dict[str, Key]:
    """All keys of a run by their export's id, and one that lies elsewhere.

    Raises:
        BadStore: a key is damaged.
    """
    paths = sorted((run / FOLDER).glob("key-*.json")) + ([more] if more else [])
    return {key.export: key for key in map(read_key, paths)}
