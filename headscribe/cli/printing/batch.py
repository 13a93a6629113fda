"""How a call with ``--batch`` says what it did with batch files, and what to do next."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import typer

from headscribe.cli.show import err

if TYPE_CHECKING:
    from headscribe.core.batch import BatchReport


def print_batch(report: BatchReport, command: str) -> None:
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
