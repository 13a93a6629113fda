"""``headscribe export``: a run's results for others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from headscribe.cli import options as o
from headscribe.cli.show import print_json

if TYPE_CHECKING:
    from headscribe.pipeline.export.export import Exported

HUB = "With --to hub"


def export(
    run: o.Run,
    to: Annotated[
        Literal["parquet", "csv", "jsonl", "dataset", "hub"],
        typer.Option(
            "--to",
            help="parquet, csv, jsonl: a folder with a file per table. dataset: a Hugging Face dataset with "
            "its card. hub: that dataset, pushed.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="PATH", help="Folder; hub can do without.")
    ] = None,
    table: Annotated[
        list[str] | None, typer.Option("--table", metavar="NAME", help="Only this table. May be repeated.")
    ] = None,
    licence: Annotated[
        str,
        typer.Option(
            "--licence", metavar="ID", help="Under which you give the results away, such as cc-by-4.0."
        ),
    ] = "other",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written or pushed.")] = False,
    repo: Annotated[
        str | None, typer.Option("--repo", metavar="ORG/NAME", help="The dataset.", rich_help_panel=HUB)
    ] = None,
    private: Annotated[
        bool, typer.Option("--private", help="Nobody else may see it.", rich_help_panel=HUB)
    ] = False,
    revision: Annotated[
        str,
        typer.Option("--revision", metavar="BRANCH", help="Branch, made if missing.", rich_help_panel=HUB),
    ] = "main",
    message: Annotated[
        str | None,
        typer.Option("--message", metavar="TEXT", help="The commit's message.", rich_help_panel=HUB),
    ] = None,
    json: o.Json = False,
) -> None:
    """Write a run's tables for others: as plain files, or as a dataset with its card, on disk or on the hub.

    Keys and local paths stay out. The token for the hub comes from HF_TOKEN (docs/export.md).
    """
    from headscribe.pipeline.export.export import export_run
    from headscribe.store.export.hub_upload import Destination

    done = export_run(
        run,
        to,
        out,
        tables=table,
        licence=licence,
        push=None if repo is None else Destination(repo, revision, private, message),
        dry_run=dry_run,
    )
    if json:
        print_json(
            {
                "to": done.to,
                "dry_run": dry_run,
                "path": None if done.path is None else str(done.path),
                "files": done.files,
                "tables": done.tables,
                "bytes": done.size,
                "repo": done.repo,
                "private": private if done.repo else None,
                "revision": revision if done.repo else None,
                "commit": done.commit,
            }
        )
        return
    _print(done, dry_run=dry_run)
    if done.repo:
        seen = "a new dataset would be private" if private else "a new dataset would be public"
        typer.echo(
            f"Would push to {done.repo}, branch {revision}; {seen}." if dry_run else f"Pushed: {done.commit}"
        )


def _print(done: Exported, *, dry_run: bool) -> None:
    from headscribe.cli.show import print_table

    print_table("", (("Table", "left"), ("Rows", "right")), list(done.tables.items()))
    size = "" if done.size is None else f", {done.size / 1e6:.1f} MB"
    verb = "Would write" if dry_run else "Files"
    typer.echo(f"{verb}: {', '.join(done.files)}{size}")
    if done.path is not None:
        typer.echo(f"Folder: {done.path}")
