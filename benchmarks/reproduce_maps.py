"""Recomputes the MAPS paper's tables for a model and prints them beside the published values.

``python -m benchmarks.reproduce_maps MODEL``; see docs/reproducing.md.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from benchmarks.machine import machine
from benchmarks.maps_lists import given_lists, our_lists
from benchmarks.maps_published import DEFAULT_FOLDER, WITHOUT_FIRST_MLP, Published, read_published
from benchmarks.maps_rows import as_json, compare, show
from headscribe import check_model
from headscribe.cli.progress import progress
from headscribe.core.errors import BadStore, HeadscribeError
from headscribe.core.progress import Progress
from headscribe.core.settings import CheckSettings, Dtype, MapSettings
from headscribe.store.atomic import write_text

By = Literal["correlation", "multi-token", "ablation"]


@dataclass(frozen=True)
class Job:
    """What to recompute.

    Attributes:
        model: a hub id, a local folder, or ``demo``.
        map: the map folder; what it holds already is not computed again.
        settings: of the map.
        lists: operation files.
        names: operations to check, none for all; the others can still be control tasks.
        checks: which of the paper's tables.
        revision: branch, tag or commit of a hub model.
    """

    model: str
    map: Path
    settings: MapSettings
    lists: Sequence[Path]
    names: Sequence[str]
    checks: Sequence[By]
    revision: str | None = None


def paper_settings(published: str, *, device: str = "auto", dtype: Dtype = "auto") -> MapSettings:
    """The paper's choices: padded rows take part, and one model is read without its first MLP."""
    view: Literal["raw", "auto"] = "raw" if published in WITHOUT_FIRST_MLP else "auto"
    return MapSettings(view="paper", source_view=view, padded_rows="keep", device=device, dtype=dtype)


def reproduce(job: Job, published: Published, bars: Progress | None = None) -> dict[str, Any]:
    """Recompute each table, print it beside the published one, and give all as plain data.

    Raises:
        HeadscribeError: the model, the lists or the map folder cannot be used.
    """
    tables: dict[str, Any] = {}
    for check in job.checks:
        try:
            report = check_model(
                job.model,
                job.map,
                check,
                job.settings,
                CheckSettings(names=tuple(job.names)),
                operations=job.lists,
                revision=job.revision,
                command=shlex.join(["python", "-m", "benchmarks.reproduce_maps", *sys.argv[1:]]),
                progress=bars,
            )
        except BadStore as error:
            do = "Choose another folder with --map"
            raise BadStore(error.what, where=error.where, do=do) from None
        values = published.tables[check]
        chosen = {name: values[name] for name in values if not job.names or name in job.names}
        rows = compare(report, chosen)
        show(check, rows, report)
        tables[check] = as_json(rows, report)
    return tables


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = _parser().parse_args(arguments)
    try:
        _run(chosen)
    except HeadscribeError as error:
        sys.exit(f"error: {error}")


def _run(chosen: argparse.Namespace) -> None:
    published = read_published(chosen.published, chosen.model, chosen.published_name)
    settings = paper_settings(published.model, device=chosen.device, dtype=chosen.dtype)
    said = ", ".join(map(str, chosen.operations or ["the built-in ones"]))
    print(f"{chosen.model} beside the published values of {published.model}. Pair lists: {said}")
    if not any(published.tables.values()):
        print(f"{chosen.published} has no values of {published.model}: ours stand alone")
    with tempfile.TemporaryDirectory() as scratch, progress() as bars:
        job = Job(
            model=chosen.model,
            map=chosen.map or default_map(chosen.model, own=not chosen.operations),
            settings=settings,
            lists=given_lists(chosen.operations, Path(scratch)) if chosen.operations else our_lists(),
            names=chosen.operation,
            checks=chosen.check or get_args(By),
            revision=chosen.revision,
        )
        tables = reproduce(job, published, bars)
    print(f"The map and every point are in {job.map}")
    if chosen.out:
        document = {
            "model": chosen.model,
            "published_as": published.model,
            "pair_lists": said,
            "settings": settings.model_dump(mode="json"),
            "map": str(job.map),
            "tables": tables,
            "machine": machine(),
        }
        write_text(chosen.out, json.dumps(document, indent=2) + "\n")


def default_map(model: str, *, own: bool) -> Path:
    """A folder per model and kind of pair lists, so that an interrupted run goes on where it was."""
    return Path("maps") / f"reproduce-{Path(model).name}-{'built-in' if own else 'given'}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reproduce_maps", description=__doc__)
    parser.add_argument("model", metavar="MODEL", help="a hub id, a local folder, or 'demo'")
    add = parser.add_argument
    add("--published", type=Path, default=DEFAULT_FOLDER, metavar="FOLDER", help="the published CSV files")
    add(
        "--published-name",
        metavar="NAME",
        help="the model's name there, if MODEL is no hub id of the paper's",
    )
    add("--operations", type=Path, action="append", default=[], metavar="PATH",
        help="pair lists, ours or the paper's, instead of the built-in ones")  # fmt: skip
    add("--operation", action="append", default=[], metavar="NAME", help="this operation only; repeatable")
    add("--check", action="append", choices=get_args(By), help="this table only; repeatable")
    add("--map", type=Path, metavar="MAP", help="the map folder; maps/reproduce-… when not given")
    add("-o", "--out", type=Path, metavar="OUT.json", help="write everything there as JSON too")
    add("--revision", help="branch, tag or commit of a hub model")
    add("--device", default="auto", help="auto, cpu, cuda, …")
    add("--dtype", default="auto", choices=get_args(Dtype), help="arithmetic; auto is float32")
    return parser


if __name__ == "__main__":
    main()
