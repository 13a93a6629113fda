"""How ``headscribe evaluate`` prints a plan, and what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from headscribe.cli.printing.asking import print_calls, print_cost, print_estimate, print_going_on
from headscribe.cli.show import err, print_tables
from headscribe.core.evaluation import JUDGES
from headscribe.core.sections import capital
from headscribe.pipeline.evaluate.tables import evaluation_tables

if TYPE_CHECKING:
    from headscribe.pipeline.evaluate.plan import EvaluationPlan
    from headscribe.pipeline.evaluate.summary import EvaluationSummary
    from headscribe.store.evaluate.evaluation_tables import Evaluation

SHOWN = 10
"""Disagreements that are printed of each kind; the tables on disk have all."""


def print_plan(plan: EvaluationPlan) -> None:
    """What the LLM judge would take."""
    typer.echo(
        f"{plan.questions} questions to {plan.llm} on {plan.items} pairs of a head and an operation and on "
        f"the heads' categories, {plan.answered} answered already, {plan.questions - plan.answered} left."
    )
    print_estimate(plan.llm, plan.estimate)
    if plan.estimate.calls:
        print_cost(plan.estimate)


def print_evaluation(summary: EvaluationSummary) -> None:
    """The tables and sentences of an evaluation; or how far asking came, where it ended early."""
    if summary.evaluation is None:
        err().print(f"stopped: {summary.stopped}" if summary.stopped else "interrupted", soft_wrap=True)
        answered = f"{summary.asked.done} of {summary.questions} questions are answered, and kept"
        err().print(f"{answered}; no table was written", soft_wrap=True)
        print_going_on(summary, summary.resume)
        return
    _print_agreement(summary.evaluation)
    header = summary.evaluation.header
    if judge := header.llm:
        ended = ", ".join(f"{number} {status}" for status, number in judge.statuses.items())
        typer.echo(
            f"{judge.llm} judged {judge.items} pairs with {judge.judge} and sorted descriptions with "
            f"{judge.categorize}. Questions: {ended or 'none'}; {judge.unanswered} pairs without a verdict."
        )
        print_calls(judge.llm, summary)
    for note in header.notes:
        err().print(f"note: {note}", soft_wrap=True)
    run = summary.run
    typer.echo(f"All in {run}: evaluation.parquet, judgments.parquet, categories.parquet, evaluation.json")
    typer.echo(f"In the report: headscribe report {run}")


def _print_agreement(evaluation: Evaluation) -> None:
    header = evaluation.header
    counts = ", ".join(f"{number} {status}" for status, number in header.heads.items())
    typer.echo(f"{sum(header.heads.values())} heads: {counts}.")
    typer.echo("Only ok and unclear heads are evaluated; an unclear head expresses nothing.\n")
    print_tables(evaluation_tables(evaluation, disagreements_shown=SHOWN))
    for judge in JUDGES:
        if judge in header.named:
            scoring, named = header.named[judge]
            typer.echo(
                f"{capital(JUDGES[judge])}: {scoring} heads score ≥ {header.settings.threshold:g} on an "
                f"operation; the descriptions of {named} express one that their head scores on."
            )
