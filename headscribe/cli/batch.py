"""``--batch``: what one call did with batch files, and what to do next."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from headscribe.cli import options as o
from headscribe.cli.show import err
from headscribe.core.batch import Batch, BatchMode
from headscribe.core.errors import BadOption

if TYPE_CHECKING:
    from headscribe.core.batch import BatchReport

Option = Annotated[
    tuple[str, Path] | None,
    typer.Option(
        "--batch",
        metavar="MODE FILE",
        help="Ask by a file in OpenAI's batch format. write: write what must be asked next; read: read a "
        "runner's output; submit: write, upload, wait and read, until all is answered.",
        rich_help_panel=o.ASKING,
        show_default=False,
    ),
]


def read_batch(option: tuple[str, Path] | None) -> Batch | None:
    """The option's two words.

    Raises:
        BadOption: the mode is none.
    """
    if option is None:
        return None
    modes: tuple[BatchMode, ...] = get_args(BatchMode)
    for mode in modes:
        if option[0] == mode:
            return Batch(mode, option[1])
    raise BadOption(
        f"'{option[0]}' is not a mode", where="--batch", do=f"Give --batch {'|'.join(modes)} FILE"
    )


def show_batch(report: BatchReport, command: str) -> None:
    """Say what was written or read on stdout, and the next step on stderr.

    Args:
        report: what was done.
        command: the command that was typed.
    """
    if report.mode == "write" and report.requests:
        typer.echo(f"{report.requests:,} requests written to {report.file}. Nobody was asked.")
        step = f"have them answered, then: {_without_batch(command)} --batch read OUTPUT"
    elif report.mode == "write":
        typer.echo(f"Nothing is left to ask; {report.file} was not written.")
        return
    else:
        typer.echo(_lines(report))
        again = f"{_without_batch(command)} --batch write REQUESTS"
        step = f"to go on: {again if report.mode == 'read' else command}"
    if report.waiting:
        err().print(step, soft_wrap=True)


def _lines(report: BatchReport) -> str:
    counts = (
        (report.known, "known already"),
        (report.unknown, "that answer nothing this run has asked"),
        (report.duplicated, "duplicated"),
        (report.unreadable, "unreadable"),
    )
    failed = ", ".join(f"{number} {kind}" for kind, number in sorted(report.failed.items()))
    parts = [f"{report.taken:,} answers taken", *([f"errors: {failed}"] if failed else [])]
    parts += [f"{number:,} lines {what}" for number, what in counts if number]
    parts += [f"{report.missing:,} requests without a line"] if report.missing else []
    needed = f" {report.waiting:,} requests are needed next." if report.waiting else ""
    return f"Batch: {'; '.join(parts)}.{needed}"


def _without_batch(command: str) -> str:
    words = shlex.split(command)
    if "--batch" in words:
        place = words.index("--batch")
        del words[place : place + 3]
    return shlex.join(words)
