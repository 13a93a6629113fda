"""Steering as additions to a run's report: a section, notes on cards, a colour of the map."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from headscribe.core.errors import BadStore
from headscribe.core.sections import Additions, CardNote, Section, Shaded, Table, interval_text
from headscribe.core.steering import HeadSteering, head_steering
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.steer.steering_table import read_steering

_TITLE = "Descriptions in the running model"


def steering_additions(run: RunDir) -> Additions | None:
    """Section, notes and a colour; None where the run was not steered."""
    try:
        found = head_steering(read_steering(run.path))
    except BadStore as error:
        # The report is about more than this, so it is said and does not stop it.
        return Additions((Section("steering", _TITLE, f"Steering cannot be shown: {error}"),))
    if not found:
        return None
    section = Section("steering", _TITLE, _lead(found), (steering_table(found),))
    notes = {one.head: (CardNote("In the running model", _said(one)),) for one in found}
    return Additions(
        (section,), notes, {"raised in the running model": {one.head: one.raised for one in found}}
    )


def steering_table(found: Sequence[HeadSteering]) -> Table:
    """A row per head, the one whose targets rise most because of the source first."""
    rows = sorted(found, key=lambda one: (-(one.because or 0.0), -one.raised, one.head))
    return Table(
        "Targets that descriptions name, as the model raises them; 95% intervals over sources",
        ("Head", "Raised above", "By the source", "Log-probability", "Sources"),
        tuple(
            (
                one.head,
                Shaded(_with_interval(f"{one.raised:.0%}", one.low, one.high), one.raised),
                None
                if one.because is None
                else _with_interval(f"{one.because:+.2f}", one.because_low, one.because_high),
                f"{one.change:+.2f}",
                one.n_sources,
            )
            for one in rows
        ),
    )


def _with_interval(text: str, low: float | None, high: float | None) -> str:
    interval = interval_text(low, high)
    return f"{text} {interval}" if interval else text


def _lead(found: Sequence[HeadSteering]) -> str:
    because = [one.because for one in found if one.because is not None]
    parts = [
        "A head's value of a source that its description names is added to the head in the running model, at "
        "the end of neutral texts. Raised above is the share of the vocabulary whose logit rises less than "
        "that of the targets named for this source; 50% is chance. By the source is what is left of "
        "it beyond the head's other named sources: 0 where the targets rise whatever the source.",
        f"Means over {len(found)} heads: {mean(one.raised for one in found):.0%}",
    ]
    parts[-1] += f", {mean(because):+.2f} because of the source." if because else "."
    return " ".join(parts)


def _said(one: HeadSteering) -> str:
    raised = _with_interval(f"{one.raised:.0%}", one.low, one.high)
    said = f"The targets named rise above {raised} of tokens"
    if one.because is not None:
        because = _with_interval(f"{one.because:+.2f}", one.because_low, one.because_high)
        said += f", {because} of it because of the source"
    sources = "source" if one.n_sources == 1 else "sources"
    return f"{said}; log-probability {one.change:+.2f} ({one.n_sources} {sources})."
