"""``headscribe evaluate``: a run's descriptions against the operation scores of its map."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from headscribe.core.evaluation import Judgment
from headscribe.core.progress import Progress, Silent
from headscribe.core.settings import AskSettings, EvaluateSettings
from headscribe.pipeline.asking.asked import Asked
from headscribe.pipeline.asking.loop import Asking
from headscribe.pipeline.evaluate.judging import Verdicts, ask_judge, with_verdicts
from headscribe.pipeline.evaluate.measuring import measure_all, sort_descriptions
from headscribe.pipeline.evaluate.request import EvaluationRequest, JudgeRequest, read_request
from headscribe.pipeline.evaluate.summary import EvaluationSummary
from headscribe.store.describe.journal import Journal
from headscribe.store.describe.run_dir import JOURNAL, LOCK
from headscribe.store.evaluate.evaluation_header import EvaluationHeader, LLMJudge
from headscribe.store.evaluate.evaluation_tables import Evaluation, descriptions_hash, write_evaluation
from headscribe.store.headers import Totals, now
from headscribe.store.lock import RunLock
from headscribe.store.tool import this_tool


def evaluate_run(
    run: Path | str,
    *,
    llm: str | None = None,
    settings: EvaluateSettings | None = None,
    asking: AskSettings | None = None,
    operations: Sequence[Path] = (),
    command: str = "",
    progress: Progress | None = None,
) -> EvaluationSummary:
    """Judge what a run's descriptions express, and compare with the operation scores (docs/evaluate.md).

    The rules judge always does. The descriptions are neither changed nor asked for again.

    Args:
        run: a run whose map has operation scores.
        llm: an LLM that judges too; its calls lie in the run's journal, so that a call that was cut short
            goes on. None for the rules alone.
        settings: threshold, draws and templates.
        asking: how the LLM is asked; its limits hold for the run as a whole, describing included.
        operations: files or folders of operations whose lexicons and definitions to use.

    Raises:
        BadStore: not a run, nothing to evaluate in it, or another process is writing it.
        BadOperations, BadPrompt, BadOption: an argument cannot be used.
        LLMUnavailable, MissingExtra: the LLM cannot be used at all.
    """
    started, progress = time.perf_counter(), progress or Silent()
    request = read_request(
        run,
        llm=llm,
        settings=settings or EvaluateSettings(),
        asking=asking or AskSettings(),
        operations=operations,
    )
    folder = request.run.path
    verdicts, asked, totals, written = None, Asked(), Totals(), None
    with RunLock(folder / LOCK):
        if request.llm:
            verdicts, asked, totals = _ask(request.llm, folder, progress)
        if not asked.ended_early:
            progress.say("Measuring agreement")
            written = write_evaluation(folder, _evaluation(request, verdicts, totals, command, started))
    questions = len(request.llm.tasks) if request.llm else 0
    return EvaluationSummary(folder, written, asked, questions, command or f"headscribe evaluate {run}")


def _ask(request: JudgeRequest, folder: Path, progress: Progress) -> tuple[Verdicts, Asked, Totals]:
    with closing(Journal(folder / JOURNAL)) as journal:
        asking = Asking(request.spec, request.settings, request.price, journal, progress)
        found, asked = ask_judge(asking, request.judges, request.tasks)
        return found, asked, journal.totals()


def _evaluation(
    request: EvaluationRequest, found: Verdicts | None, totals: Totals, command: str, started: float
) -> Evaluation:
    from headscribe.eval.evaluate.categories import summarise

    settings, material, rows, judge = request.settings, request.material, request.judgments, None
    if request.llm and found:
        rows = with_verdicts(rows, request.llm.items, found)
        judge = _llm_judge(request.llm, rows, found, totals)
    sortings = sort_descriptions(material, request.expressed, found)
    metrics, reliability, named = measure_all(rows, material.confidences, settings, asked=judge is not None)
    categories = summarise(
        sortings,
        request.run.header.model.n_layers,
        asked=judge is not None,
        resamples=settings.resamples,
        seed=settings.seed,
    )
    header = EvaluationHeader(
        tool=this_tool(),
        command=command,
        evaluated_at=now(),
        seconds=time.perf_counter() - started,
        descriptions=descriptions_hash(material.descriptions),
        map=material.map_hash,
        settings=settings,
        heads=material.counts,
        lexicons=material.origins,
        llm=judge,
        named=named,
        reliability=reliability,
        categories=categories,
        notes=tuple(request.notes(rows, judge)),
    )
    return Evaluation(header, rows, sortings, metrics)


def _llm_judge(request: JudgeRequest, rows: Sequence[Judgment], found: Verdicts, totals: Totals) -> LLMJudge:
    items, judges = [row for row in rows if row.llm_status is not None], request.judges
    return LLMJudge(
        llm=request.spec.name,
        judge=judges.judge.reference,
        judge_hash=judges.judge.hash,
        categorize=judges.categorize.reference,
        categorize_hash=judges.categorize.hash,
        statuses=dict(sorted(found.statuses.items())),
        items=len(items),
        unanswered=sum(row.llm is None for row in items),
        totals=totals,
    )
