"""``headscribe pairs``: the token pairs that one head promotes, or suppresses, most."""

from __future__ import annotations

from typing import Annotated

import typer

from headscribe.cli import options as o
from headscribe.cli.settings import Without, takes_settings
from headscribe.cli.show import print_json, print_table
from headscribe.core.heads import parse_head
from headscribe.core.settings import MapSettings

COLUMNS = (("Source", "left"), ("Target", "left"))
LOGIT = ("Logit", "right")
STRENGTH = ("σ", "right")


@takes_settings
def pairs(
    *,
    model: o.Model,
    head: o.Head,
    top: Annotated[int, typer.Option("--top", min=1, max=1_000_000, help="Pairs shown.")] = 100,
    suppressed: Annotated[
        bool, typer.Option("--suppressed", help="The pairs that it suppresses most.")
    ] = False,
    standardised: Annotated[
        bool,
        typer.Option(
            "--standardised",
            help="In standard deviations of the target over sources, the head's constant part taken out.",
        ),
    ] = False,
    settings: Annotated[MapSettings, Without("salient", "targets", "rank_by", "k", "seed")],
    revision: o.Revision = None,
    json: o.Json = False,
) -> None:
    """Find what one head does most strongly: the largest entries of its map, over all pairs of tokens."""
    from headscribe.core.tokens import show_token
    from headscribe.pipeline import pairs_of_head

    chosen = parse_head(head)
    found = pairs_of_head(
        model,
        chosen,
        settings,
        top=top,
        suppressed=suppressed,
        standardised=standardised,
        revision=revision,
    )
    if json:
        print_json({"model": model, "head": chosen.name, "suppressed": suppressed, "pairs": found})
        return
    numbers = (("strength", STRENGTH), ("logit", LOGIT)) if standardised else (("logit", LOGIT),)
    rows = [
        (
            show_token(row["source"]["text"]),
            show_token(row["target"]["text"]),
            *(f"{row[name]:.2f}" for name, _ in numbers),
        )
        for row in found
    ]
    columns = (*COLUMNS, *(column for _, column in numbers))
    print_table(f"{chosen.name} of {model}", columns, rows)
