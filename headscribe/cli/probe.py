"""``headscribe probe``: what one head does with tokens of your choice."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from headscribe.cli import options as o
from headscribe.cli.settings import Without, takes_settings
from headscribe.cli.show import print_json, print_table
from headscribe.core.heads import parse_head
from headscribe.core.settings import MapSettings


@takes_settings
def probe(
    *,
    model: o.Model,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="TOKEN…",
            help="Words, taken as in running text (with a space in front); "
            "'=TOKEN' takes the text exactly as it is, '#ID' a token by its id.",
        ),
    ],
    head: o.Head,
    reverse: Annotated[
        bool, typer.Option("--reverse", help="Which sources promote, and suppress, these tokens most.")
    ] = False,
    top: Annotated[int, typer.Option("--top", min=1, max=100_000, help="Tokens shown on each side.")] = 5,
    settings: Annotated[MapSettings, Without("salient", "targets", "rank_by", "k", "seed")],
    revision: o.Revision = None,
    json: o.Json = False,
) -> None:
    """Put tokens through one head: what it promotes and suppresses for them, or the reverse."""
    from headscribe.core.tokens import show_token
    from headscribe.pipeline import probe_model

    rows = probe_model(model, parse_head(head), words, settings, reverse=reverse, top=top, revision=revision)
    if json:
        print_json({"model": model, "head": parse_head(head).name, "reverse": reverse, "rows": rows})
        return
    given, strongest, weakest = (
        ("Token", "Promoted most by", "Suppressed most by")
        if reverse
        else ("Source", "Promotes", "Suppresses")
    )

    def side(tokens: list[dict[str, object]]) -> str:
        return "\n".join(f"{show_token(str(token['text']))} {_number(token)}" for token in tokens)

    columns = [(given, "left"), (strongest, "left"), (weakest, "left")]
    cells = [
        [show_token(row["token"]["text"]), side(row["promoted"]), side(row["suppressed"])] for row in rows
    ]
    if settings.view == "parts":
        columns.insert(1, ("σ_t" if reverse else "Acts on it", "left"))
        for row, line in zip(rows, cells, strict=True):
            line.insert(1, f"{row['saliency']:.2f}\n{_more_than(row['percentile'])}")
    elif not reverse:
        columns.insert(1, ("Saliency", "right"))
        for row, line in zip(rows, cells, strict=True):
            line.insert(1, "–" if row["saliency"] is None else f"{row['saliency']:.2f}")
    print_table(f"{parse_head(head).name} of {model}", columns, cells)
    if settings.view == "parts" and rows:
        _print_constant(rows, reverse=reverse)


def _more_than(share: float) -> str:
    """On which share of the vocabulary a head acts less; all of it never, as the token is of it."""
    if share > 0.999:
        return "more than on\n99.9% of tokens"
    return f"more than on\n{share:.1%} of tokens" if share > 0.99 else f"more than on\n{share:.0%} of tokens"


def _number(token: dict[str, object]) -> str:
    """Its logit; of a head taken apart its strength."""
    return f"{token['strength']:.1f} σ" if "strength" in token else f"{token['logit']:.2f}"


def _print_constant(rows: list[dict[str, Any]], *, reverse: bool) -> None:
    from headscribe.core.tokens import show_token

    if reverse:
        for row in rows:
            text, strength = show_token(row["token"]["text"]), row["constant"]["strength"]
            typer.echo(f"Whatever the source, {text}: {strength:+.1f} standard deviations of all targets")
        return
    constant = rows[0]["constant"]
    up, down = (
        "  ".join(show_token(token["text"]) for token in constant[end]) for end in ("promoted", "suppressed")
    )
    typer.echo(
        f"Whatever the source ({constant['share']:.0%} of what it writes): promotes {up}; suppresses {down}"
    )
