"""The header and the tables of a run, from its journal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from headscribe.core.descriptions import Description
from headscribe.core.heads import Head
from headscribe.core.records import OperationScore
from headscribe.pipeline.describe.families import with_families
from headscribe.pipeline.describe.request import DescribeRequest
from headscribe.pipeline.describe.summary import no_counts
from headscribe.pipeline.describe.work import Work
from headscribe.pipeline.map.identity import map_identity
from headscribe.store.describe.run_dir import relative_to
from headscribe.store.describe.run_header import MapReference, RunHeader
from headscribe.store.describe.run_writer import RunWriter
from headscribe.store.map.map_dir import MapDir
from headscribe.store.tool import this_tool

if TYPE_CHECKING:
    from headscribe.agent.describers import Describer


State = Literal["finished", "interrupted", "stopped"]

WriteReport = Callable[[Path], Path]
"""Writes the report of the run in a folder; gives where it lies."""


def start_header(
    request: DescribeRequest,
    map_dir: MapDir,
    describer: Describer,
    previous: RunHeader | None,
    started_at: str,
) -> RunHeader:
    """What ``run.json`` says while a session is going on."""
    return RunHeader(
        tool=this_tool(),
        command=request.command,
        model=map_dir.header.model,
        map=MapReference(path=relative_to(map_dir.path, request.run), content_hash=map_dir.content_hash),
        llm=describer.llm,
        method=describer.method,
        prompt=describer.prompt,
        prompt_hash=describer.prompt_hash,
        settings=request.settings,
        seed=request.job.settings.seed,
        heads=request.heads,
        started_at=previous.started_at if previous else started_at,
        seconds=previous.seconds if previous else 0.0,
        counts=previous.counts if previous else no_counts(),
    )


def finish_run(
    writer: RunWriter, write_report: WriteReport, header: RunHeader, map_dir: MapDir, work: Work
) -> tuple[dict[str, int], Path | None]:
    """Write ``descriptions.parquet``, the transcripts, ``run.json`` and the report from the journal.

    The tables hold all heads that the run has described, those of earlier selections too; so do the counts
    and totals that are added to the header.

    Args:
        write_report: makes the report.
        header: what ``run.json`` says but for counts and totals.
        map_dir: the run's map.
        work: the heads wanted in this session.

    Returns:
        The six counts over the heads wanted, and the report, None where no head has a description yet.
    """
    journal, wanted = writer.journal, dict(work.identities)
    place = map_identity(map_dir.header.model, map_dir.header.settings)
    described = _with_scores(journal.descriptions(wanted, place=place), map_dir)
    found = with_families(described, map_dir)
    writer.write_descriptions(found)
    writer.write_transcripts(lambda: journal.transcripts(wanted, place=place))
    counts = _counted(row.outcome.status for row in found)
    writer.write_header(header.model_copy(update={"counts": counts, "totals": journal.totals()}))
    ended, status = journal.statuses(), {row.head: row.outcome.status for row in found}
    ours = _counted(status.get(one[0], ended[one]) for one in wanted.items() if one in ended)
    return ours, write_report(writer.path) if found else None


def _with_scores(rows: Iterable[Description], map_dir: MapDir) -> list[Description]:
    """Rows of the table: what the rules said gets what the map's scores say. No LLM's answer does."""
    from headscribe.agent.rules.scored import with_scores

    found = list(rows)
    if not any(row.method == "rules" for row in found):
        return found
    scores: dict[Head, list[OperationScore]] = defaultdict(list)
    for score in map_dir.scores():
        scores[score.head].append(score)
    return [
        replace(row, outcome=with_scores(row.outcome, scores[row.head])) if row.method == "rules" else row
        for row in found
    ]


def _counted(statuses: Iterable[str]) -> dict[str, int]:
    counts = no_counts()
    for status in statuses:
        counts[status] += 1
    return counts
