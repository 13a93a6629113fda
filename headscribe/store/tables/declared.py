"""From the ``Column`` metadata of a record's fields to its columns in a file."""

from __future__ import annotations

import types
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import MISSING, fields, is_dataclass, replace
from enum import StrEnum
from operator import attrgetter
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import pyarrow as pa

from headscribe.core.columns import Column
from headscribe.core.records import Token
from headscribe.store.tables.columns import FileColumn, Part, Record, Share, Tokens, Value

_NUMBERS = {"int32": pa.int32(), "int64": pa.int64(), "float32": pa.float32(), "float64": pa.float64()}
_PLAIN = {int: pa.int32(), float: pa.float64(), str: pa.string(), bool: pa.bool_()}


def columns_of(kind: type[Any]) -> Record:
    """How records of a dataclass or named tuple are held: fields and properties with ``Column`` metadata.

    Raises:
        TypeError: a field has a type that no column can hold.
    """
    record = _record(kind, nullable=False, optional=False)
    return replace(record, columns=_in_order(record.columns))


def _record(kind: type[Any], *, nullable: bool, optional: bool) -> Record:
    parts: dict[str, tuple[Callable[[Any], Any], Part]] = {}
    columns: list[FileColumn] = []
    made_of = _fields(kind)
    for name, hint in _hints(kind, made_of).items():
        column, plain, none = _unwrapped(hint)
        # A property is not read, and a field with a default may have been added since a file was written.
        may_lack = optional or made_of.get(name) is not MISSING
        if _is_record(plain) and plain is not Token:
            part: Part = _record(plain, nullable=none or nullable, optional=may_lack)
        elif column:
            part = _part(name, column, plain, nullable=none or nullable, optional=may_lack)
        else:
            continue
        if part.columns:
            share, after = (column.share_of, column.after) if column else ("", "")
            parts[name] = attrgetter(name, share) if share else attrgetter(name), part
            columns += _placed(part.columns, after)
    return Record(kind, parts, made_of, tuple(columns), nullable)


def _part(name: str, column: Column, plain: Any, *, nullable: bool, optional: bool) -> Part:
    name, several = column.name or name, plain == tuple[Token, ...]
    first, mark, rest = column.meaning.partition(";")
    meaning = f"{first} ({column.unit}){mark}{rest}" if column.unit else column.meaning
    made = FileColumn(name, pa.string(), meaning, nullable, _allowed(plain), column.as_long_as, optional)
    if plain is Token or several:
        ids = column.ids or (f"{name.removesuffix('s')}_ids" if several else f"{name}_id")
        kinds = (pa.list_(pa.int32()), pa.list_(pa.string())) if several else (pa.int32(), pa.string())
        numbers = replace(made, name=ids, type=kinds[0], meaning=f"{'ids' if several else 'id'} of {meaning}")
        said, equal = ("their texts", ids) if several else ("its text", "")
        return Tokens(numbers, replace(made, type=kinds[1], meaning=said, as_long_as=equal), several)
    if column.share_of:
        return Share(replace(made, type=pa.float64()), column.share_of)
    made = replace(made, type=_arrow_type(plain, column.type))
    return Value(made, _encoder(made.type), _decoder(made.type, plain))


def _placed(columns: Sequence[FileColumn], after: str) -> Iterator[FileColumn]:
    for column in columns:
        yield replace(column, after=after) if after else column
        after = after and column.name


def _in_order(columns: Sequence[FileColumn]) -> tuple[FileColumn, ...]:
    ordered = [column for column in columns if not column.after]
    for moved in columns:
        if moved.after:
            names = [column.name for column in ordered]
            ordered.insert(names.index(moved.after) + 1, moved)
    return tuple(ordered)


def _fields(kind: type[Any]) -> dict[str, Any]:
    """The fields that make a record, with their defaults."""
    if is_dataclass(kind):
        return {field.name: field.default for field in fields(kind)}
    return {name: kind._field_defaults.get(name, MISSING) for name in kind._fields}


def _hints(kind: type[Any], made_of: Iterable[str]) -> dict[str, Any]:
    """The annotations of its fields, and of its properties that say what column they are."""
    hints = get_type_hints(kind, include_extras=True)
    kept = {name: hints[name] for name in made_of}
    for name, value in vars(kind).items():
        if isinstance(value, property):
            hint = get_type_hints(value.fget, include_extras=True).get("return")
            if _unwrapped(hint)[0]:
                kept[name] = hint
    return kept


def _unwrapped(hint: Any) -> tuple[Column | None, Any, bool]:
    """A hint's metadata, its type without it, and whether None is allowed."""
    column = None
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        column = next((extra for extra in extras if isinstance(extra, Column)), None)
    if get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint):
        (hint,) = (kind for kind in get_args(hint) if kind is not type(None))
        return column, hint, True
    return column, hint, False


def _is_record(kind: Any) -> bool:
    return isinstance(kind, type) and (is_dataclass(kind) or hasattr(kind, "_fields"))


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, StrEnum)


def _arrow_type(plain: Any, number: str) -> pa.DataType:
    if get_origin(plain) is tuple:
        return pa.list_(_arrow_type(get_args(plain)[0], number))
    if get_origin(plain) is Literal or _is_enum(plain):
        return pa.string()
    if plain not in _PLAIN:
        raise TypeError(f"no column can hold {plain}")
    return _NUMBERS[number] if number else _PLAIN[plain]


def _allowed(plain: Any) -> tuple[str, ...] | None:
    if get_origin(plain) is Literal:
        return get_args(plain)
    return tuple(plain) if _is_enum(plain) else None


def _encoder(kind: pa.DataType) -> Callable[[Any], Any] | None:
    """Numbers as the file holds them, so that hashes and prompts are the same before and after it."""
    if kind == pa.float32():
        return lambda number: array("f", [number])[0]
    return (lambda numbers: array("f", numbers).tolist()) if kind == pa.list_(pa.float32()) else None


def _decoder(kind: pa.DataType, plain: Any) -> Callable[[Any], Any] | None:
    if not pa.types.is_list(kind):
        return plain if _is_enum(plain) else None
    return (lambda value: tuple(map(tuple, value))) if pa.types.is_list(kind.value_type) else tuple
