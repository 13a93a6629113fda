"""``headscribe people``: descriptions out to annotators, their answers back in, and what they amount to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from headscribe.cli import options as o
from headscribe.cli.settings import takes_settings
from headscribe.cli.show import print_json
from headscribe.core.plain import json_data
from headscribe.core.settings import StudySettings

app = typer.Typer(help="Have people judge descriptions, blinded.", no_args_is_help=True)

KeyFile = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help="The key, where it is not in the run's people folder."),
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
    from headscribe.cli.printing.people import print_export
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
    print_export(made)


@app.command("import")
def import_(
    run: o.Run,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Answers, in any format.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Let answers take the place of different ones that are there.")
    ] = False,
    key: KeyFile = None,
    json: o.Json = False,
) -> None:
    """Take annotators' answers into the run; exit code 1 if rows were rejected."""
    from headscribe.cli.printing.people import print_import
    from headscribe.pipeline.people.import_labels import import_labels

    done = import_labels(run, files, key=key, replace=replace)
    if json:
        problems = [problem._asdict() for problem in done.problems]
        print_json(json_data(done) | {"problems": problems, "rejected": done.rejected})
    else:
        print_import(done, run)
    raise typer.Exit(done.exit_code)


@app.command("agreement")
def agreement(
    run: o.Run,
    groups: Annotated[
        str | None,
        typer.Option(
            "--groups", metavar="N|RANGES", help="Layer groups. Default: those of the newest export."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seeds the bootstrap.")] = 0,
    key: KeyFile = None,
    json: o.Json = False,
) -> None:
    """Show what people's answers amount to: shares, agreement, controls, and what predicts them."""
    from headscribe.cli.printing.people import print_agreement
    from headscribe.pipeline.people.agreement import measure_agreement

    found = measure_agreement(run, groups=groups, key=key, seed=seed)
    if json:
        print_json(found)
        return
    print_agreement(found)
