"""``headscribe runs list`` and ``headscribe runs show``: what was run, and how it ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headscribe.cli import options as o
from headscribe.cli.show import left, print_json, print_table

if TYPE_CHECKING:
    from headscribe.store.describe.run_dir import RunDir

app = typer.Typer(help="List runs, or show one.", no_args_is_help=True)

COLUMNS = left("Run", "Model", "LLM", "State", "Started (UTC)", "Heads by status")


@app.command("list")
def list_(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Folder that holds runs.")] = Path(
        "runs"
    ),
    json: o.Json = False,
) -> None:
    """List the runs in a folder, newest first."""
    from headscribe.store.describe.run_dir import runs_in

    runs = runs_in(folder)
    if json:
        print_json([{"run": str(run.path), **run.header.model_dump(mode="json")} for run in runs])
        return
    if not runs:
        typer.echo(f"No runs in {folder}. Make one: headscribe describe demo")
        return
    print_table("", COLUMNS, [_row(run) for run in runs])


@app.command("show")
def show(
    run: o.Run,
    json: o.Json = False,
) -> None:
    """Show how one run was made and how it ended."""
    from headscribe.pipeline import run_facts
    from headscribe.store.describe.run_dir import RunDir

    opened = RunDir.open(run)
    if json:
        print_json({"run": str(run), **opened.header.model_dump(mode="json")})
        return
    print_table("", (("", "left"), ("", "left")), [("Run", run), *run_facts(opened)])


def _row(run: RunDir) -> tuple[object, ...]:
    header = run.header
    counts = ", ".join(f"{number} {status}" for status, number in header.counts.items() if number)
    started = header.started_at[:16].replace("T", " ")
    return (run.path, header.model.name, header.llm, header.state, started, counts)
