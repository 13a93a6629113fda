"""An evaluation as additions to a run's report: a section, notes on cards, colours of the map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headscribe.core.errors import BadStore
from headscribe.core.evaluation import JUDGES, Judge, Judgment, head_agreement
from headscribe.core.heads import Head
from headscribe.core.sections import Additions, CardNote, Figure, Section
from headscribe.pipeline.evaluate.plots import evaluation_plots
from headscribe.pipeline.evaluate.tables import evaluation_tables
from headscribe.pipeline.plots import svg_plots
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.evaluate.evaluation_header import has_evaluation
from headscribe.store.evaluate.evaluation_tables import Evaluation, read_evaluation

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
    svgs = svg_plots(evaluation_plots(found))
    figures = tuple(Figure(svgs[name], caption) for name, caption in _FIGURES.items() if name in svgs)
    section = Section(
        "evaluation",
        title,
        _lead(run, found),
        tuple(evaluation_tables(found, disagreements_shown=_MOST_ROWS)),
        figures,
    )
    return Additions((section,), _notes(found.judgments), _colours(found))


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
