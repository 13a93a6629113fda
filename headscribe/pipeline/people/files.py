"""Where the files for annotators go, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from headscribe.core.errors import BadOption
from headscribe.core.people import Format
from headscribe.core.tokens import plain_line

SUFFIXES: dict[Format, str] = {
    "html": ".html",
    "csv": ".csv",
    "jsonl": ".jsonl",
    "label-studio": ".json",
}
SHEETS = frozenset({"csv", "jsonl"})
"""Formats that annotators fill in where they lie."""
LABELLING_CONFIG = "labelling-config.xml"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_FORBIDDEN = frozenset({"con", "prn", "aux", "nul"})  # not the name of a file on Windows


def read_annotators(text: str) -> list[str]:
    """Read ``--annotators``: their names with commas, or their number.

    Raises:
        BadOption: a name that cannot be part of a file's name, or the same name twice.
    """
    do = "Give a number from 1 to 100, or names of letters, digits, - and _, with commas"
    if text.isascii() and text.isdecimal():
        if not 1 <= int(text[:9]) <= 100:
            raise BadOption(f"{plain_line(text, 20)} annotators", where="--annotators", do=do)
        return [f"annotator-{number}" for number in range(1, int(text) + 1)]
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if not _NAME.fullmatch(name) or name.lower() in _FORBIDDEN:
            what = f"'{plain_line(name, 40)}' cannot be an annotator's name"
            raise BadOption(what, where="--annotators", do=do)
    if len({name.lower() for name in names}) < len(names):
        raise BadOption("two annotators have the same name", where="--annotators", do=do)
    return names


def paths_for(where: Path, kind: Format, names: Sequence[str], key: Path) -> list[Path]:
    """One file per annotator, then the labelling config.

    Raises:
        BadOption: one file for several annotators, or the key among the files that go out.
    """
    suffix = SUFFIXES[kind]
    if where.suffix == suffix and kind != "label-studio" and not where.is_dir():
        if len(names) > 1:
            raise BadOption("one file for several annotators", where="-o", do="Give a folder")
        return [where]
    if where.is_file():
        raise BadOption("this is a file", where=where, do=f"Give a folder, or a name that ends in {suffix}")
    paths = [where / f"annotate-{name}{suffix}" for name in names]
    if key.resolve().parent == where.resolve():
        raise BadOption("the key would lie among the annotators' files", where=where, do="Give another -o")
    return [*paths, where / LABELLING_CONFIG] if kind == "label-studio" else paths


def spare_answers(kind: Format, texts: Mapping[Path, str]) -> None:
    """See that no sheet that an annotator may have filled in is replaced.

    Raises:
        BadOption: a sheet lies there that differs from the one to be written.
    """
    for path, text in texts.items() if kind in SHEETS else ():
        if path.is_file() and path.read_bytes() != text.encode():
            do = "It may hold answers: import it, then move it away, or give another -o"
            raise BadOption("there is another sheet already", where=path, do=do)
