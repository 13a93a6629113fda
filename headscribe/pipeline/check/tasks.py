"""The task of each operation: the prompt that the model answers best with every head in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headscribe.core.checks import AblationPoint
from headscribe.operations import Operation
from headscribe.pipeline.check.context import CheckContext
from headscribe.store.check.check_tables import FinishedPiece

if TYPE_CHECKING:
    from headscribe.eval.check.prompts import TokenPrompt


@dataclass(frozen=True, slots=True)
class Task:
    """An operation asked in one template.

    Attributes:
        operation: whose targets are the answers.
        template: with ``{source}``.
        accuracy: share of its prompts that the model answers with every head in place.
        n_pairs: its prompts, one per usable pair.
        accuracies: of every template that was tried; ``template`` has the highest.
    """

    operation: Operation
    template: str
    accuracy: float
    n_pairs: int
    accuracies: dict[str, float]


class Tasks:
    """The tasks of operations; each template is measured once, and kept in the tables of the check."""

    def __init__(self, context: CheckContext) -> None:
        self._context = context
        self._best: dict[tuple[str, tuple[str, ...]], Task] = {}

    def best(self, operation: Operation, templates: Sequence[str] = ()) -> Task:
        """The task in the template that the model answers best, the first of equals.

        Args:
            operation: whose task it is.
            templates: those that are tried; without any, the operation's own.
        """
        from headscribe.eval.check.tasks import task_templates

        tried = tuple(templates) or task_templates(operation)
        if (operation.name, tried) not in self._best:
            measured = {template: self._base(operation, template) for template in tried}
            best = max(tried, key=lambda template: measured[template].accuracy)
            self._best[operation.name, tried] = Task(
                operation,
                best,
                measured[best].accuracy,
                measured[best].n_pairs,
                {template: point.accuracy for template, point in measured.items()},
            )
        return self._best[operation.name, tried]

    def prompts(self, operation: Operation, template: str) -> tuple[TokenPrompt, ...]:
        """The template's prompts, as token ids."""
        from headscribe.eval.check.prompts import task_prompts

        vocabulary = self._context.checkpoint.vocabulary
        return task_prompts(operation, template, vocabulary.word_id, vocabulary.encode).prompts

    def _base(self, operation: Operation, template: str) -> AblationPoint:
        """The accuracy with every head in place; from the tables where it still holds."""
        context, identity = self._context, self._context.identity(operation)
        if context.done_before("base", operation.name, template, identity):
            for point in context.earlier_points.get((operation.name, template), ()):
                if point.is_base:
                    return point
        from headscribe.eval.check.ablation import hits_without

        prompts = self.prompts(operation, template)
        [[hits]] = hits_without(context.model, prompts, [[]])
        point = AblationPoint(
            operation=operation.name,
            template=template,
            arm="top",
            draw=0,
            task=operation.name,
            task_template=template,
            n_removed=0,
            head=None,
            accuracy=hits / len(prompts),
            n_pairs=len(prompts),
        )
        done = FinishedPiece(
            check="base",
            operation=operation.name,
            template=template,
            identity=identity,
            n_pairs=len(prompts),
        )
        context.tables.add("base", [point], [done])
        return point
