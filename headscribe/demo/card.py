"""The model card of the bundled model, written from its training record and its measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from headscribe.core.settings import RELATION_HEAD
from headscribe.demo.measure import MeasuredOperation

STRONG = 0.5
"""Score from which the card counts a head as a clear one."""


def card(training: Mapping[str, Any], measured: Sequence[MeasuredOperation]) -> str:
    """The card as Markdown.

    Args:
        training: the content of ``training.json``.
        measured: one entry per operation.
    """
    recipe = training["recipe"]
    valid = [row for row in measured if row.best]
    strong = [row for row in valid if row.best and row.best.score >= STRONG]
    related = [row for row in valid if row.best and row.best.score >= RELATION_HEAD]
    best = {row.best.head for row in valid if row.best}
    text = files("headscribe.demo").joinpath("card.md").read_text(encoding="utf-8")
    return text.format(
        **recipe,
        parameters=f"{training['parameters'] / 1e6:.2f} million",
        minutes=f"{training['seconds'] / 60:.1f}",
        loss=training["loss"],
        target_loss=training["target_loss"],
        torch=training["torch"],
        n_operations=len(measured),
        n_valid=len(valid),
        n_related=len(related),
        n_strong=len(strong),
        relation=RELATION_HEAD,
        strong=STRONG,
        n_best=len(best),
        best_layers=" and ".join(str(layer) for layer in sorted({head.layer for head in best})) or "–",
        n_heads=recipe["layers"] * recipe["heads"],
        rows="\n".join(table_row(row) for row in measured),
    )


def table_row(row: MeasuredOperation) -> str:
    """One operation's line of the card's table."""
    best = row.best
    head = f"{best.head.name} | {best.score:.2f} ({best.hits}/{best.n_pairs})" if best else "– | –"
    return f"| {row.operation} | {row.seen} | {row.unseen} | {head} |"
