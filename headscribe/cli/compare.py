"""``headscribe compare``: what whole models do, and what they have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headscribe.cli import options as o
from headscribe.cli.progress import progress
from headscribe.cli.show import err, print_json, print_table
from headscribe.cli.show import out as console
from headscribe.core.plain import json_data
from headscribe.core.settings import MAPPING, RELATION_HEAD

if TYPE_CHECKING:
    from headscribe.core.analyses import KnownHeads, ModelAnalysis
    from headscribe.core.model_comparison import Comparison, OperationInModel, Similarity, Universality

SHOWN = 10
"""Rows of the long tables; ``--json`` has all."""


def compare(
    maps: Annotated[
        list[Path],
        typer.Argument(metavar="MAP…", help="Map folders with operation scores.", show_default=False),
    ],
    threshold: o.Threshold = RELATION_HEAD,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="HTML", help="Also write the comparison as a page.", show_default=False
        ),
    ] = None,
    plots: o.Plots = None,
    seed: Annotated[int, typer.Option("--seed", help="Seeds every draw.", rich_help_panel=MAPPING)] = 0,
    json: o.Json = False,
) -> None:
    """Show which heads do which operations where, what models share, and which known heads a map recovers.

    One map gives the tables of one model; several are compared (docs/compare.md).
    """
    from headscribe.pipeline.compare.maps import compare_maps, write_comparison

    with progress(quiet=json) as bars:
        found = compare_maps(maps, threshold=threshold, seed=seed, plots=plots, progress=bars)
    if out is not None:
        write_comparison(found, out)
    if json:
        print_json(as_json(found))
        return
    _print(found, threshold)
    if plots is not None:
        console().print(f"Plots: {plots}")
    if out is not None:
        console().print(f"Page: {out}")


def as_json(found: Comparison) -> dict[str, Any]:
    """The whole comparison as plain data; heads by name."""
    document: dict[str, Any] = json_data(found)
    if found.universality is not None:
        document["universality"]["n_common"] = found.universality.n_common
        document["universality"]["n_universal"] = found.universality.n_universal
    for model, row in zip(found.models, document["models"], strict=True):
        row["sharing"]["difference"] = model.sharing.difference
    return document


def _print(found: Comparison, threshold: float) -> None:
    columns = (
        ("Model", "left"),
        ("Size", "right"),
        ("Operations", "right"),
        ("Relation heads", "right"),
        ("One", "right"),
        ("Several", "right"),
        ("Mixed", "right"),
    )
    title = (
        f"Relation heads (score ≥ {threshold:g}): with one operation, with several of one category, "
        "with operations of mixed categories"
    )
    print_table(title, columns, [_overview(model) for model in found.models])
    for model in found.models:
        _print_categories(model)
        console().print(f"Key/value groups of {model.label}: {model.sharing.in_words()}\n")
    if found.universality is not None:
        _print_universality(found.universality)
    for similarity in found.similarities:
        _print_similarity(similarity)
    for model in found.models:
        if model.known is not None:
            _print_known(model.label, model.known)
    for note in found.notes:
        err().print(note)


def _overview(model: ModelAnalysis) -> tuple[object, ...]:
    profile = model.profile
    return (
        model.label,
        f"{model.n_layers} × {model.n_heads}",
        len(profile.operations),
        f"{len(profile.heads)} of {profile.n_heads}",
        profile.one_operation,
        profile.several_in_one_category,
        profile.several_categories,
    )


def _print_categories(model: ModelAnalysis) -> None:
    profile = model.profile
    rows = []
    for i, category in enumerate(profile.categories):
        in_layers = [layer[i] for layer in profile.counts]
        most = max(in_layers)
        rows.append(
            (
                category,
                profile.operation_categories.count(category),
                sum(in_layers),
                " ".join(f"L{layer}" for layer, n in enumerate(in_layers) if n == most) if most else None,
                " ".join(str(n) for n in in_layers),
            )
        )
    columns = (
        ("Category", "left"),
        ("Operations", "right"),
        ("Relation heads", "right"),
        ("Most in", "left"),
        ("By layer, from L0", "left"),
    )
    print_table(model.label, columns, rows)


def _print_universality(found: Universality) -> None:
    columns = (
        ("Operation", "left"),
        ("Category", "left"),
        ("In models", "right"),
        *((f"{label}: heads, depth", "right") for label in found.models),
    )
    rows = [
        (
            row.operation,
            row.category,
            f"{row.n_found} of {row.n_scored}",
            *(_in_model(model) for model in row.models),
        )
        for row in found.operations
    ]
    print_table(
        "Operations in models; depth is the heads' median, 0 the first layer and 1 the last", columns, rows
    )
    console().print(
        f"In every model: {found.n_universal} of the {found.n_common} operations scored in all.\n"
    )


def _in_model(model: OperationInModel | None) -> str:
    if model is None:
        return "not scored"
    return f"{model.n_heads}, {model.median_depth:.2f}" if model.median_depth is not None else "0"


def _print_similarity(found: Similarity) -> None:
    pair = f"{found.model} and {found.other}"
    if found.mean_best is None or found.other_mean_best is None:
        console().print(f"Heads of {pair} cannot be matched: {found.why_not}.\n")
        return
    columns = (
        (f"{found.model}", "left"),
        (f"{found.other}", "left"),
        ("Cosine", "right"),
        ("Operation", "left"),
    )
    rows = [
        (match.head.name, match.other.name, f"{match.cosine:.3f}", match.operation)
        for match in found.matches[:SHOWN]
    ]
    print_table(f"Heads of {pair} that match each other best, of {len(found.matches)}", columns, rows)
    console().print(
        f"Mean cosine to the best match over {len(found.operations)} operations: {found.mean_best:.3f} "
        f"({found.n_heads} heads) and back {found.other_mean_best:.3f} ({found.n_other} heads); by chance "
        f"{found.chance:.3f}. Left out, without a score above zero: {found.left_out} and "
        f"{found.other_left_out}.\n"
    )


def _print_known(label: str, known: KnownHeads) -> None:
    condition = "" if known.certain else f", if this is {known.model}: its shape fits, which proves nothing"
    columns = (
        ("Role", "left"),
        ("Shown by", "left"),
        ("Known", "right"),
        ("Testable", "right"),
        ("Recovered", "right"),
        ("Any head", "right"),
    )
    rows = [
        (
            role.role,
            role.criterion,
            role.n_known,
            role.n_testable,
            role.n_recovered if role.n_testable else None,
            None if role.base_rate is None else f"{role.base_rate:.0%}",
        )
        for role in known.roles
    ]
    print_table(f"{label}: heads that the literature names{condition}", columns, rows)
    heads = [
        (
            row.head.name,
            row.role,
            row.outcome,
            row.operation,
            None if row.score is None else f"{row.score:.2f}",
            None if row.published is None else f"{row.published:.2f}",
            row.source,
        )
        for row in known.heads
    ]
    names = (
        ("Head", "left"),
        ("Role", "left"),
        ("Outcome", "left"),
        ("Operation", "left"),
        ("Score", "right"),
        ("Published", "right"),
        ("Source", "left"),
    )
    print_table("", names, heads)
    console().print(f"Relation heads that the list does not name: {len(known.unlisted)}")
    for row in known.unlisted[:SHOWN]:
        said = ", ".join(
            f"{name} {score:.2f}" for name, score in zip(row.operations, row.scores, strict=True)
        )
        console().print(f"  {row.head.name}  {said}")
    console().print("")
