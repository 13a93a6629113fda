"""``headscribe compare``: what whole models do, and what they have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headscribe.cli import options as o
from headscribe.cli.progress import progress
from headscribe.cli.show import err, print_json, print_sections
from headscribe.core.plain import json_data
from headscribe.core.settings import MAPPING, RELATION_HEAD

if TYPE_CHECKING:
    from headscribe.core.model_comparison import Comparison

SHOWN = 50
"""Rows of the long tables; ``--json`` has all."""


def compare(
    maps: Annotated[list[Path], typer.Argument(metavar="MAP…", help="Map folders with operation scores.")],
    threshold: o.Threshold = RELATION_HEAD,
    scores: o.ScoresOption = "auto",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="HTML", help="Also write the comparison as a page.")
    ] = None,
    plots: o.Plots = None,
    seed: Annotated[int, typer.Option("--seed", help="Seeds every draw.", rich_help_panel=MAPPING)] = 0,
    json: o.Json = False,
) -> None:
    """Show which heads do which operations where, what models share, and which known heads a map recovers.

    One map gives the tables of one model; several are compared (docs/compare.md).
    """
    from headscribe.pipeline.compare.maps import compare_maps, write_comparison
    from headscribe.pipeline.compare.sections import comparison_sections

    with progress(quiet=json) as bars:
        found = compare_maps(maps, threshold=threshold, scores=scores, seed=seed, plots=plots, progress=bars)
    if out is not None:
        write_comparison(found, out)
    if json:
        print_json(as_json(found))
        return
    print_sections(comparison_sections(found), rows=SHOWN)
    for note in found.notes:
        err().print(note, soft_wrap=True)
    if plots is not None:
        typer.echo(f"Plots: {plots}")
    if out is not None:
        typer.echo(f"Page: {out}")


def as_json(found: Comparison) -> dict[str, Any]:
    """The whole comparison as plain data; heads by name."""
    document: dict[str, Any] = json_data(found)
    for name, spread in (("universality", found.universality), ("suppression", found.suppression)):
        if spread is not None:
            document[name]["n_common"] = spread.n_common
            document[name]["n_universal"] = spread.n_universal
    for model, row in zip(found.models, document["models"], strict=True):
        row["sharing"]["difference"] = model.sharing.difference
    return document
