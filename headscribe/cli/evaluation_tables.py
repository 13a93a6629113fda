"""How ``headscribe evaluate`` prints what it found."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from headscribe.cli.show import err, print_tables
from headscribe.core.evaluation import JUDGES
from headscribe.core.sections import capital
from headscribe.pipeline.evaluate.tables import disagreements, evaluation_tables

if TYPE_CHECKING:
    from headscribe.core.evaluation import Judgment
    from headscribe.pipeline.evaluate.evaluate import EvaluationSummary
    from headscribe.store.evaluate.evaluation_tables import Evaluation

SHOWN = 10
"""Disagreements that are printed of each kind; the tables on disk have all."""


def print_evaluation(run: Path, found: Evaluation) -> None:
    """Print an evaluation as tables and sentences."""
    header = found.header
    counts = ", ".join(f"{number} {status}" for status, number in header.heads.items())
    typer.echo(f"{sum(header.heads.values())} heads: {counts}.")
    typer.echo("Only ok and unclear heads are evaluated; an unclear head expresses nothing.\n")
    print_tables(evaluation_tables(found, disagreements_shown=SHOWN))
    for judge in JUDGES:
        if judge in header.named:
            scoring, named = header.named[judge]
            typer.echo(
                f"{capital(JUDGES[judge])}: {scoring} heads score ≥ {header.settings.threshold:g} on an "
                f"operation; the descriptions of {named} express one that their head scores on."
            )
    if llm := header.llm:
        ended = ", ".join(f"{number} {status}" for status, number in llm.statuses.items())
        typer.echo(
            f"{llm.llm} judged {llm.items} pairs with {llm.judge} and sorted descriptions with "
            f"{llm.categorize}. Questions: {ended or 'none'}; {llm.unanswered} pairs without a verdict."
        )
    for note in header.notes:
        err().print(f"note: {note}", soft_wrap=True)
    typer.echo(f"All in {run}: evaluation.parquet, judgments.parquet, categories.parquet, evaluation.json")
    typer.echo(f"In the report: headscribe report {run}")


def as_json(summary: EvaluationSummary) -> dict[str, Any]:
    """An evaluation as one JSON document; the judgments that disagree, not all."""
    found = summary.evaluation
    said: dict[str, Any] = {
        "run": str(summary.run),
        "exit_code": summary.exit_code,
        "questions": summary.questions,
        "interrupted": summary.interrupted,
        "stopped": summary.stopped,
        "cost_usd": summary.cost_usd if summary.questions else None,
        "resume": summary.resume,
    }
    if found is None:
        return said
    silent, unscored = disagreements(found.judgments)
    return said | {
        "evaluation": found.header.model_dump(mode="json"),
        "metrics": [asdict(row) for row in found.metrics],
        "scored_not_expressed": [_judgment(row) for row in silent],
        "expressed_not_scored": [_judgment(row) for row in unscored],
    }


def _judgment(row: Judgment) -> dict[str, Any]:
    return asdict(row) | {"head": row.head.name}
