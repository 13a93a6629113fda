"""Commands that take settings records: Typer is shown an option for every field that has one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from inspect import Parameter, signature
from types import UnionType
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from headscribe.core.errors import BadOption
from headscribe.core.options import Option, Settings

R = TypeVar("R")


class Only:
    """Marks a command's record: of all its fields these are options; the others keep their defaults."""

    def __init__(self, *fields: str) -> None:
        self.fields = fields


class Without:
    """Marks a command's record: these fields are no options, and keep their defaults."""

    def __init__(self, *fields: str) -> None:
        self.fields = fields


class Defaults:
    """Marks a command's record: these options have other defaults than its fields."""

    def __init__(self, **values: Any) -> None:
        self.values = values


def takes_settings(command: Callable[..., R]) -> Callable[..., R]:
    """Let a command take ``Settings`` records, where Typer knows options only.

    In the signature, a parameter such as ``settings: MapSettings`` becomes the options of the record's fields
    (``core.options.Option``); the command is called with the record that what was typed makes. Markers beside
    the record choose among them: ``settings: Annotated[MapSettings, Without("k")]``.

    Raises:
        BadOption: when called: what was typed makes no valid record.
        ValueError: a marker names what is no option of the record, or two options have one name.
    """
    hints = get_type_hints(command, include_extras=True)
    records = {name: record for name, hint in hints.items() if (record := _record_options(hint))}
    shown: list[Parameter] = []
    for parameter in signature(command).parameters.values():
        if record := records.get(parameter.name):
            shown += record.parameters()
        else:
            named = {"kind": Parameter.KEYWORD_ONLY, "annotation": hints[parameter.name]}
            shown.append(parameter.replace(**named))

    @wraps(command)
    def called(**typed: Any) -> R:
        made = {
            name: record.read({field: typed.pop(field) for field in record.options})
            for name, record in records.items()
        }
        return command(**typed, **made)

    called.__signature__ = signature(command).replace(parameters=shown)  # type: ignore[attr-defined]
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in shown}
    return called


@dataclass(frozen=True, slots=True)
class _RecordOptions:
    """The fields of a record that are options of a command, in the order of its help."""

    record: type[Settings]
    options: dict[str, Option]
    defaults: dict[str, Any]

    def parameters(self) -> Iterator[Parameter]:
        """One parameter per option, as Typer reads them."""
        for name, option in self.options.items():
            field = self.record.model_fields[name]
            default = self.defaults.get(name, field.default)
            default = None if default == () else default
            yield Parameter(
                name,
                Parameter.KEYWORD_ONLY,
                default=default,
                annotation=Annotated[
                    _typed(field, option, default),
                    typer.Option(
                        _flag(name, field, option),
                        help=option.help,
                        metavar=option.metavar,
                        rich_help_panel=option.panel or self.record.panel,
                        show_default=default is not None,
                        min=_bound(field, option, "ge"),
                        max=_bound(field, option, "le"),
                    ),
                ],
            )

    def read(self, typed: dict[str, Any]) -> Settings:
        """The record of what was typed, None standing for a field's default."""
        values = {}
        for name, value in typed.items():
            if value is not None:
                read = self.options[name].read
                values[name] = read(value) if read else value
        try:
            return self.record(**values)
        except ValidationError as problem:
            first = problem.errors()[0]
            name = str(first["loc"][0])
            option = _flag(name, self.record.model_fields[name], self.options[name])
            raise BadOption(f"{first['input']!r}: {first['msg']}", where=option, do="See --help") from None


def _record_options(hint: Any) -> _RecordOptions | None:
    """The options that an annotation of a command asks for; None for one that is no record."""
    record, *markers = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    if not (isinstance(record, type) and issubclass(record, Settings)):
        return None
    options = dict(_options(record))
    defaults: dict[str, Any] = {}
    for marker in markers:
        named = marker.values if isinstance(marker, Defaults) else marker.fields
        if unknown := set(named) - set(options):
            raise ValueError(f"{record.__name__} has no options {', '.join(sorted(unknown))}")
        if isinstance(marker, Defaults):
            defaults = marker.values
        else:
            options = {
                name: option
                for name, option in options.items()
                if (name in named) is isinstance(marker, Only)
            }
    return _RecordOptions(record, options, defaults)


def _options(record: type[Settings]) -> Iterator[tuple[str, Option]]:
    """The fields that are options: the record's own before those that it inherits."""
    inherited = {name for base in record.__bases__ for name in getattr(base, "model_fields", {})}
    for name in sorted(record.model_fields, key=inherited.__contains__):
        for about in record.model_fields[name].metadata:
            if isinstance(about, Option):
                yield name, about


def _typed(field: FieldInfo, option: Option, default: Any) -> Any:
    """The type that Typer makes of the words typed."""
    given: Any = option.typed or field.annotation
    if get_origin(given) is tuple:
        given = list[get_args(given)[0]]  # type: ignore[misc]
    return given if default is not None or isinstance(given, UnionType) else given | None


def _flag(name: str, field: FieldInfo, option: Option) -> str:
    flag = option.name or f"--{name.replace('_', '-')}"
    return f"{flag}/--no-{flag.removeprefix('--')}" if field.default is True else flag


def _bound(field: FieldInfo, option: Option, end: str) -> float | None:
    """The field's bound at one end, which Typer holds and shows; ``read`` holds its own."""
    bounds = [getattr(about, end) for about in field.metadata if hasattr(about, end)]
    return None if option.read or not bounds else bounds[0]
