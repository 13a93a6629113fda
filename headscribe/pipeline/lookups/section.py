"""What the report of a run shows of the look-ups that lie in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from headscribe.core.descriptions import Status
from headscribe.core.heads import Head
from headscribe.core.lookups import HeadActivity
from headscribe.core.sections import Additions, CardNote, Cell, Section, Table
from headscribe.core.tokens import show_token
from headscribe.pipeline.lookups.join import HeadInContext, heads_in_context
from headscribe.pipeline.lookups.page import score_figures
from headscribe.pipeline.lookups.results import sum_up
from headscribe.pipeline.lookups.tables import scores_table
from headscribe.store.describe.run_dir import LOOKUPS, RunDir
from headscribe.store.lookups.lookup_dir import LookupDir

NOTES = 3
"""Contexts that a head's card names, the best scored first."""


def lookups_additions(run: RunDir) -> Additions | None:
    """What the report of a run shows of the look-ups that lie in it; None where there are none."""
    if not (run.path / LOOKUPS).is_file():
        return None
    found = LookupDir.open(run.path)
    if not found.done("heads") or found.header is None:
        return None
    if found.header.model.weights_hash != run.header.model.weights_hash:
        return None
    rows = [row for row in heads_in_context(found) if row.activity]
    summed = sum_up(found)
    section = Section(
        key="lookups",
        title="Contexts",
        lead="Heads that switch on next-token neurons in some contexts and not in others (context look-ups), "
        "beside what their weights say. A score of 0.5 is guessing. Prompts and neurons are in lookups.html.",
        tables=tuple(table for table in (scores_table(summed), _in_context(rows)) if table.rows),
        figures=score_figures(summed),
    )
    return Additions((section,), _card_notes(rows), _colours(rows))


def _in_context(rows: list[HeadInContext]) -> Table:
    columns = ("Head", "Neuron and its token", "Active on", "Active when", "Score", "By its weights")
    return Table("Heads in context", columns, tuple(map(_cells, rows)))


def _cells(row: HeadInContext) -> tuple[Cell, ...]:
    activity: HeadActivity | None = row.activity
    return (
        row.head,
        f"{activity.neuron.name} {show_token(row.token.text)}" if activity and row.token else None,
        f"{activity.share:.0%} of {activity.n_prompts}" if activity else None,
        _explanation(row),
        row.score.score if row.score else None,
        row.description.outcome.description if row.description else None,
    )


def _explanation(row: HeadInContext) -> str | None:
    if row.explanation is None:
        return None
    return row.explanation.text if row.explanation.status is Status.OK else row.explanation.status.value


def _card_notes(rows: Iterable[HeadInContext]) -> dict[Head, tuple[CardNote, ...]]:
    notes: dict[Head, list[CardNote]] = defaultdict(list)
    for row in rows:
        if row.explanation and row.explanation.text and row.token and len(notes[row.head]) < NOTES:
            score = row.score.score if row.score else None
            scored = "not scored" if score is None else f"score {score:.2f}"
            title = f"Feeds {show_token(row.token.text)}"
            notes[row.head].append(CardNote(title, f"{row.explanation.text} ({scored})"))
    return {head: tuple(own) for head, own in notes.items() if own}


def _colours(rows: Iterable[HeadInContext]) -> dict[str, dict[Head, float]]:
    best: dict[Head, float] = {}
    for row in rows:
        if row.score and row.score.score is not None:
            best[row.head] = max(best.get(row.head, 0.0), row.score.score)
    return {"best explanation of its contexts": best} if best else {}
