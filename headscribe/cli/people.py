"""``headscribe people``: descriptions out to annotators, their answers back in, and what they amount to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from headscribe.cli import options as o
from headscribe.cli.settings import takes_settings
from headscribe.cli.show import err, print_json, print_tables
from headscribe.core.plain import json_data
from headscribe.core.settings import StudySettings

if TYPE_CHECKING:
    from headscribe.core.agreement import PeopleAgreement
    from headscribe.pipeline.people.results import PeopleExport, PeopleImport

app = typer.Typer(help="Have people judge descriptions, blinded.", no_args_is_help=True)

SHOWN = 20
"""Problems that are printed; ``--json`` has all."""

KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key",
        metavar="FILE",
        help="The key, where it is not in the run's people folder.",
        show_default=False,
    ),
]


@app.command("export")
@takes_settings
def export(
    *,
    run: o.Run,
    kind: Annotated[
        Literal["html", "csv", "jsonl", "label-studio"],
        typer.Option("--format", help="html: a page that works offline."),
    ] = "html",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="PATH",
            help="A folder, or a file for one annotator. Default: people/FORMAT in the run.",
            show_default=False,
        ),
    ] = None,
    settings: StudySettings,
    annotators: Annotated[
        str, typer.Option("--annotators", metavar="N|NAMES", help="Their number, or names with commas.")
    ] = "1",
    key: KeyFile = None,
    json: o.Json = False,
) -> None:
    """Write blinded items for annotators, and the key that stays here."""
    from headscribe.cli.typed import typed_command
    from headscribe.pipeline.people.export import export_for_people

    made = export_for_people(
        run,
        output,
        kind=kind,
        settings=settings,
        annotators=annotators,
        key=key,
        command=typed_command(),
    )
    if json:
        print_json(json_data(made) | {"items": made.items})
        return
    _print_export(made)


def _print_export(made: PeopleExport) -> None:
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


@app.command("import")
def import_(
    run: o.Run,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Answers, in any format.", show_default=False)
    ],
    replace: Annotated[
        bool, typer.Option("--replace", help="Let answers take the place of different ones that are there.")
    ] = False,
    key: KeyFile = None,
    json: o.Json = False,
) -> None:
    """Take annotators' answers into the run; exit code 1 if rows were rejected."""
    from headscribe.pipeline.people.import_labels import import_labels

    done = import_labels(run, files, key=key, replace=replace)
    if json:
        problems = [problem._asdict() for problem in done.problems]
        print_json(json_data(done) | {"problems": problems, "rejected": done.rejected})
    else:
        _print_import(done, run)
    raise typer.Exit(done.exit_code)


def _print_import(done: PeopleImport, run: Path) -> None:
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


@app.command("agreement")
def agreement(
    run: o.Run,
    groups: Annotated[
        str | None,
        typer.Option(
            "--groups",
            metavar="N|RANGES",
            help="Layer groups. Default: those of the newest export.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seeds the bootstrap.")] = 0,
    key: KeyFile = None,
    json: o.Json = False,
) -> None:
    """Show what people's answers amount to: shares, agreement, controls, and what predicts them."""
    from headscribe.pipeline.people.agreement import measure_agreement

    found = measure_agreement(run, groups=groups, key=key, seed=seed)
    if json:
        print_json(found)
        return
    _print_agreement(found)


def _print_agreement(found: PeopleAgreement) -> None:
    from headscribe.pipeline.people.section import people_tables

    print_tables(people_tables(found))
    if found.stale:
        err().print(f"{found.stale} labels left out: what they are about has changed since.")
    for note in found.notes:
        err().print(note, soft_wrap=True)
