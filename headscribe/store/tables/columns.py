"""Records taken apart into columns, and put together again, a batch of them at a time.

One pass per column is several times faster than one per row. Three kinds of parts make up every record: a
value (one column), tokens (a column of ids and one of texts), and a record inside a record (its own columns).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from operator import attrgetter
from typing import Any, Protocol

import pyarrow as pa

from headscribe.core.records import Token

Columns = dict[str, Sequence[Any]]
"""Values by column, all of one length."""

_LIST = "list of "


@dataclass(frozen=True, slots=True)
class FileColumn:
    """One column of a file.

    Attributes:
        name: in the file.
        type: in the file.
        meaning: in a few words, with the unit, as Markdown.
        nullable: whether a value may be missing.
        allowed: the texts that it may hold, None for any.
        as_long_as: a column whose lists have as many items, empty for none.
        optional: whether files that were written before the column was added may lack it.
        after: the column that it follows in the file, empty where that is the one before it.
    """

    name: str
    type: pa.DataType
    meaning: str
    nullable: bool = False
    allowed: tuple[str, ...] | None = None
    as_long_as: str = ""
    optional: bool = False
    after: str = ""


def type_name(kind: pa.DataType) -> str:
    """A column's type as ``docs/files.md`` writes it: ``int32``, ``list of string``."""
    return _LIST + type_name(kind.value_type) if pa.types.is_list(kind) else str(kind)


class Part(Protocol):
    """A field of a record, as columns of a file."""

    @property
    def columns(self) -> tuple[FileColumn, ...]:
        """What it is in a file."""

    def put(self, values: Sequence[Any]) -> Columns:
        """The columns of the field's values."""

    def take(self, columns: Columns) -> Sequence[Any]:
        """The field's values from its columns."""


@dataclass(frozen=True, slots=True)
class Value:
    """A number, a text, or a list of them; ``encode`` and ``decode`` where the file holds it otherwise."""

    column: FileColumn
    encode: Callable[[Any], Any] | None = None
    decode: Callable[[Any], Any] | None = None

    @property
    def columns(self) -> tuple[FileColumn, ...]:
        """Its one column."""
        return (self.column,)

    def put(self, values: Sequence[Any]) -> Columns:
        """As ``Part.put``."""
        return {self.column.name: _each(self.encode, values) if self.encode else values}

    def take(self, columns: Columns) -> Sequence[Any]:
        """As ``Part.take``."""
        values = columns[self.column.name]
        return _each(self.decode, values) if self.decode else values


@dataclass(frozen=True, slots=True)
class Share:
    """A count, or None, that the file holds as a share of another field; whole numbers come back exactly."""

    column: FileColumn
    whole: str

    @property
    def columns(self) -> tuple[FileColumn, ...]:
        """Its one column."""
        return (self.column,)

    def put(self, values: Sequence[tuple[int | None, int]]) -> Columns:
        """The shares of pairs of a count and its whole."""
        shares = [None if count is None else count / whole for count, whole in values]
        return {self.column.name: shares}

    def take(self, columns: Columns) -> Sequence[int | None]:
        """The counts."""
        pairs = zip(columns[self.column.name], columns[self.whole], strict=True)
        return [None if share is None else round(share * whole) for share, whole in pairs]


@dataclass(frozen=True, slots=True)
class Tokens:
    """A token or ``several``: a column of ids and one of texts."""

    ids: FileColumn
    texts: FileColumn
    several: bool

    @property
    def columns(self) -> tuple[FileColumn, ...]:
        """Its two columns."""
        return self.ids, self.texts

    def put(self, values: Sequence[Any]) -> Columns:
        """As ``Part.put``."""
        if not self.several:
            ids, texts = _each(attrgetter("id"), values), _each(attrgetter("text"), values)
        else:
            ids = _each(lambda tokens: [token.id for token in tokens], values)
            texts = _each(lambda tokens: [token.text for token in tokens], values)
        return {self.ids.name: ids, self.texts.name: texts}

    def take(self, columns: Columns) -> Sequence[Any]:
        """As ``Part.take``."""
        make = _several if self.several else _token
        pairs = zip(columns[self.ids.name], columns[self.texts.name], strict=True)
        return [None if ids is None else make(ids, texts) for ids, texts in pairs]


@dataclass(frozen=True, slots=True)
class Record:
    """A dataclass or named tuple as columns.

    Attributes:
        kind: makes one.
        parts: of the fields and properties that have columns, how to get them, and how they are held.
        fields: those that make one, with their defaults.
        columns: all, in the order of the file.
        nullable: whether there may be None in place of a record.
    """

    kind: Callable[..., Any]
    parts: dict[str, tuple[Callable[[Any], Any], Part]]
    fields: dict[str, Any]
    columns: tuple[FileColumn, ...]
    nullable: bool = False

    def put(self, values: Sequence[Any]) -> Columns:
        """The columns of records, in the order of the file."""
        held: Columns = {}
        for get, part in self.parts.values():
            held |= part.put(_each(get, values) if self.nullable else list(map(get, values)))
        return {column.name: held[column.name] for column in self.columns}

    def take(self, columns: Columns) -> Sequence[Any]:
        """The records whose columns these are; a column that is missing gives its field's default."""
        length = len(next(iter(columns.values())))
        arguments: list[Iterable[Any]] = []
        for name, default in self.fields.items():
            part = self.parts[name][1] if name in self.parts else None
            if part and any(column.name in columns for column in part.columns):
                arguments.append(part.take(columns))
            else:
                arguments.append(repeat(default, length))
        made = map(self.kind, *arguments)
        if not self.nullable:
            return list(made)
        first = columns[self.columns[0].name]
        return [None if value is None else record for value, record in zip(first, made, strict=True)]


def _each(make: Callable[[Any], Any], values: Iterable[Any]) -> list[Any]:
    return [None if value is None else make(value) for value in values]


_token = lru_cache(1 << 16)(Token)
"""The same few tokens fill a map: looking one up is faster than making it."""


def _several(ids: list[int], texts: list[str]) -> tuple[Token, ...]:
    return tuple(map(_token, ids, texts))
