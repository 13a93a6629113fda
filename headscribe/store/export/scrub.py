"""What must not leave the machine with exported results: folders, server addresses and keys."""

from __future__ import annotations

import re
import shlex
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from headscribe.core.secrets import hide_keys

_WHOLE = re.compile(r"(?:~[\w.-]*/|\.{1,2}/|/|[A-Za-z]:\\)\S.*", re.DOTALL)
_INSIDE = re.compile(
    r"(?<![\w:/\\.~-])(?:~[\w.-]*|\.{1,2})?(?:/[^\s/'\"()<>,;]+){2,}/?|[A-Za-z]:\\[^\s'\"<>|,;]+"
)
_AFTER = re.compile(r"((?:--?[\w-]+=|[a-z_]+:(?!//))+)(.+)", re.DOTALL)
_SERVER = re.compile(r"https?://[^\s#'\"]+(?=#)")


def without_places(text: str) -> str:
    """The text with every path cut to its last part, and an LLM server's address to ``http://HOST/v1``.

    A text that as a whole is a path may hold spaces. Inside sentences, only paths from the root, the home or
    the parent folder, without spaces, can be told from other words. Web addresses and hub ids stay.
    """
    text = _SERVER.sub("http://HOST/v1", hide_keys(text, "***").replace("file://", ""))
    if after := _AFTER.fullmatch(text):
        return after[1] + without_places(after[2])
    if _WHOLE.fullmatch(text):
        return _last(text)
    return _INSIDE.sub(lambda found: _last(found[0]), text)


def plain_command(command: str) -> str:
    """A typed command without places, word by word."""
    try:
        words = shlex.split(command)
    except ValueError:
        return without_places(command)
    return shlex.join(",".join(map(without_places, word.split(","))) for word in words)


def plain_record(value: Any) -> Any:
    """JSON data, such as a header, without places in any of its texts."""
    if isinstance(value, str):
        return without_places(value)
    if isinstance(value, dict):
        return {
            name: plain_command(inner)
            if name == "command" and isinstance(inner, str)
            else plain_record(inner)
            for name, inner in value.items()
        }
    return [plain_record(inner) for inner in value] if isinstance(value, list) else value


def _last(path: str) -> str:
    return (PureWindowsPath(path) if "\\" in path else PurePosixPath(path)).name or "…"
