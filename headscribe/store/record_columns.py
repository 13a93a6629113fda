"""Records as columns and back, by the ``Column`` metadata of their fields.

A record is taken apart column by column, a batch of records at a time: one pass per column is several times
faster than one per row. Three kinds of parts make up every record: a plain value (one column), tokens (ids
and texts), and a record inside a record (its own columns, in its place).
"""

from __future__ import annotations

import types
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from enum import StrEnum
from functools import lru_cache
from itertools import repeat
from operator import attrgetter
from typing import Annotated, Any, Literal, Protocol, Union, get_args, get_origin, get_type_hints

import pyarrow as pa

from headscribe.core.columns import Column
from headscribe.core.records import Token

Columns = dict[str, Sequence[Any]]
"""Values by column, all of one length."""

_PLAIN = {"int32": pa.int32(), "int64": pa.int64(), "float32": pa.float32(), "float64": pa.float64()}
_OF_TYPE = {int: "int32", float: "float64"}


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


class Part(Protocol):
    """A field of a record, as columns of a file."""

    @property
    def columns(self) -> tuple[FileColumn, ...]:
        """What it is in a file."""

    def put(self, values: Sequence[Any]) -> Columns:
        """The columns of the field's values."""

    def take(self, columns: Columns) -> Sequence[Any]:
        """The field's values from its columns, those of a missing one left to the record."""


@dataclass(frozen=True, slots=True)
class _Value:
    """A number, a text, a list: one column."""

    column: FileColumn
    kind: Any

    @property
    def columns(self) -> tuple[FileColumn, ...]:
        return (self.column,)

    def put(self, values: Sequence[Any]) -> Columns:
        # Numbers as the file holds them, so that hashes and prompts are the same before and after it.
        if self.column.type == pa.float32():
            values = [None if number is None else _float32([number])[0] for number in values]
        elif self.column.type == pa.list_(pa.float32()):
            values = [None if numbers is None else _float32(numbers) for numbers in values]
        return {self.column.name: values}

    def take(self, columns: Columns) -> Sequence[Any]:
        values = columns[self.column.name]
        if pa.types.is_list(self.column.type):
            deep = pa.types.is_list(self.column.type.value_type)
            make = (lambda value: tuple(map(tuple, value))) if deep else tuple
            return [None if value is None else make(value) for value in values]
        if isinstance(self.kind, type) and issubclass(self.kind, StrEnum):
            return [None if value is None else self.kind(value) for value in values]
        return values


@dataclass(frozen=True, slots=True)
class _Tokens:
    """A token or several: a column of ids and one of texts."""

    ids: FileColumn
    texts: FileColumn
    several: bool

    @property
    def columns(self) -> tuple[FileColumn, ...]:
        return self.ids, self.texts

    def put(self, values: Sequence[Any]) -> Columns:
        if self.several:
            ids: Sequence[Any] = [[token.id for token in tokens] for tokens in values]
            texts: Sequence[Any] = [[token.text for token in tokens] for tokens in values]
        else:
            ids, texts = [token.id for token in values], [token.text for token in values]
        return {self.ids.name: ids, self.texts.name: texts}

    def take(self, columns: Columns) -> Sequence[Any]:
        ids, texts = columns[self.ids.name], columns[self.texts.name]
        if self.several:
            return [tuple(map(_token, some, said)) for some, said in zip(ids, texts, strict=True)]
        return list(map(_token, ids, texts))


_token = lru_cache(1 << 16)(Token)
"""The same few tokens fill a map: looking one up is faster than making it."""


@dataclass(frozen=True, slots=True)
class _Share:
    """A count that the file holds as a share of another field; whole numbers come back exactly."""

    column: FileColumn
    whole: str

    @property
    def columns(self) -> tuple[FileColumn, ...]:
        return (self.column,)

    def put(self, values: Sequence[Any]) -> Columns:
        return {self.column.name: [None if count is None else count / n for count, n in values]}

    def take(self, columns: Columns) -> Sequence[Any]:
        pairs = zip(columns[self.column.name], columns[self.whole], strict=True)
        return [None if share is None else round(share * n) for share, n in pairs]


@dataclass(frozen=True, slots=True)
class Record:
    """A dataclass or named tuple as columns.

    Attributes:
        kind: makes one.
        parts: of the fields and properties that have columns, how to get them, and how they are held.
        init: the fields that make one, with their defaults.
        columns: all, in the order of the file.
        nullable: whether there may be None in place of a record.
    """

    kind: Callable[..., Any]
    parts: dict[str, tuple[Callable[[Any], Any], Part]]
    init: dict[str, Any]
    columns: tuple[FileColumn, ...]
    nullable: bool = False

    def put(self, values: Sequence[Any]) -> Columns:
        """The columns of records, in the order of the file."""
        held: Columns = {}
        for get, part in self.parts.values():
            if self.nullable:
                held |= part.put([None if value is None else get(value) for value in values])
            else:
                held |= part.put([get(value) for value in values])
        return {column.name: held[column.name] for column in self.columns}

    def take(self, columns: Columns) -> Sequence[Any]:
        """The records whose columns these are; a column that is missing gives its field's default."""
        length = len(next(iter(columns.values())))
        arguments: list[Iterable[Any]] = []
        for name, default in self.init.items():
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


def columns_of(kind: type[Any]) -> Record:
    """How records are written: their fields and properties that have ``Column`` metadata.

    Raises:
        TypeError: a field has a type that no column can hold.
    """
    record = _record(kind, nullable=False, optional=False)
    return replace(record, columns=_in_order(record.columns))


def _record(kind: type[Any], *, nullable: bool, optional: bool) -> Record:
    parts: dict[str, tuple[Callable[[Any], Any], Part]] = {}
    columns: list[FileColumn] = []
    init = _fields(kind)
    for name, hint in {**_hints(kind, init), **_properties(kind)}.items():
        column, plain, none = _unwrapped(hint)
        if column is None and not _is_record(plain):
            continue
        column = column or Column()
        # A property is not read, and a field with a default may have been added since a file was written.
        part = _part(name, column, plain, none or nullable, optional or init.get(name) is not MISSING)
        if not part.columns:
            continue
        get = attrgetter(name, column.share_of) if column.share_of else attrgetter(name)
        parts[name] = get, part
        columns += _placed(part.columns, column.after)
    return Record(kind, parts, init, tuple(columns), nullable)


def _placed(columns: Sequence[FileColumn], after: str) -> Iterator[FileColumn]:
    for column in columns:
        yield replace(column, after=after) if after else column
        after = after and column.name


def _in_order(columns: Sequence[FileColumn]) -> tuple[FileColumn, ...]:
    ordered = [column for column in columns if not column.after]
    for moved in columns:
        if moved.after:
            before = next(index for index, column in enumerate(ordered) if column.name == moved.after)
            ordered.insert(before + 1, moved)
    return tuple(ordered)


def _fields(kind: type[Any]) -> dict[str, Any]:
    """The fields that make a record, with their defaults."""
    if is_dataclass(kind):
        return {
            field.name: field.default if field.default_factory is MISSING else field.default_factory()
            for field in fields(kind)
        }
    defaults = kind._field_defaults
    return {name: defaults.get(name, MISSING) for name in kind._fields}


def _hints(kind: type[Any], init: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {name: hints[name] for name in init}


def _properties(kind: type[Any]) -> dict[str, Any]:
    getters = {name: value.fget for name, value in vars(kind).items() if isinstance(value, property)}
    hints = {name: get_type_hints(get, include_extras=True).get("return") for name, get in getters.items()}
    return {name: hint for name, hint in hints.items() if _unwrapped(hint)[0]}


def _unwrapped(hint: Any) -> tuple[Column | None, Any, bool]:
    """A hint's metadata, its type without it, and whether None is allowed."""
    column = None
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        column = next((extra for extra in extras if isinstance(extra, Column)), None)
    arguments = get_args(hint)
    if get_origin(hint) in (Union, types.UnionType) and type(None) in arguments:
        (hint,) = (one for one in arguments if one is not type(None))
        return column, hint, True
    return column, hint, False


def _is_record(kind: Any) -> bool:
    return isinstance(kind, type) and (is_dataclass(kind) or hasattr(kind, "_fields"))


def _part(name: str, column: Column, plain: Any, nullable: bool, optional: bool) -> Part:
    if plain is Token or plain == tuple[Token, ...]:
        return _tokens(name, column, plain is not Token, optional)
    if _is_record(plain):
        return _record(plain, nullable=nullable, optional=optional)
    first, mark, rest = column.meaning.partition(";")
    meaning = f"{first} ({column.unit}){mark}{rest}" if column.unit else column.meaning
    kind = pa.float64() if column.share_of else _arrow_type(plain, column.type)
    made = FileColumn(
        name=column.name or name,
        type=kind,
        meaning=meaning,
        nullable=nullable,
        allowed=_allowed(plain),
        as_long_as=column.as_long_as,
        optional=optional,
    )
    return _Share(made, column.share_of) if column.share_of else _Value(made, plain)


def _tokens(name: str, column: Column, several: bool, optional: bool) -> _Tokens:
    name = column.name or name
    ids = column.ids or (f"{name.removesuffix('s')}_ids" if several else f"{name}_id")
    whose, their = ("ids of", "their texts") if several else ("id of", "its text")
    kinds = (pa.list_(pa.int32()), pa.list_(pa.string())) if several else (pa.int32(), pa.string())
    return _Tokens(
        FileColumn(
            ids, kinds[0], f"{whose} {column.meaning}", as_long_as=column.as_long_as, optional=optional
        ),
        FileColumn(name, kinds[1], their, as_long_as=ids if several else "", optional=optional),
        several,
    )


def _arrow_type(plain: Any, number: str) -> pa.DataType:
    origin = get_origin(plain)
    if origin in (tuple, list):
        return pa.list_(_arrow_type(get_args(plain)[0], number))
    if origin is Literal or plain is str or (isinstance(plain, type) and issubclass(plain, StrEnum)):
        return pa.string()
    if plain is bool:
        return pa.bool_()
    if plain in _OF_TYPE:
        return _PLAIN[number or _OF_TYPE[plain]]
    raise TypeError(f"no column can hold {plain}")


def _allowed(plain: Any) -> tuple[str, ...] | None:
    if get_origin(plain) is Literal:
        return get_args(plain)
    if isinstance(plain, type) and issubclass(plain, StrEnum):
        return tuple(plain)
    return None


def _float32(numbers: Iterable[float]) -> list[float]:
    return array("f", numbers).tolist()
