"""Texts in files on this machine: lines, JSON Lines and Parquet, read a piece at a time."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from headscribe.core.errors import BadTexts
from headscribe.core.tokens import plain_line
from headscribe.lookups.text_columns import find_column
from headscribe.lookups.texts import LONGEST_DOCUMENT, usable

_FORMATS = {
    "txt": "lines",
    "text": "lines",
    "jsonl": "json",
    "ndjson": "json",
    "json": "json",
    "parquet": "parquet",
}
_COMPRESSED = frozenset({"gz", "bz2", "zst", "lz4"})
_SPLITS = ("explain", "score", "train", "validation", "valid", "dev", "test")
_ROWS = 256
_LONGEST_LINE = 16 * LONGEST_DOCUMENT
"""Bytes of a line that are kept: escapes and other columns may surround a text."""

NOT_UTF8, NOT_JSON = "not UTF-8", "not a JSON object"


class LocalTexts:
    """A file of texts, or a folder of such files; ``TextSource`` says the rest.

    In a folder, a file belongs to the split that its name or its folder's name begins with (``train``,
    ``validation``, ``test``, …), and to ``train`` if none does.

    Raises:
        BadTexts: no such file, none of a known format, or no text column.
    """

    local = True

    def __init__(self, path: Path, column: str | None, *, name: str) -> None:
        self.name, self._column = name, column
        self._files: dict[str, list[Path]] = {}
        for file in _text_files(path):
            split = _split_of(file, path)
            self._files.setdefault(split, []).append(file)
        self.splits = tuple(self._files)
        every = [file for files in self._files.values() for file in files]
        for file in every:
            self._check(file)
        self.identity = _digest(path, every, column)

    def read(self, split: str, excluded: Counter[str]) -> Iterator[str]:
        """The documents of a split, file by file in the order of their names."""
        for file in self._files[split]:
            yield from usable(self._read_file(file, excluded), excluded)

    def _read_file(self, file: Path, excluded: Counter[str]) -> Iterator[Any]:
        kind = _format(file)
        if kind == "parquet":
            yield from _parquet(file, self._column)
        elif kind == "json":
            yield from _json_lines(file, self._column, excluded)
        else:
            for line in _lines(file):
                yield from _decoded(line, excluded)

    def _check(self, file: Path) -> None:
        """Find the file's text column now rather than after hours."""
        if _format(file) == "parquet":
            _parquet_column(file, self._column)
        elif _format(file) == "json":
            next(_json_lines(file, self._column, Counter()), None)


def _text_files(path: Path) -> list[Path]:
    do = "Give .txt, .jsonl or .parquet files, or a dataset's id"
    if path.is_file():
        if _format(path) is None:
            raise BadTexts(f"'{path.suffix}' is not a format of texts", where=path, do=do)
        return [path]
    found = sorted(file for file in path.rglob("*") if file.is_file() and _format(file))
    found = [file for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts)]
    if not found:
        raise BadTexts("the folder holds no texts", where=path, do=do)
    return found


def is_text_file(file: Path) -> bool:
    """Whether a file's name ends as those of texts do."""
    return _format(file) is not None


def _format(file: Path) -> str | None:
    suffixes = file.name.lower().split(".")[1:]
    if suffixes and suffixes[-1] in _COMPRESSED:
        suffixes.pop()
        return _FORMATS.get(suffixes[-1]) if suffixes and suffixes[-1] != "parquet" else None
    return _FORMATS.get(suffixes[-1]) if suffixes else None


def _split_of(file: Path, root: Path) -> str:
    if file == root:
        return "train"
    for part in reversed(file.relative_to(root).parts):
        words = re.split(r"[^a-z]+", part.lower())
        if words[0] in _SPLITS:
            return words[0]
    return "train"


def _digest(root: Path, files: Sequence[Path], column: str | None) -> str:
    """Of everything in the files: the same texts elsewhere are the same texts."""
    found = hashlib.sha256(json.dumps(column).encode())
    for file in files:
        found.update(file.name.encode() if file == root else str(file.relative_to(root)).encode())
        with _reading(file), file.open("rb") as opened:
            found.update(hashlib.file_digest(opened, "sha256").digest())
    return found.hexdigest()


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Turns what the system or Arrow says of an unreadable file into one line."""
    try:
        yield
    except (OSError, pa.ArrowException, EOFError) as error:
        what = f"the texts cannot be read: {plain_line(str(error), 160)}"
        raise BadTexts(what, where=file, do="Check the file, or leave it out") from error


def _lines(file: Path) -> Iterator[bytes]:
    """Lines without their end, each cut to ``_LONGEST_LINE`` bytes."""
    with (
        _reading(file),
        pa.input_stream(str(file), compression="detect") as raw,
        io.BufferedReader(raw) as lines,
    ):
        begun = False
        while line := lines.readline(_LONGEST_LINE):
            if not begun:
                yield line.rstrip(b"\r\n")
            begun = not line.endswith(b"\n")


def _decoded(line: bytes, excluded: Counter[str]) -> Iterator[str]:
    try:
        yield line.decode()
    except UnicodeDecodeError as error:
        if len(line) == _LONGEST_LINE and error.start > _LONGEST_LINE - 4:
            yield line[: error.start].decode()  # cut inside a character
        else:
            excluded[NOT_UTF8] += 1


def _json_lines(file: Path, column: str | None, excluded: Counter[str]) -> Iterator[Any]:
    for line in _lines(file):
        if not line.strip():
            continue
        for text in _decoded(line, excluded):
            try:
                row = json.loads(text)
            except (ValueError, RecursionError):
                row = None
            if not isinstance(row, dict):
                excluded[NOT_JSON] += 1
                continue
            texts = [name for name, value in row.items() if isinstance(value, str)]
            column = column if column in row else find_column(column, texts, list(row), file)
            yield row[column]


def _parquet_column(file: Path, column: str | None) -> str:
    import pyarrow.parquet as pq

    with _reading(file):
        schema = pq.read_schema(file)
    texts = [field.name for field in schema if _is_text(field.type)]
    return find_column(column, texts, texts, file)


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _parquet(file: Path, column: str | None) -> Iterator[Any]:
    import pyarrow.parquet as pq

    name = _parquet_column(file, column)
    with _reading(file), pq.ParquetFile(file) as opened:
        for batch in opened.iter_batches(_ROWS, columns=[name]):
            yield from batch.column(0).to_pylist()
