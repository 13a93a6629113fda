"""``headscribe score``: how strongly every head implements known operations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headscribe.cli import options as o
from headscribe.cli.progress import progress
from headscribe.cli.settings import Without, takes_settings
from headscribe.cli.show import err, left, print_json, print_table, right
from headscribe.core.settings import MapSettings

if TYPE_CHECKING:
    from headscribe.core.heads import Head
    from headscribe.core.summaries import OperationSummary

COLUMNS = (*left("Operation"), *right("Pairs", "Promotes most", "Suppresses most"))
LEGEND = (
    "In brackets the shuffled score: what is there whatever the source. * above chance, over all of the map."
)


@takes_settings
def score(
    *,
    model: o.Model,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="MAP", help="Map folder to write or to add to.")
    ],
    operations: o.OperationPaths = None,
    heads: o.Heads = "all",
    settings: Annotated[MapSettings, Without("salient", "targets", "rank_by")],
    revision: o.Revision = None,
    force: o.Force = False,
    engine: o.EngineOption = "local",
    address: o.Address = None,
    scores: o.ScoresOption = "auto",
    plots: o.Plots = None,
    json: o.Json = False,
) -> None:
    """Score every head for every operation: the share of pairs whose target it promotes, or suppresses."""
    from headscribe.cli.printing.map import warn_of
    from headscribe.cli.typed import typed_command
    from headscribe.core.summaries import operation_summaries, score_kind
    from headscribe.pipeline import score_model

    with progress(quiet=json) as bars:
        made = score_model(
            model,
            out,
            settings,
            heads=heads,
            operations=operations,
            revision=revision,
            force=force,
            command=typed_command(),
            progress=bars,
            engine=engine,
            address=address,
        )
        if plots is not None:
            from headscribe.pipeline.map.plots import write_map_plots

            write_map_plots(made, plots, bars, scores)
    rows = operation_summaries(made.scores(), wanted=scores)
    skipped = made.header.skipped_operations
    if json:
        print_json(
            {
                "map": str(out),
                "scores": score_kind(made.scores(), scores),
                "operations": rows,
                "skipped": [item.model_dump() for item in skipped],
            }
        )
        return
    if rows:
        print_table("", COLUMNS, [_cells(row) for row in rows])
        typer.echo(LEGEND)
    if skipped:
        listed = ", ".join(f"{item.operation} ({item.n_pairs})" for item in skipped)
        err().print(
            f"skipped, with fewer than {skipped[0].needed} single-token pairs in this model: {listed}"
        )
    warn_of(made)
    typer.echo(f"{len(rows)} operations scored, {len(skipped)} skipped. All in {out}/operations.parquet")


def _cells(row: OperationSummary) -> tuple[object, ...]:
    best = (row.best_head, row.best_score, row.best_shuffled, row.best_above_chance)
    most = (
        row.most_suppressing,
        row.best_suppression,
        row.suppression_shuffled,
        row.suppression_above_chance,
    )
    return row.operation, row.n_pairs, _cell(*best), _cell(*most)


def _cell(head: Head, score: float, shuffled: float | None, above_chance: bool | None) -> str | None:
    """Such as ``* L23H4 0.60 (0.02)``; None where the head has no hit."""
    if not score:
        return None
    mark, beside = "* " if above_chance else "", "" if shuffled is None else f" ({shuffled:.2f})"
    return f"{mark}{head.name} {score:.2f}{beside}"
