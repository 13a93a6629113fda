"""A run's report, written from its tables, its map, and what other parts add."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headscribe.core.checks import ablated
from headscribe.core.sections import Additions
from headscribe.pipeline.map.warning import map_warning
from headscribe.pipeline.report.transcripts import read_transcripts
from headscribe.store.atomic import write_text
from headscribe.store.check.check_tables import CheckTables
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.describe.run_header import RunHeader
from headscribe.store.headers import Totals
from headscribe.store.map.map_dir import MapDir

if TYPE_CHECKING:
    from headscribe.core.analyses import ModelAnalysis
    from headscribe.report.compare.runs import RunComparison
    from headscribe.report.model_section import ModelSection


def write_report(
    run: RunDir,
    additions: Additions,
    analysis: ModelAnalysis | None = None,
    comparison: RunComparison | None = None,
    page: Path | None = None,
) -> Path:
    """Write the report of a run; gives where it lies.

    Args:
        additions: what other parts add to it.
        analysis: what the map says of the whole model; None where it has no scores.
        comparison: what another run of the same model says otherwise, None for a page on this run alone.
        page: the file to write: by default ``report.html`` in the run, ``compare.html`` with ``comparison``.

    Raises:
        BadStore: no descriptions yet, the run's map has gone or has changed, or the page cannot be written.
    """
    from headscribe.report.overview import Origin
    from headscribe.report.page import render_report

    header, map_dir, descriptions = run.header, run.map(), run.descriptions()
    described = {row.head for row in descriptions}
    text = render_report(
        title=header.model.name,
        facts=run_facts(run),
        notes=_notes(header, map_dir),
        descriptions=descriptions,
        head_maps=map_dir.iter_head_maps(described),
        scores=(score for score in map_dir.scores() if score.head in described),
        origin=Origin(
            header.model.name,
            header.model.revision,
            header.model.weights_hash,
            header.tool.version,
            header.started_at,
        ),
        model=_model_section(map_dir, analysis),
        transcripts=read_transcripts(run),
        additions=additions,
        comparison=comparison,
    )
    written = page or (run.path / "compare.html" if comparison else run.report)
    write_text(written, text)
    return written


def _model_section(map_dir: MapDir, analysis: ModelAnalysis | None) -> ModelSection | None:
    """What the map says of the whole model, its heads without a description too; None without scores."""
    from headscribe.report.model_section import ModelSection

    if analysis is None:
        return None
    checks = CheckTables(map_dir.path)
    scores = checks.scores("correlation", map_dir.header.settings.view)
    return ModelSection(analysis, scores, ablated(checks.points()))


def run_facts(run: RunDir) -> list[tuple[str, str]]:
    """What there is to know of a run, as names and values, from its header alone."""
    header = run.header
    model, totals, settings = header.model, header.totals, header.settings
    counts = ", ".join(f"{number} {status}" for status, number in header.counts.items())
    rows: list[tuple[str, str | None]] = [
        ("Model", model.name + (f" at {model.revision}" if model.revision else "")),
        ("Architecture", f"{model.family}, {model.n_layers} layers of {model.n_heads} heads"),
        ("Vocabulary", f"{model.n_tokens} tokens, {model.vocab_size} rows"),
        ("LLM", header.llm),
        ("Method", header.method),
        ("Prompt", header.prompt),
        ("Temperature", None if header.method == "rules" else str(settings.temperature)),
        ("Heads", f"{header.heads}: {counts}"),
        ("State", header.state),
        (
            "Calls",
            f"{totals.calls}, and {totals.failed_attempts} attempts that failed" if totals.calls else None,
        ),
        (
            "Tokens",
            _tokens(totals) if totals.calls else None,
        ),
        ("From prefix cache", f"{totals.cached_tokens} tokens sent" if totals.cached_tokens else None),
        ("Cost", _cost(totals.cost_usd) if totals.calls else None),
        ("Started", header.started_at),
        ("Ended", header.finished_at),
        ("Time", f"{header.seconds:.1f} s"),
        ("Map", header.map.path),
        ("Weights", model.weights_hash),
        ("Headscribe", header.tool.version + (f" ({header.tool.commit})" if header.tool.commit else "")),
        ("Command", header.command),
    ]
    return [(name, value) for name, value in rows if value]


def _tokens(totals: Totals) -> str:
    counted = f"{totals.prompt_tokens} sent, {totals.completion_tokens} received"
    return counted + (
        f"; those of {totals.calls_estimated} calls estimated" if totals.calls_estimated else ""
    )


def _cost(amount: float | None) -> str:
    return "not known" if amount is None else f"{amount:.4g} USD"


def _notes(header: RunHeader, map_dir: MapDir) -> list[str]:
    notes = list(header.model.notes)
    if warning := map_warning(map_dir):
        notes.append(warning)
    if header.method == "rules":
        notes.append(
            "No LLM was used: the built-in rules know some operations and general patterns, nothing else."
        )
    if header.llm.split(":")[0] == "fake":
        notes.append("The LLM was the built-in fake: its words and confidences say nothing of the model.")
    if header.state != "finished":
        notes.append(f"The run is not complete ({header.state}). To go on: {header.command}")
    return notes
