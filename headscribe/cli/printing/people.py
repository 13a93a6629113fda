"""How ``headscribe people`` prints what went out, came in, and came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from headscribe.cli.show import err, print_tables
from headscribe.pipeline.people.section import people_tables

if TYPE_CHECKING:
    from headscribe.core.agreement import PeopleAgreement
    from headscribe.pipeline.people.results import PeopleExport, PeopleImport

SHOWN = 20
"""Problems that are printed; ``--json`` has all."""


def print_export(made: PeopleExport) -> None:
    """What went out, what was left out, and the files."""
    groups = ", ".join(f"{name} {size}" for name, size in made.groups.items())
    typer.echo(
        f"{made.items} items: {made.heads} heads ({groups}), {made.wrong} with another head's description, "
        f"{made.repeats} repeated."
    )
    typer.echo(f"Not drawn: {made.not_drawn} heads. Without an answer to judge: {made.left_out} heads.")
    if made.again:
        typer.echo(f"The same items as before (export {made.export}); answers to either can be imported.")
    for line in made.fewer:
        err().print(line, soft_wrap=True)
    for path in made.files:
        typer.echo(f"For annotators: {path}")
    typer.echo(f"Key, not for annotators: {made.key}")


def print_import(done: PeopleImport, run: Path) -> None:
    """What came in, what was rejected and why, and what to do next."""
    for problem in done.problems[:SHOWN]:
        err().print(str(problem), soft_wrap=True)
    if len(done.problems) > SHOWN:
        err().print(f"And {len(done.problems) - SHOWN} more; --json lists all.")
    typer.echo(
        f"{done.added} labels added, {done.completed} completed, {done.replaced} replaced, "
        f"{done.unchanged} there already; {done.unanswered} rows without an answer."
    )
    for annotator, count in sorted(done.annotators.items()):
        typer.echo(f"{annotator}: {count} labels")
    if done.rejected:
        reasons = ", ".join(f"{count} {code}" for code, count in done.rejected.items())
        typer.echo(f"Rejected: {reasons}. They are kept in {run / 'people' / 'rejected.parquet'}")
    if done.annotators:
        typer.echo(f"Next: headscribe people agreement {run}")


def print_agreement(found: PeopleAgreement) -> None:
    """The tables of the report, and what was left out."""
    print_tables(people_tables(found))
    if found.stale:
        err().print(f"{found.stale} labels left out: what they are about has changed since.")
    for note in found.notes:
        err().print(note, soft_wrap=True)
