"""How ``headscribe evaluate`` prints what it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from headscribe.cli.show import err, print_table
from headscribe.core.evaluation import JUDGES, METRIC_NAMES
from headscribe.core.tokens import plain_line
from headscribe.pipeline.evaluate.section import between, capital, disagreements

if TYPE_CHECKING:
    from headscribe.core.evaluation import ConfidenceReliability, Judge, Judgment, Measured
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
    for judge in dict.fromkeys(row.judge for row in found.metrics):
        _print_overall(found, judge)
    _print_operations(found)
    _print_disagreements(found)
    for row in header.reliability:
        _print_reliability(row)
    _print_categories(found)
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


def _print_overall(found: Evaluation, judge: Judge) -> None:
    header = found.header
    rows = [row for row in found.metrics if row.judge == judge and row.scope == "overall"]
    columns = (
        ("Metric", "left"),
        ("Pooled", "right"),
        ("95% interval", "right"),
        ("By chance", "right"),
        ("p", "right"),
        ("Mean over operations", "right"),
        ("95% interval", "right"),
    )
    micro = {row.metric: row for row in rows if row.average == "micro"}
    macro = {row.metric: row for row in rows if row.average == "macro"}
    first = next(iter(micro.values()))
    title = (
        f"{capital(JUDGES[judge])}: {first.n_items} pairs of {first.n_heads} heads and "
        f"{first.n_operations} operations; {first.n_scored} score ≥ {header.settings.threshold:g}, "
        f"{first.n_expressed} are expressed"
    )
    table = [
        (
            METRIC_NAMES[name],
            _number(row.value),
            between(row.low, row.high) or None,
            _number(row.chance),
            _p(row.p),
            _number(macro[name].value),
            between(macro[name].low, macro[name].high) or None,
        )
        for name, row in micro.items()
    ]
    _titled(title, columns, table)
    if judge in header.named:
        scoring, named = header.named[judge]
        typer.echo(
            f"{scoring} heads score ≥ {header.settings.threshold:g} on an operation; the descriptions of "
            f"{named} express one that their head scores on.\n"
        )


def _print_operations(found: Evaluation) -> None:
    """The operations that any head scores on or expresses, by the rules."""
    rows: dict[str, dict[str, Measured]] = {}
    for row in found.metrics:
        if row.judge == "rules" and row.scope == "operation" and (row.n_scored or row.n_expressed):
            rows.setdefault(row.name, {})[row.metric] = row
    columns = (
        ("Operation", "left"),
        ("Scored", "right"),
        ("Expressed", "right"),
        *((name, "right") for name in ("Precision", "Recall", "F1", "AUROC")),
    )
    table = [
        (
            name,
            by["f1"].n_scored,
            by["f1"].n_expressed,
            *(_number(by[metric].value) for metric in ("precision", "recall", "f1", "auroc")),
        )
        for name, by in rows.items()
    ]
    if table:
        print_table(
            "Rules judge, by operation: heads that score on it, heads that express it", columns, table
        )


def _print_disagreements(found: Evaluation) -> None:
    silent, unscored = disagreements(found.judgments)
    _print_some(
        "Scored, but not expressed: what descriptions leave out, the highest scores first", silent, False
    )
    _print_some("Expressed, but not scored: discoveries or failures, the lowest scores first", unscored, True)


def _print_some(title: str, rows: Sequence[Judgment], phrase: bool) -> None:
    if not rows:
        typer.echo(f"{title}: none.\n")
        return
    columns = (("Head", "left"), ("Operation", "left"), ("Score", "right"), *((("Words", "left"),) * phrase))
    table = [
        (row.head.name, row.operation, f"{row.score:.2f}", *((plain_line(row.phrase or "", 80),) * phrase))
        for row in rows[:SHOWN]
    ]
    _titled(f"{title} ({min(SHOWN, len(rows))} of {len(rows)})", columns, table)


def _print_reliability(row: ConfidenceReliability) -> None:
    if row.why_not:
        typer.echo(f"Confidence against agreement, {JUDGES[row.judge]}: nothing to show, {row.why_not}.\n")
        return
    columns = (
        ("Confidence", "left"),
        ("Heads", "right"),
        ("Mean", "right"),
        ("Right", "right"),
        ("95% interval", "right"),
    )
    table = [
        (
            f"{one.start:.0%}–{one.end:.0%}",
            one.n,
            f"{one.confidence:.0%}",
            f"{one.right:.0%}",
            f"[{one.right_low:.0%}, {one.right_high:.0%}]",
        )
        for one in row.bins
    ]
    _titled(f"Are confident descriptions righter? ({JUDGES[row.judge]})", columns, table)
    left_out = [
        f"{number} {why}"
        for number, why in (
            (row.without_confidence, "without a confidence"),
            (row.unchecked, "that no operation can check"),
        )
        if number
    ]
    rho = "undefined" if row.spearman is None else f"{row.spearman:+.2f}"
    interval = between(row.spearman_low, row.spearman_high)
    typer.echo(
        f"Rank correlation of confidence and agreement over {row.n} heads: {rho}"
        f"{f' {interval}' if interval else ''}; expected calibration error {_number(row.ece)}."
        + (f" Left out: {', '.join(left_out)}." if left_out else "")
        + "\n"
    )


def _print_categories(found: Evaluation) -> None:
    kinds = found.header.categories
    asked = found.header.llm is not None
    columns = (
        ("Category", "left"),
        ("Heads", "right"),
        *((("By the LLM", "right"), ("Kappa", "right")) if asked else ()),
        ("Heads by layer", "left"),
    )
    table = [
        (
            row.category if row.level == "paper" else f"· {row.category}",
            row.rules,
            *((row.llm, _number(row.kappa)) if asked else ()),
            _layers(row.layers),
        )
        for row in kinds.rows
        if row.rules or row.llm
    ]
    described = sum(kinds.layer_heads)
    if table:
        _titled(f"Kinds of operations in {described} descriptions, several per head allowed", columns, table)
    typer.echo(f"{kinds.unsorted} of {described} descriptions fall into no category by the rules.")
    if kinds.jaccard is not None:
        interval = between(kinds.jaccard_low, kinds.jaccard_high)
        typer.echo(
            f"Rules and LLM, {kinds.n_both} heads: mean Jaccard index of their categories "
            f"{_number(kinds.jaccard)}{f' {interval}' if interval else ''}."
        )


def _titled(title: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[object]]) -> None:
    """A table under a title of any length, which a narrow table would fold."""
    typer.echo(title)
    print_table("", columns, rows)


def _layers(counts: Sequence[int]) -> str:
    return ", ".join(f"L{layer} {count}" for layer, count in enumerate(counts) if count)


def as_json(summary: EvaluationSummary) -> dict[str, Any]:
    """An evaluation as one JSON document; the judgments that disagree, not all."""
    found, asked = summary.evaluation, summary.asked
    said: dict[str, Any] = {
        "run": str(summary.run),
        "exit_code": summary.exit_code,
        "questions": summary.questions,
        "interrupted": bool(asked and asked.interrupted),
        "stopped": summary.stopped,
        "cost_usd": asked.cost_usd if asked else None,
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


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}".replace("-0.00", "0.00")


def _p(value: float | None) -> str | None:
    return None if value is None else f"{value:.2g}"
