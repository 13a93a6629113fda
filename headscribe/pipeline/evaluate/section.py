"""An evaluation as additions to a run's report: a section, notes on cards, colours of the map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headscribe.core.errors import BadStore
from headscribe.core.evaluation import (
    JUDGES,
    METRIC_NAMES,
    METRICS,
    ConfidenceReliability,
    Judge,
    Judgment,
    Measured,
    head_agreement,
)
from headscribe.core.heads import Head
from headscribe.core.sections import Additions, CardNote, Cell, Figure, Section, Table
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.evaluate.evaluation_tables import Evaluation, has_evaluation, read_evaluation

_MOST_ROWS = 100
"""Disagreements shown of each kind."""

_MOST_NAMED = 8
"""Operations of each kind that a card names."""

_FIGURES = {
    "reliability-rules": "Share of descriptions that express a scored operation, by confidence; rules judge, "
    "95% Wilson intervals, numbers of heads. Above the line: righter than confident.",
    "reliability-llm": "The same with the verdicts of the LLM judge.",
    "categories": "Described heads in each category by the rules, per layer; several categories per head.",
}


def evaluation_additions(run: RunDir) -> Additions | None:
    """Section, notes and colours; None where the run was not evaluated."""
    if not has_evaluation(run.path):
        return None
    title = "Descriptions against operation scores"
    try:
        found = read_evaluation(run.path)
    except BadStore as error:
        # The report is about more than its evaluation, so this is said and does not stop it.
        return Additions((Section("evaluation", title, f"The evaluation cannot be shown: {error}"),))
    from headscribe.pipeline.plots.evaluation import evaluation_svgs

    svgs = evaluation_svgs(found)
    figures = tuple(Figure(svgs[name], caption) for name, caption in _FIGURES.items() if name in svgs)
    section = Section("evaluation", title, _lead(run, found), tuple(_tables(found)), figures)
    return Additions((section,), _notes(found.judgments), _colours(found))


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


def _lead(run: RunDir, found: Evaluation) -> str:
    from headscribe.store.evaluate.evaluation_tables import descriptions_hash

    header = found.header
    parts = [
        f"Does a description express the operations on which its head scores at least "
        f"{header.settings.threshold:g}?"
    ]
    if "rules" in header.named:
        scoring, named = header.named["rules"]
        parts.append(
            f"{scoring} heads score so on an operation, and {named} descriptions express such a one."
        )
    if header.llm:
        parts.append(
            f"{header.llm.llm} judged {header.llm.items} pairs of a head and an operation, half of them "
            f"scored, {header.llm.unanswered} without a verdict."
        )
    parts.append(
        "Intervals are 95% bootstrap intervals over heads; chance is what descriptions reach that are "
        "shuffled between heads."
    )
    parts += header.notes
    if descriptions_hash(run.descriptions()) != header.descriptions:
        parts.insert(0, "The descriptions have changed since this evaluation; evaluate the run again.")
    return " ".join(parts)


def _tables(found: Evaluation) -> Iterator[Table]:
    for judge in dict.fromkeys(row.judge for row in found.metrics):
        yield _overall(found, judge)
    yield _by_name(found, "category", "By category, rules judge, pooled over its operations")
    yield _by_name(found, "operation", "By operation, rules judge")
    yield from _disagreements(found.judgments)
    for row in found.header.reliability:
        yield _reliability(row)
    yield _categories(found)


def _overall(found: Evaluation, judge: Judge) -> Table:
    rows = [row for row in found.metrics if row.judge == judge and row.scope == "overall"]
    micro = {row.metric: row for row in rows if row.average == "micro"}
    macro = {row.metric: row for row in rows if row.average == "macro"}
    first = next(iter(micro.values()))
    caption = (
        f"{capital(JUDGES[judge])}: {first.n_items} pairs of {first.n_heads} heads and "
        f"{first.n_operations} operations, {first.n_scored} scored, {first.n_expressed} expressed"
    )
    columns = ("Metric", "Pooled", "95% interval", "By chance", "p", "Mean over operations", "95% interval")
    cells = tuple(
        (
            METRIC_NAMES[name],
            micro[name].value,
            between(micro[name].low, micro[name].high),
            micro[name].chance,
            micro[name].p,
            macro[name].value,
            between(macro[name].low, macro[name].high),
        )
        for name in METRICS
    )
    return Table(caption, columns, cells)


def _by_name(found: Evaluation, scope: str, caption: str) -> Table:
    rows: dict[str, dict[str, Measured]] = {}
    for row in found.metrics:
        request = row.judge == "rules" and row.scope == scope and row.average != "macro"
        if request and (row.n_scored or row.n_expressed):
            rows.setdefault(row.name, {})[row.metric] = row
    columns = (scope.capitalize(), "Scored", "Expressed", *(capital(METRIC_NAMES[name]) for name in METRICS))
    cells: list[tuple[Cell, ...]] = [
        (name, by["f1"].n_scored, by["f1"].n_expressed, *(by[metric].value for metric in METRICS))
        for name, by in rows.items()
    ]
    return Table(caption, columns, tuple(cells))


def _disagreements(judgments: Sequence[Judgment]) -> Iterator[Table]:
    silent, unscored = disagreements(judgments)
    for caption, rows in (
        ("Scored, but not expressed: what descriptions leave out", silent),
        ("Expressed, but not scored: discoveries, or descriptions that are wrong", unscored),
    ):
        cells = tuple((row.head, row.operation, row.score, row.phrase) for row in rows[:_MOST_ROWS])
        shown = f"{len(cells)} of {len(rows)}, the strongest disagreement first" if rows else "none"
        yield Table(f"{caption} ({shown})", ("Head", "Operation", "Score", "Words"), cells)


def _reliability(row: ConfidenceReliability) -> Table:
    columns = ("Confidence", "Heads", "Mean confidence", "Right", "95% interval")
    name = f"Are confident descriptions righter? {capital(JUDGES[row.judge])}"
    if row.why_not:
        return Table(f"{name}: nothing to show, {row.why_not}", columns, ())
    rho = "undefined" if row.spearman is None else f"{row.spearman:.2f}"
    said = (
        f"{name}. Rank correlation of confidence and agreement over {row.n} heads: {rho} "
        f"{between(row.spearman_low, row.spearman_high)}; expected calibration error {row.ece:.2f}; left out "
        f"are {row.without_confidence} heads without a confidence and {row.unchecked} that no operation can "
        "check"
    )
    cells = tuple(
        (
            f"{one.start:.0%}–{one.end:.0%}",
            one.n,
            one.confidence,
            one.right,
            between(one.right_low, one.right_high),
        )
        for one in row.bins
    )
    return Table(said, columns, cells)


def _categories(found: Evaluation) -> Table:
    kinds, asked = found.header.categories, found.header.llm is not None
    columns = (
        "Category",
        "Of the paper's four",
        "Heads",
        *(("By the LLM", "Cohen's kappa") * asked),
        *(f"L{layer}" for layer in range(len(kinds.layer_heads))),
    )
    cells: list[tuple[Cell, ...]] = [
        (
            row.category,
            "yes" if row.level == "paper" else "",
            row.rules,
            *((row.llm, row.kappa) if asked else ()),
            *row.layers,
        )
        for row in kinds.rows
        if row.rules or row.llm
    ]
    caption = (
        f"Kinds of operations in {sum(kinds.layer_heads)} descriptions, several per head allowed; "
        f"{kinds.unsorted} in none, by the rules"
    )
    if kinds.jaccard is not None:
        interval = between(kinds.jaccard_low, kinds.jaccard_high)
        caption += f"; mean Jaccard index of rules and LLM {kinds.jaccard:.2f} {interval}"
    return Table(caption, columns, tuple(cells))


def _notes(judgments: Sequence[Judgment]) -> dict[Head, tuple[CardNote, ...]]:
    """Per head, the operations that it scores on beside those that its description expresses."""
    by_head: dict[Head, list[Judgment]] = {}
    for row in judgments:
        if row.scored or row.rules or row.llm:
            by_head.setdefault(row.head, []).append(row)
    return {
        head: (CardNote("Description and operation scores", " ".join(_said(rows))),)
        for head, rows in by_head.items()
    }


def _said(rows: Sequence[Judgment]) -> Iterator[str]:
    rows = sorted(rows, key=lambda row: (-row.score, row.operation))
    groups = (
        ("Expressed and scored", [row for row in rows if row.rules and row.scored]),
        ("Scored, not expressed", [row for row in rows if row.scored and not row.rules]),
        ("Expressed, not scored", [row for row in rows if row.rules and not row.scored]),
        ("By the LLM judge expressed", [row for row in rows if row.llm]),
    )
    for name, group in groups:
        if group:
            listed = ", ".join(f"{row.operation} {row.score:.2f}" for row in group[:_MOST_NAMED])
            more = f" and {len(group) - _MOST_NAMED} more" if len(group) > _MOST_NAMED else ""
            yield f"{name}: {listed}{more}."


def _colours(found: Evaluation) -> dict[str, dict[Head, float]]:
    judges: tuple[Judge, ...] = ("rules", "llm") if found.header.llm else ("rules",)
    colours = {f"agreement, {JUDGES[judge]}": head_agreement(found.judgments, judge) for judge in judges}
    return {name: values for name, values in colours.items() if values}


def between(low: float | None, high: float | None) -> str:
    """An interval with two digits, empty where there is none."""
    return "" if low is None or high is None else f"[{low:.2f}, {high:.2f}]"


def capital(text: str) -> str:
    """The text with its first letter as a capital."""
    return text[0].upper() + text[1:]
