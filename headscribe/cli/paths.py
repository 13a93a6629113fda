"""What no file system takes for a path is told before a command begins, for every path that can be typed."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import typer

from headscribe.core.errors import BadOption
from headscribe.core.tokens import plain_line

LONGEST_NAME, LONGEST_PATH = 255, 4096
"""Bytes that file systems and Linux allow, of which writing needs a few for temporary names."""

_ROOM = 32
_SHOWN = 60


def check_paths(app: typer.Typer) -> None:
    """Let every command of an app, and of the apps inside it, check its paths first."""
    for command in app.registered_commands:
        if command.callback:
            command.callback = _checked(command.callback)
    for group in app.registered_groups:
        if group.typer_instance:
            check_paths(group.typer_instance)


def usable_path(path: Path, option: str) -> Path:
    """A path that the operating system takes; ``.`` by its name.

    Args:
        path: as typed.
        option: the parameter's name; ``out`` is written to.

    Raises:
        BadOption: a name in it is too long, its links lead in a circle, or it is the root and is written to.
    """
    where = f"{'-o' if option == 'out' else option.upper()} {plain_line(str(path), _SHOWN)}"
    longest = max((len(os.fsencode(part)) for part in path.parts), default=0)
    if longest > LONGEST_NAME - _ROOM or len(os.fsencode(path)) > LONGEST_PATH - _ROOM:
        do = "Give a shorter one"
        raise BadOption(f"a name of {longest} bytes is longer than file systems allow", where=where, do=do)
    try:
        path.stat()
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) or error.errno == errno.ELOOP:
            said = "no path" if isinstance(error, ValueError) else "the links of this path lead in a circle"
            raise BadOption(said, where=where, do="Give another one") from error
    if path.name:
        return path
    path = Path.cwd() if path == Path() else path.resolve()
    if option == "out" and path == path.parent:
        do = "Give a folder inside it"
        raise BadOption("the root of the file system is no folder of results", where=where, do=do)
    return path


def _checked(command: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(command)
    def run(**values: Any) -> Any:
        return command(**dict(_usable(values)))

    return run


def _usable(values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Path):
            yield name, usable_path(value, name)
        elif isinstance(value, list | tuple) and any(isinstance(one, Path) for one in value):
            yield name, [usable_path(one, name) if isinstance(one, Path) else one for one in value]
        else:
            yield name, value
