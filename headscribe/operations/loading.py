"""Operation files, JSON or CSV, checked so that a wrong line is named and never scored."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from headscribe.core.errors import BadOperations
from headscribe.operations.lexicon import NO_LEXICON, PARTS
from headscribe.operations.operation import Operation

BUILTIN = Path(__file__).with_name("data")
COLUMNS = ("source", "target")
_DEFAULTS = {"category": "user", "version": 1, "source": "", "licence": "", "k": None}
_LINE, _COUNT = "a non-empty string, printable and on one line", "a whole number from 1"
_MUST = {
    **{"name": _LINE, "category": _LINE, "version": _COUNT, "k": f"null or {_COUNT}"},
    **{"one_target": "true or false", "pairs": "a list of at least one pair", "lexicon": "an object"},
    **dict.fromkeys(PARTS, "a list of phrases, each with a letter or a digit"),
}
"""What the value of a key must be; of other keys, a string."""
_SEE = "See docs/operations.md"
_CSV_HELP = "The first line must be source,target and every other line one pair"


def builtin_operations() -> list[Operation]:
    """The operations that come with Headscribe, sorted by category and name."""
    found = [_read(path) for path in sorted(BUILTIN.glob("*.json"))]
    return sorted(found, key=lambda operation: (operation.category, operation.name))


def with_builtin(own: Iterable[Operation]) -> dict[str, Operation]:
    """The built-in operations by name, with somebody's own in the place of those of their names."""
    return {operation.name: operation for operation in (*builtin_operations(), *own)}


def load_operations(paths: Sequence[Path]) -> list[Operation]:
    """Read operations from files and folders, in the order given; a folder's files sorted by name.

    Args:
        paths: ``.json`` and ``.csv`` files, and folders of them. None at all means the built-in operations.

    Raises:
        BadOperations: a path, a file or a line cannot be used, or two files have operations of one name.
    """
    if not paths:
        return builtin_operations()
    files = dict.fromkeys(file.resolve() for path in paths for file in _files(Path(path)))
    owner: dict[str, Path] = {}
    operations = []
    for file in files:
        operation = _read(file)
        if operation.name in owner:
            raise BadOperations(
                f"two files hold an operation named '{operation.name}'",
                where=f"{owner[operation.name]} and {file}",
                do="Rename one of them",
            )
        owner[operation.name] = file
        operations.append(operation)
    return operations


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(p for p in path.iterdir() if p.is_file() and p.suffix.lower() in {".json", ".csv"})
        if not found:
            raise BadOperations("the folder has no .json or .csv file", where=path, do=_SEE)
        return found
    if not path.is_file():
        raise BadOperations(
            "no such file or folder", where=path, do="Give an operation file, or a folder of them"
        )
    if path.suffix.lower() not in {".json", ".csv"}:
        raise BadOperations("operation files end in .json or .csv", where=path, do=_SEE)
    return [path]


def _read(path: Path) -> Operation:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadOperations(f"cannot be read: {error.strerror}", where=path) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadOperations("not UTF-8", where=f"{path}:{line}", do="Save the file as UTF-8") from error
    if not text.strip():
        raise BadOperations("the file is empty", where=path, do=_SEE)
    return _from_json(path, text) if path.suffix.lower() == ".json" else _from_csv(path, text)


def _from_csv(path: Path, text: str) -> Operation:
    """An operation of the user's own, named after its file."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        (first, columns), *rows = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise BadOperations(f"not CSV: {error}", where=f"{path}:{reader.line_num}", do=_CSV_HELP) from error
    columns = [name.strip() for name in columns]
    if sorted(columns) != sorted(COLUMNS):
        raise BadOperations(f"the columns are {', '.join(columns)}", where=f"{path}:{first}", do=_CSV_HELP)
    for line, row in rows:
        if len(row) != len(COLUMNS):
            what = f"{len(row)} values in a row of two columns"
            raise BadOperations(what, where=f"{path}:{line}", do=_CSV_HELP)
    pairs = [row if columns[0] == COLUMNS[0] else row[::-1] for _, row in rows]
    return _operation(path, {"name": path.stem, "pairs": pairs}, [line for line, _ in rows], _CSV_HELP)


def _from_json(path: Path, text: str) -> Operation:
    try:
        content = json.loads(text, object_pairs_hook=_unique_keys)
    except json.JSONDecodeError as error:
        raise BadOperations(f"not JSON: {error.msg}", where=f"{path}:{error.lineno}", do=_SEE) from error
    except (ValueError, RecursionError) as error:
        raise BadOperations(f"not usable JSON: {error}", where=path, do=_SEE) from error
    return _operation(path, content, (), _SEE)


def _unique_keys(items: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in items]
    if repeated := [key for key in keys if keys.count(key) > 1]:
        raise ValueError(f"the key '{repeated[0]}' stands twice")
    return dict(items)


def _operation(path: Path, content: Any, lines: Sequence[int], do: str) -> Operation:
    """The operation of a file's content; ``lines`` are those of its pairs, where they have some."""
    if not isinstance(content, dict):
        raise BadOperations("the file must hold one JSON object", where=path, do=do)
    try:
        operation = _reader().validate_python(_DEFAULTS | content)
    except ValidationError as error:
        what, pair = _fault(error)
        if pair is None:
            raise BadOperations(what, where=path, do=do) from None
        where = f"{path}:{lines[pair]}" if lines else f"{path}, pair {pair + 1}"
        raise BadOperations(what, where=where, do="Correct the pair, or take it out") from None
    if operation.lexicon != NO_LEXICON and not operation.lexicon:
        raise BadOperations("'lexicon' needs 'alone', 'phrases', or both 'from' and 'to'", where=path, do=do)
    if operation.one_target:
        _check_one_target(path, operation.pairs)
    return operation


@cache
def _reader() -> TypeAdapter[Operation]:
    return TypeAdapter(Operation)


def _fault(error: ValidationError) -> tuple[str, int | None]:
    """What is wrong, and the place from 0 of the pair that is.

    A key that nobody knows comes first: it may be one that is missing, misspelt.
    """
    first = min(error.errors(), key=lambda one: one["type"] != "unexpected_keyword_argument")
    kind, place = first["type"], first["loc"]
    if place[0] == "pairs" and len(place) > 1:
        what = "a pair must be two strings, source and target"
        if kind == "word":
            what = f"the {COLUMNS[int(place[2])]} {first['input']!r} {first['msg']}"
        return what, int(place[1])
    keys = [part for part in place if isinstance(part, str)]
    name = " in ".join(f"'{key}'" for key in reversed(keys))
    if kind == "unexpected_keyword_argument":
        return f"unknown key {name}", None
    if kind == "missing":
        return f"the key {name} is missing", None
    return f"{name} must be {_MUST.get(keys[-1], 'a string')}", None


def _check_one_target(path: Path, pairs: Sequence[tuple[str, str]]) -> None:
    first: dict[str, int] = {}
    for index, (source, _) in enumerate(pairs, start=1):
        if source in first:
            what = f"'{source}' stands in pairs {first[source]} and {index}, but one_target is true"
            raise BadOperations(what, where=path, do="Keep one of them")
        first[source] = index
