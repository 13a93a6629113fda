"""What people's judgments add to the report of a run: tables, notes on cards, a colour of the map."""

from __future__ import annotations

from headscribe.core.agreement import Estimate, GroupShares, HeadVerdict, PeopleAgreement
from headscribe.core.errors import BadStore
from headscribe.core.sections import Additions, CardNote, Section, Table, interval_text
from headscribe.core.tokens import plain_line
from headscribe.pipeline.people.agreement import agreement_of
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.people.labels import read_labels

QUESTIONS = {"pattern_visible": "pattern visible", "description_fits": "description fits"}
_TITLE = "Judged by people"
_LONGEST_COMMENT = 500
_MOST_COMMENTS = 10


def people_additions(run: RunDir) -> Additions | None:
    """Section, notes and colour; None where the run has no labels.

    Labels that cannot be read, or whose key is missing, keep no run from its report: the section says so.
    """
    try:
        if not read_labels(run.path):
            return None
        found = agreement_of(run)
    except BadStore as error:
        return Additions((Section("people", _TITLE, f"Cannot be shown: {error}."),))
    section = Section("people", _TITLE, _lead(found), tuple(people_tables(found)))
    notes = {row.head: (CardNote(_TITLE, _note(row)),) for row in found.verdicts}
    plausible = {
        row.head: row.fits_yes / row.fits_n for row in found.verdicts if row.described and row.fits_n
    }
    return Additions((section,), notes, {"judged plausible": plausible} if plausible else {})


def _lead(found: PeopleAgreement) -> str:
    judged = found.overall.pattern.heads
    who = "One annotator" if len(found.annotators) == 1 else f"{len(found.annotators)} annotators"
    lead = (
        f"{who} judged {judged} of {found.overall.answered} heads, not knowing "
        "which model, layer or head they saw. A head's value is the share of its annotators who said yes."
    )
    if found.stale:
        lead += f" {found.stale} labels were left out: what they are about has changed since."
    return " ".join([lead, *found.notes])


def people_tables(found: PeopleAgreement) -> list[Table]:
    """The numbers as tables, for the report and for the screen."""
    shares = Table(
        "Shares of heads in percent, with 95% Wilson intervals, of the heads judged",
        ("Layers", "Described", "Pattern visible", "Description fits", "“Unclear” is right"),
        tuple(map(_shares, [*found.groups, found.overall])),
    )
    tables = [shares, _alphas(found), _kappas(found), _controls(found), _accepted(found), _predictions(found)]
    return [table for table in tables if table.rows]


def _alphas(found: PeopleAgreement) -> Table:
    columns = ("Question", "Krippendorff's alpha", "95% interval", "Heads", "Answers")
    rows = tuple(
        (
            QUESTIONS[row.question],
            row.alpha if row.alpha is not None else row.reason,
            interval_text(row.low, row.high),
            row.heads,
            row.labels,
        )
        for row in found.reliability
    )
    return Table("Agreement between annotators", columns, rows)


def _kappas(found: PeopleAgreement) -> Table:
    rows = tuple(
        (QUESTIONS[row.question], f"{row.one}, {row.other}", row.kappa, row.agree, row.heads)
        for row in found.kappas
    )
    columns = ("Question", "Annotators", "Cohen's kappa", "Say the same", "Heads")
    return Table("Agreement of pairs of annotators", columns, rows)


def _controls(found: PeopleAgreement) -> Table:
    rows = tuple(
        (
            row.annotator,
            row.labels,
            f"{row.wrong_accepted} of {row.wrong}",
            f"{row.repeats_changed} of {row.repeats}",
        )
        for row in found.controls
    )
    columns = ("Annotator", "Heads answered", "Wrong description accepted", "Repeated answer changed")
    return Table("Control items", columns, rows)


def _accepted(found: PeopleAgreement) -> Table:
    caption = "Wrong descriptions that everybody accepted: they are mistaken, or the two heads do the same"
    return Table(caption, ("Mappings of", "Description of"), found.accepted_wrong)


def _predictions(found: PeopleAgreement) -> Table:
    columns = ("Predictor", "AUROC", "95% interval", "Spearman", "95% interval", "Heads")
    rows = tuple(
        (
            row.predictor,
            row.auroc if row.auroc is not None else row.reason,
            interval_text(row.auroc_low, row.auroc_high),
            row.spearman,
            interval_text(row.spearman_low, row.spearman_high),
            row.heads,
        )
        for row in found.predictions
    )
    return Table("What predicts that people accept a description", columns, rows)


def _shares(row: GroupShares) -> tuple[str, ...]:
    described = f"{row.described} of {row.answered}"
    return (row.group, described, *map(percent, (row.pattern, row.plausible, row.unclear_right)))


def percent(found: Estimate) -> str:
    """A share with its Wilson interval and its heads: ``62% [48, 75] of 40``."""
    if found.share is None or found.low is None or found.high is None:
        return "–"
    return f"{found.share:.0%} [{found.low * 100:.0f}, {found.high * 100:.0f}] of {found.heads}"


def _note(row: HeadVerdict) -> str:
    """What annotators said of one head."""
    second = "the description fits" if row.described else "“Unclear” is right"
    parts = [
        f"A pattern is visible: {row.pattern_yes} of {row.pattern_n}; "
        f"{second}: {row.fits_yes} of {row.fits_n}."
    ]
    parts += [
        f"{plain_line(name, 80)}: “{plain_line(text, _LONGEST_COMMENT)}”"
        for name, text in row.comments[:_MOST_COMMENTS]
    ]
    if len(row.comments) > _MOST_COMMENTS:
        parts.append(f"And {len(row.comments) - _MOST_COMMENTS} more comments.")
    return " ".join(parts)
