"""The numbers of an evaluation as tables, for the report and for the screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headscribe.core.evaluation import (
    JUDGES,
    METRIC_NAMES,
    METRICS,
    ConfidenceReliability,
    Judge,
    Judgment,
    Measured,
    Scope,
)
from headscribe.core.sections import Cell, Table, capital, interval_text
from headscribe.store.evaluate.evaluation_tables import Evaluation


def evaluation_tables(evaluation: Evaluation, *, disagreements_shown: int) -> Iterator[Table]:
    """All tables, in the order in which they are read.

    Args:
        evaluation: what was measured.
        disagreements_shown: rows at most of each kind of disagreement; the tables on disk have all.
    """
    for judge in dict.fromkeys(row.judge for row in evaluation.metrics):
        yield _all_operations(evaluation, judge)
    yield _by_name(evaluation, "category", "By category, rules judge, pooled over its operations")
    yield _by_name(evaluation, "operation", "By operation, rules judge")
    yield from _disagreements(evaluation.judgments, disagreements_shown)
    for reliability in evaluation.header.reliability:
        yield _reliability(reliability)
    yield _categories(evaluation)


def disagreements(
    judgments: Sequence[Judgment], judge: Judge = "rules"
) -> tuple[list[Judgment], list[Judgment]]:
    """Where a judge and the scores disagree, the strongest disagreement first.

    Returns:
        Pairs that score but are not expressed, the highest score first; pairs that are expressed but score
        below the threshold, the lowest score first. Equal scores stand by head and operation.
    """
    silent = [row for row in judgments if row.scored and row.verdict(judge) is False]
    unscored = [row for row in judgments if not row.scored and row.verdict(judge)]
    silent.sort(key=lambda row: (-row.score, row.head, row.operation))
    unscored.sort(key=lambda row: (row.score, row.head, row.operation))
    return silent, unscored


def _all_operations(evaluation: Evaluation, judge: Judge) -> Table:
    """A judge's metrics pooled over all pairs, and as means over the operations."""
    rows = [row for row in evaluation.metrics if row.judge == judge and row.scope == "overall"]
    pooled = {row.metric: row for row in rows if row.average == "micro"}
    mean = {row.metric: row for row in rows if row.average == "macro"}
    first = pooled[METRICS[0]]
    threshold = evaluation.header.settings.threshold
    caption = (
        f"{capital(JUDGES[judge])}: {first.n_items} pairs of {first.n_heads} heads and {first.n_operations} "
        f"operations; {first.n_scored} score ≥ {threshold:g}, {first.n_expressed} are expressed"
    )
    columns = ("Metric", "Pooled", "95% interval", "By chance", "p", "Mean over operations", "95% interval")
    cells = tuple(
        (
            METRIC_NAMES[metric],
            pooled[metric].value,
            interval_text(pooled[metric].low, pooled[metric].high),
            pooled[metric].chance,
            pooled[metric].p,
            mean[metric].value,
            interval_text(mean[metric].low, mean[metric].high),
        )
        for metric in METRICS
    )
    return Table(caption, columns, cells)


def _by_name(evaluation: Evaluation, scope: Scope, caption: str) -> Table:
    """The metrics of each operation or category that any head scores on or expresses."""
    by_name: dict[str, dict[str, Measured]] = {}
    for row in evaluation.metrics:
        pooled = row.judge == "rules" and row.scope == scope and row.average != "macro"
        if pooled and (row.n_scored or row.n_expressed):
            by_name.setdefault(row.name, {})[row.metric] = row
    columns = (scope.capitalize(), "Scored", "Expressed", *(capital(METRIC_NAMES[name]) for name in METRICS))
    cells = tuple(
        (name, measured["f1"].n_scored, measured["f1"].n_expressed, *(measured[m].value for m in METRICS))
        for name, measured in by_name.items()
    )
    return Table(caption, columns, cells)


def _disagreements(judgments: Sequence[Judgment], shown: int) -> Iterator[Table]:
    silent, unscored = disagreements(judgments)
    for caption, order, rows in (
        ("Scored, but not expressed: what descriptions leave out", "the highest scores first", silent),
        ("Expressed, but not scored: discoveries or failures", "the lowest scores first", unscored),
    ):
        cells = tuple((row.head, row.operation, row.score, row.phrase) for row in rows[:shown])
        said = f" ({len(cells)} of {len(rows)}, {order})" if rows else ""
        yield Table(f"{caption}{said}", ("Head", "Operation", "Score", "Words"), cells)


def _reliability(reliability: ConfidenceReliability) -> Table:
    columns = ("Confidence", "Heads", "Mean confidence", "Right", "95% interval")
    caption = f"Are confident descriptions righter? {capital(JUDGES[reliability.judge])}"
    if reliability.why_not:
        return Table(f"{caption}: nothing to show, {reliability.why_not}", columns, ())
    rho = "undefined" if reliability.spearman is None else f"{reliability.spearman:+.2f}"
    interval = interval_text(reliability.spearman_low, reliability.spearman_high)
    error = "undefined" if reliability.ece is None else f"{reliability.ece:.2f}"
    caption += (
        f". Rank correlation of confidence and agreement over {reliability.n} heads: {rho}"
        f"{f' {interval}' if interval else ''}; expected calibration error {error}; left out are "
        f"{reliability.without_confidence} heads without a confidence and {reliability.unchecked} that no "
        "operation can check"
    )
    cells = tuple(
        (
            f"{held.start:.0%}–{held.end:.0%}",
            held.n,
            held.confidence,
            held.right,
            interval_text(held.right_low, held.right_high),
        )
        for held in reliability.bins
    )
    return Table(caption, columns, cells)


def _categories(evaluation: Evaluation) -> Table:
    """The finer categories stand under the paper's four, with a dot in front."""
    categories, asked = evaluation.header.categories, evaluation.header.llm is not None
    described = sum(categories.layer_heads)
    caption = (
        f"Kinds of operations in {described} descriptions, several per head allowed; "
        f"{categories.unsorted} in none, by the rules"
    )
    if categories.jaccard is not None:
        interval = interval_text(categories.jaccard_low, categories.jaccard_high)
        caption += f"; mean Jaccard index of rules and LLM {categories.jaccard:.2f}"
        caption += f" {interval}" if interval else ""
    by_llm = ("By the LLM", "Cohen's kappa") if asked else ()
    cells: list[tuple[Cell, ...]] = [
        (
            row.category if row.level == "paper" else f"· {row.category}",
            row.rules,
            *((row.llm, row.kappa) if asked else ()),
            ", ".join(f"L{layer} {heads}" for layer, heads in enumerate(row.layers) if heads),
        )
        for row in categories.rows
        if row.rules or row.llm
    ]
    return Table(caption, ("Category", "Heads", *by_llm, "Heads by layer"), tuple(cells))
