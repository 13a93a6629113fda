"""``headscribe map``: the top token-pair mappings of every head."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headscribe.cli import options as o
from headscribe.cli.progress import progress
from headscribe.cli.settings import Without, takes_settings
from headscribe.cli.show import counted, print_json
from headscribe.core.settings import MapSettings


@takes_settings
def map_(
    *,
    model: o.Model,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="MAP", help="Folder to write.")],
    heads: o.Heads = "all",
    settings: Annotated[MapSettings, Without("k")],
    revision: o.Revision = None,
    force: o.Force = False,
    engine: o.EngineOption = "local",
    address: o.Address = None,
    json: o.Json = False,
) -> None:
    """Map every head: its most salient source tokens, and what it promotes and suppresses for them."""
    from headscribe.cli.printing.map import SHOWN, print_maps, warn_of
    from headscribe.cli.typed import typed_command
    from headscribe.pipeline import map_model

    with progress(quiet=json) as bars:
        made = map_model(
            model,
            out,
            settings,
            heads=heads,
            revision=revision,
            force=force,
            command=typed_command(),
            progress=bars,
            engine=engine,
            address=address,
        )
    maps = made.head_maps()
    if json:
        print_json({"map": str(out), "heads": len(maps), "header": made.header.model_dump(mode="json")})
        return
    print_maps(maps)
    warn_of(made)
    left = len(maps) - SHOWN
    more = f", {left} more than shown" if left > 0 else ""
    typer.echo(f"{counted(len(maps), 'head')} mapped{more}. All in {out}/mappings.parquet")
