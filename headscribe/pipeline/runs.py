"""Jobs that end with a run's report. Here, and nowhere else, the features meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Unpack

from headscribe.core.analyses import ModelAnalysis
from headscribe.core.batch import Batch
from headscribe.core.heads import Head
from headscribe.core.sections import Additions, CardNote, Section
from headscribe.core.settings import EngineName
from headscribe.pipeline.compare.maps import analyse_map
from headscribe.pipeline.compare.runs import compare_runs
from headscribe.pipeline.compare.sections import known_section
from headscribe.pipeline.describe.describe import describe
from headscribe.pipeline.describe.options import DescribeOptions
from headscribe.pipeline.describe.summary import RunSummary
from headscribe.pipeline.evaluate.section import evaluation_additions
from headscribe.pipeline.lookups.look_up import find_lookups
from headscribe.pipeline.lookups.options import LookupOptions
from headscribe.pipeline.lookups.results import LookupsSummary
from headscribe.pipeline.lookups.section import lookups_additions
from headscribe.pipeline.people.section import people_additions
from headscribe.pipeline.report.report import run_facts, write_report
from headscribe.pipeline.steer.section import steering_additions
from headscribe.store.describe.run_dir import RunDir

ADDED_BY: tuple[Callable[[RunDir], Additions | None], ...] = (
    evaluation_additions,
    people_additions,
    lookups_additions,
    steering_additions,
)
"""What each feature adds to the report of a run, from what lies in the run; None where it has nothing."""


def describe_model(
    model: str,
    run: Path | str,
    *,
    batch: Batch | None = None,
    engine: EngineName = "local",
    address: str | None = None,
    **options: Unpack[DescribeOptions],
) -> RunSummary:
    """Map, score and describe heads of a model, and write a run and its report.

    A run that lies in the folder is gone on with: its map is used again, answers in its journal are not paid
    for again, heads that failed are asked about again. Calls with the same arguments therefore lead to the
    same end however often they are interrupted or killed in between.

    Args:
        model: a hub id, a local folder, or ``demo``.
        run: the run's folder, made if missing.
        batch: ask by a batch file: nobody is asked live, and heads whose answers are not there yet wait.
        engine: ``local``, or ``ray`` to map and describe on the nodes of a Ray cluster; the run is written
            here all the same.
        address: of the cluster, ``HOST:PORT``; None to find it.
        options: see ``DescribeOptions``.

    Raises:
        HeadscribeError: an argument, the model, the LLM or the folder cannot be used. What an LLM that fails
            half-way has answered stays; then the summary says why it stopped.
    """
    return describe(model, Path(run), report_run, batch=batch, engine=engine, address=address, **options)


def look_up(model: str, run: Path | str, **options: Unpack[LookupOptions]) -> LookupsSummary:
    """Find next-token neurons and the heads that feed them, explain when each head does, and score that.

    The seven steps of definitions section 7 are stages. Each writes its tables into ``RUN/lookups``; a stage
    that is done is not made again, and one that was cut short is. Every call of an LLM is in ``run.db``.

    Args:
        model: a hub id, a local folder, or ``demo``.
        run: the run's folder, made if missing; it may be that of a ``describe`` of the same model.
        options: see ``LookupOptions``.

    Raises:
        BadStore: the folder holds something else, or stages that were made otherwise, without ``force``.
        BadTexts, BadOption, HeadscribeError: an argument, the texts or the model cannot be used.
        LLMUnavailable: the LLM cannot be used at all; the stages before it are kept.
    """
    return find_lookups(model, Path(run), report_run, **options)


def report_run(run: Path | str, *, compare: Path | str | None = None, page: Path | str | None = None) -> Path:
    """Write the report of a run, from what the run holds; gives where it lies.

    Args:
        compare: another run of the same model, whose differences the page then shows.
        page: the file to write: by default ``report.html`` in the run, ``compare.html`` with ``compare``.

    Raises:
        BadStore: not a run, no descriptions yet, its map has gone or has changed, or it cannot be written.
        BadOption: the other run describes another model, or is the same run.
    """
    opened = RunDir.open(run)
    other = None if compare is None else RunDir.open(compare)
    comparison = None
    if other is not None:
        comparison = compare_runs(opened, other, run_facts(opened), run_facts(other))
    map_dir = opened.map()
    scores = map_dir.scores()
    analysis = analyse_map(map_dir, scores=scores) if scores else None
    return write_report(
        opened,
        _additions(opened, analysis),
        analysis,
        comparison,
        None if page is None else Path(page),
    )


def _additions(run: RunDir, analysis: ModelAnalysis | None) -> Additions:
    """What all features add, in the order of ``ADDED_BY``; then the heads that the literature names."""
    sections: list[Section] = []
    notes: dict[Head, tuple[CardNote, ...]] = {}
    colours: dict[str, Mapping[Head, float]] = {}
    for added_by in ADDED_BY:
        if found := added_by(run):
            sections += found.sections
            for head, own in found.notes.items():
                notes[head] = notes.get(head, ()) + tuple(own)
            colours |= found.colours
    if analysis and analysis.known:
        sections.append(known_section(analysis.label, analysis.known))
    return Additions(tuple(sections), notes, colours)
