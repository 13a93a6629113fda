"""What the LLM judge of an evaluation would take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from headscribe.core.errors import BadOption
from headscribe.core.reply_lengths import ReplyLengths
from headscribe.core.settings import AskSettings, EvaluateSettings
from headscribe.core.usage import CallEstimate
from headscribe.pipeline.evaluate.judging import requests
from headscribe.pipeline.evaluate.request import read_request
from headscribe.store.describe.journal import existing_journal
from headscribe.store.describe.run_dir import JOURNAL


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
        said: dict[str, Any] = asdict(self)
        estimate = said.pop("estimate")
        del estimate["calls"]
        return {**said, **estimate}


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
    with existing_journal(found.run.path / JOURNAL) as journal:
        lengths = journal.reply_lengths(request.spec.name) if journal else ReplyLengths()
        left = [request for request in every if journal is None or journal.find(request.identity()) is None]
    unique = list({request.identity(): request for request in left}.values())
    sent = sum(estimate_tokens(text) for request in unique for text in request.texts())
    received = len(unique) * asking.max_reply_tokens
    return EvaluationPlan(
        llm=request.spec.name,
        items=sum(map(len, request.items.values())),
        questions=len(every),
        answered=len(every) - len(left),
        estimate=CallEstimate.priced(len(unique), sent, received, request.price, lengths.likely_sum(unique)),
    )
