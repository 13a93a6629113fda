"""``headscribe evaluate``: a run's descriptions against the operation scores of its map."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from headscribe.core.errors import BadOption
from headscribe.core.evaluation import Judgment
from headscribe.core.plain import json_data
from headscribe.core.progress import Progress, Silent
from headscribe.core.settings import AskSettings, EvaluateSettings
from headscribe.core.usage import CallEstimate
from headscribe.pipeline.asking.asked import Asked, AskingSummary
from headscribe.pipeline.asking.loop import Asking
from headscribe.pipeline.evaluate.judging import Verdicts, ask_judge, requests, with_verdicts
from headscribe.pipeline.evaluate.measuring import measure_all, sort_descriptions
from headscribe.pipeline.evaluate.request import EvaluationRequest, JudgeRequest, read_request
from headscribe.pipeline.evaluate.tables import disagreements
from headscribe.store.describe.journal import Journal
from headscribe.store.describe.run_dir import JOURNAL, LOCK
from headscribe.store.evaluate.evaluation_header import EvaluationHeader, LLMJudge
from headscribe.store.evaluate.evaluation_tables import Evaluation, descriptions_hash, write_evaluation
from headscribe.store.headers import Totals, now
from headscribe.store.lock import RunLock
from headscribe.store.tool import this_tool


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """What the LLM judge would take (``--dry-run``).

    Attributes:
        llm: its name.
        items: pairs of a head and an operation to be judged.
        questions: questions in all.
        answered: of these, in the journal already.
        estimate: the calls for the others.
    """

    llm: str
    items: int
    questions: int
    answered: int
    estimate: CallEstimate

    def as_json(self) -> dict[str, Any]:
        """The plan as plain JSON data."""
        estimate = asdict(self.estimate)
        del estimate["calls"]
        return {
            "llm": self.llm,
            "items": self.items,
            "questions": self.questions,
            "answered": self.answered,
            **estimate,
        }


@dataclass(frozen=True, slots=True)
class EvaluationSummary(AskingSummary):
    """How one call of evaluating ended.

    Attributes:
        run: the run's folder.
        evaluation: what was written; None where it ended early and nothing was.
        asked: what came of asking the LLM.
        questions: questions to the LLM in all.
        resume: the command that goes on.
    """

    run: Path
    evaluation: Evaluation | None
    asked: Asked = field(default_factory=Asked)
    questions: int = 0
    resume: str = ""

    @property
    def exit_code(self) -> int:
        """0 done, 1 the LLM left questions without an answer or could not go on, 130 interrupted."""
        if self.interrupted:
            return 130
        judge = self.evaluation.header.llm if self.evaluation else None
        return 1 if self.evaluation is None or (judge and set(judge.statuses) - {"ok"}) else 0

    def as_json(self) -> dict[str, Any]:
        """The evaluation as plain JSON data; of the judgments, those that disagree with the scores."""
        said: dict[str, Any] = {
            "run": str(self.run),
            "exit_code": self.exit_code,
            "questions": self.questions,
            "interrupted": self.interrupted,
            "stopped": self.stopped,
            "cost_usd": self.cost_usd if self.questions else None,
            "resume": self.resume,
        }
        if self.evaluation is None:
            return said
        silent, unscored = disagreements(self.evaluation.judgments)
        return said | {
            "evaluation": self.evaluation.header.model_dump(mode="json"),
            "metrics": json_data(self.evaluation.metrics),
            "scored_not_expressed": json_data(silent),
            "expressed_not_scored": json_data(unscored),
        }


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
        command: what was typed, for the header.
        progress: told how far it is.

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
    folder, resume = request.run.path, command or f"headscribe evaluate {run}"
    lock = RunLock(folder / LOCK)
    try:
        found, asked, totals = None, Asked(), Totals()
        if request.llm:
            found, asked, totals = _ask(request.llm, folder, progress)
            if asked.ended_early:
                return EvaluationSummary(folder, None, asked, len(request.llm.tasks), resume)
        progress.say("Measuring agreement")
        evaluation = _evaluation(request, found, totals, command, started)
        written = write_evaluation(folder, evaluation)
    finally:
        lock.release()
    return EvaluationSummary(folder, written, asked, len(request.llm.tasks) if request.llm else 0, resume)


def plan_evaluation(
    run: Path | str,
    *,
    llm: str,
    settings: EvaluateSettings | None = None,
    asking: AskSettings | None = None,
    operations: Sequence[Path] = (),
) -> EvaluationPlan:
    """What the LLM judge of ``evaluate_run`` with the same arguments would take; nobody is asked.

    Raises:
        HeadscribeError: as ``evaluate_run``, but for what only the LLM itself can tell.
    """
    from headscribe.prompts import estimate_tokens

    settings, asking = settings or EvaluateSettings(), asking or AskSettings()
    found = read_request(run, llm=llm, settings=settings, asking=asking, operations=operations)
    request = found.llm
    if request is None:
        raise BadOption("the rules judge asks nobody", where="--dry-run", do="Name an LLM with --llm")
    every = requests(request.spec.name, asking, request.judges, request.tasks)
    left, path = every, found.run.path / JOURNAL
    if path.is_file():
        journal = Journal(path)
        try:
            left = [request for request in every if journal.find(request.identity()) is None]
        finally:
            journal.close()
    unique = {request.identity(): request for request in left}.values()
    sent = sum(estimate_tokens(text) for request in unique for text in request.texts())
    received = len(unique) * asking.max_reply_tokens
    return EvaluationPlan(
        llm=request.spec.name,
        items=sum(map(len, request.items.values())),
        questions=len(every),
        answered=len(every) - len(left),
        estimate=CallEstimate.priced(len(unique), sent, received, request.price),
    )


def _ask(request: JudgeRequest, folder: Path, progress: Progress) -> tuple[Verdicts, Asked, Totals]:
    journal = Journal(folder / JOURNAL)
    try:
        asking = Asking(request.spec, request.settings, request.price, journal, progress)
        found, asked = ask_judge(asking, request.judges, request.tasks)
        return found, asked, journal.totals()
    finally:
        journal.close()


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
