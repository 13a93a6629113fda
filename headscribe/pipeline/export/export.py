"""A run's results for others: tables in plain formats, or a dataset with its card, on disk or on the hub."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from headscribe.core.errors import BadOption, BadStore
from headscribe.pipeline.export.card import card_text
from headscribe.store.describe.descriptions import DESCRIPTIONS
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.export.export_dir import CARD, HEADER, ExportDir, check_export_folder
from headscribe.store.export.export_header import export_header
from headscribe.store.export.table_files import TableFormat
from headscribe.store.export.table_source import TableSource

if TYPE_CHECKING:
    from headscribe.store.export.hub_upload import Destination

To = Literal["parquet", "csv", "jsonl", "dataset", "hub"]

_WITH_CARD = frozenset({"dataset", "hub"})
_FORMATS: dict[To, TableFormat] = {
    "parquet": "parquet",
    "csv": "csv",
    "jsonl": "jsonl",
    "dataset": "parquet",
    "hub": "parquet",
}
_LICENCE = re.compile(r"[a-z0-9][a-z0-9.+-]*")
_NOT_TAKEN = "people_rejected"
_FIRST = ("descriptions", "mappings", "operations")


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote, or with a dry run would write.

    Attributes:
        path: the folder; None where it only passed through to the hub, or is not written.
        files: names in the folder.
        tables: rows by table.
        size: bytes in all; None for a dry run.
        repo: the dataset on the hub, None if there is none.
        commit: address of the commit on the hub.
    """

    to: To
    path: Path | None
    files: tuple[str, ...]
    tables: dict[str, int]
    size: int | None = None
    repo: str | None = None
    commit: str | None = None


def export_run(
    run: Path | str,
    to: To,
    out: Path | str | None = None,
    *,
    tables: Sequence[str] | None = None,
    licence: str = "other",
    push: Destination | None = None,
    dry_run: bool = False,
) -> Exported:
    """Write a run's tables, and those of its map, in a form for others (docs/export.md).

    Keys, local paths and servers' addresses stay out.

    Args:
        to: ``parquet``, ``csv``, ``jsonl``; ``dataset``, a folder with a card; ``hub``, that folder pushed.
        out: where the folder is written; ``hub`` alone can do without.
        tables: names of the tables wanted, None for all.
        licence: identifier of the licence under which the results are given away.
        push: for ``hub``, where to.
        dry_run: only say what would be written and pushed.

    Raises:
        BadOption: an option does not fit.
        BadStore: not a run, no descriptions yet, its map has gone, or the folder holds something else.
        HubUnavailable: the hub refuses, or cannot be reached.
    """
    opened = RunDir.open(run)
    _check_options(to, out, licence, push)
    sources = _chosen(find_tables(opened), tables)
    folder = None if out is None else Path(out)
    if folder is not None:
        check_export_folder(folder)
    if dry_run:
        return _planned(to, folder, sources, push)
    if folder is not None:
        return _exported(opened, to, folder, sources, licence, push)
    with tempfile.TemporaryDirectory(prefix="headscribe-export-") as passing:
        done = _exported(opened, to, Path(passing) / "dataset", sources, licence, push)
        return replace(done, path=None)


def find_tables(run: RunDir) -> list[TableSource]:
    """Every Parquet table of a run and of its map: descriptions, mappings and operations first.

    A table in a folder of the run is named after both, as in ``people_labels``; one that has the name of a
    table of the map is ``run_NAME``. Annotators' rows that could not be taken are no results, and stay.

    Raises:
        BadStore: the run has no descriptions yet, or its map has gone or has changed.
    """
    if not DESCRIPTIONS.path(run.path).is_file():
        raise BadStore("the run has no descriptions yet", where=run.path, do="Go on with headscribe describe")
    found = {path.stem: path for path in sorted(run.map().path.glob("*.parquet"))}
    for path in sorted(run.path.rglob("*.parquet")):
        name = re.sub(r"\W", "_", "_".join(path.relative_to(run.path).with_suffix("").parts))
        if _of_this_run(path, run) and name != _NOT_TAKEN:
            found[f"run_{name}" if name in found else name] = path
    order = [name for name in _FIRST if name in found]
    return [TableSource(name, found[name]) for name in [*order, *sorted(found.keys() - set(order))]]


def _of_this_run(path: Path, run: RunDir) -> bool:
    """Whether the file is no part of a map, another run or an export in this run's folder, and not hidden."""
    inside = path.relative_to(run.path)
    between = [run.path / part for part in inside.parents if part != Path()]
    others = any((folder / name).is_file() for folder in between for name in ("run.json", "map.json", HEADER))
    return not others and not any(part.startswith(".") for part in inside.parts)


def _check_options(to: To, out: Path | str | None, licence: str, push: Destination | None) -> None:
    if (to == "hub") != (push is not None):
        what = "hub needs a dataset's id" if to == "hub" else f"{to} takes no dataset's id"
        raise BadOption(what, where="--repo", do="Give --to hub --repo ORG/NAME")
    if out is None and to != "hub":
        raise BadOption("it is not said where to write", where="-o", do="Give a folder: -o PATH")
    if not _LICENCE.fullmatch(licence):
        do = "Give one such as cc-by-4.0, or other"
        raise BadOption(f"'{licence}' is no licence's identifier", where="--licence", do=do)


def _chosen(found: list[TableSource], wanted: Sequence[str] | None) -> list[TableSource]:
    names = [source.name for source in found]
    for name in wanted or []:
        if name not in names:
            raise BadOption(
                f"the run has no table '{name}'", where="--table", do=f"It has: {', '.join(names)}"
            )
    return [source for source in found if not wanted or source.name in wanted]


def _exported(
    run: RunDir, to: To, folder: Path, sources: list[TableSource], licence: str, push: Destination | None
) -> Exported:
    header = export_header(_FORMATS[to], licence, run.header, run.map().header)
    repo = push.repo if push else None
    card = (lambda header: card_text(header, repo)) if to in _WITH_CARD else None
    done = ExportDir.write(folder, sources, header, card)
    commit = None
    if push is not None:
        from headscribe.store.export.hub_upload import push_folder

        message = f"Attention heads of {header.run['model']['name']}, by Headscribe"
        commit = push_folder(done.path, done.files(), push, push.message or message)
    return Exported(
        to=to,
        path=folder,
        files=tuple(path.relative_to(done.path).as_posix() for path in done.files()),
        tables={table.name: table.rows for table in done.header.tables},
        size=sum(path.stat().st_size for path in done.files()),
        repo=repo,
        commit=commit,
    )


def _planned(to: To, folder: Path | None, sources: list[TableSource], push: Destination | None) -> Exported:
    inside, extra = ("data/", (CARD, HEADER)) if to in _WITH_CARD else ("", (HEADER,))
    files = [f"{inside}{source.name}.{_FORMATS[to]}" for source in sources]
    rows = {source.name: source.n_rows() for source in sources}
    return Exported(to, folder, tuple(sorted([*files, *extra])), rows, repo=push.repo if push else None)
