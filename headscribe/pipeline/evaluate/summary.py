"""How one call of evaluating ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headscribe.core.plain import json_data
from headscribe.pipeline.asking.asked import Asked, AskingSummary
from headscribe.pipeline.evaluate.tables import disagreements
from headscribe.store.evaluate.evaluation_tables import Evaluation


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
