"""``--by ablation``: task accuracy without an operation's top heads, and without random ones.

For each operation: find the task prompt that the model answers best; silence its top heads one after the
other; do the same with random other heads, and on other tasks (definitions section 4; MAPS section 4.2).
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from typing import Literal

from headscribe.core.checks import AblationArm, AblationPoint
from headscribe.core.heads import Head
from headscribe.operations import Operation
from headscribe.pipeline.check.context import CheckContext
from headscribe.pipeline.check.results import AblationResult, ControlOperation, OperationLeftOut
from headscribe.pipeline.check.tasks import Task, Tasks
from headscribe.store.check.check_tables import FinishedPiece

STAGE: Literal["ablation"] = "ablation"


def ablate_operations(
    context: CheckContext, templates: Sequence[str], heads: Sequence[Head], limit: int | None = None
) -> tuple[list[AblationResult], list[OperationLeftOut]]:
    """Ablate every operation's top heads, or those given; what the tables hold already is not run again.

    Args:
        templates: task prompts to try in place of the operations' own; none for those.
        heads: heads to silence, in this order, in place of the operations' top heads; none for those.
        limit: top heads to silence at most; None for the number that goes with the model's size.
    """
    ablations = _Ablations(context, limit)
    results: list[AblationResult] = []
    left_out: list[OperationLeftOut] = []
    context.progress.start(STAGE, len(context.operations))
    for operation in context.operations:
        result = ablations.ablate(operation, templates, heads)
        if isinstance(result, OperationLeftOut):
            left_out.append(result)
        else:
            results.append(result)
        context.progress.advance(STAGE, note=operation.name)
    context.progress.finish(STAGE)
    return results, left_out


class _Ablations:
    """The ablations of one call; they share the operations' tasks."""

    def __init__(self, context: CheckContext, limit: int | None) -> None:
        from headscribe.eval.check.ablation import removal_limit

        self._context, self._tasks = context, Tasks(context)
        self._limit = limit or removal_limit(len(context.heads))

    def ablate(
        self, operation: Operation, templates: Sequence[str], heads: Sequence[Head]
    ) -> AblationResult | OperationLeftOut:
        """One operation, with the heads and templates given, or its own."""
        if missing := self._context.unscored(operation):
            return missing
        silenced = list(heads) or self._top_heads(operation)
        if not silenced:
            return OperationLeftOut(operation.name, operation.category, "no head scores above 0")
        task = self._tasks.best(operation, templates)
        if task.accuracy == 0:
            reason = (
                f"the model answers none of its {task.n_pairs} task prompts, "
                f"in {len(task.accuracies)} templates"
            )
            return OperationLeftOut(operation.name, operation.category, reason, task.template, task.n_pairs)
        return _result(task, silenced, self._points(task, silenced))

    def _top_heads(self, operation: Operation) -> list[Head]:
        from headscribe.eval.check.ablation import top_heads

        scores = self._context.scores[operation.name]
        return top_heads({head: score.score for head, score in scores.items()}, self._limit)

    def _points(self, task: Task, silenced: Sequence[Head]) -> list[AblationPoint]:
        """The accuracies on all curves of an operation; from the tables where they still hold."""
        context, controls = self._context, list(self._controls(task, silenced))
        identity = context.identity(
            task.operation,
            heads=[head.name for head in silenced],
            controls=[[control.operation.digest(), control.template] for control in controls],
            seed=context.settings.seed,
        )
        if context.done_before(STAGE, task.operation.name, task.template, identity):
            earlier = context.earlier_points[task.operation.name, task.template]
            return [point for point in earlier if not point.is_base]
        points = [*self._own_task(task, silenced), *self._other_tasks(task, silenced, controls)]
        done = FinishedPiece(
            check=STAGE,
            operation=task.operation.name,
            template=task.template,
            identity=identity,
            n_pairs=task.n_pairs,
        )
        context.tables.add("ablation", points, [done])
        return points

    def _controls(self, task: Task, silenced: Sequence[Head]) -> Iterator[Task]:
        """Other operations' tasks that the model answers about as well, and by other heads."""
        from headscribe.eval.check.ablation import alike, apart

        for other in self._context.scored_operations:
            if other.name == task.operation.name or not apart(silenced, self._top_heads(other)):
                continue
            control = self._tasks.best(other)
            if alike(task.accuracy, control.accuracy):
                yield control

    def _own_task(self, task: Task, silenced: Sequence[Head]) -> Iterator[AblationPoint]:
        """The operation's own task without its heads, and without as many random others.

        Without the first point of each curve: the accuracy with every head in place is kept by itself.
        """
        from headscribe.eval.check.ablation import RANDOM_DRAWS, random_heads

        heads, seed = self._context.heads, self._context.settings.seed
        arms: dict[tuple[AblationArm, int], Sequence[Head]] = {("top", 0): silenced}
        for draw in range(RANDOM_DRAWS):
            arms["random", draw] = random_heads(heads, silenced, seed=seed, draw=draw)
        measured = self._accuracies(task, task, list(arms.values()))
        for ((arm, draw), order), accuracies in zip(arms.items(), measured, strict=True):
            yield from _curve(task, arm, draw, task, order, accuracies)[1:]

    def _other_tasks(
        self, task: Task, silenced: Sequence[Head], controls: Sequence[Task]
    ) -> Iterator[AblationPoint]:
        """The control tasks without the operation's heads."""
        for number, control in enumerate(controls):
            [accuracies] = self._accuracies(task, control, [silenced])
            yield from _curve(task, "control", number, control, silenced, accuracies)

    def _accuracies(self, task: Task, answered: Task, orders: Sequence[Sequence[Head]]) -> list[list[float]]:
        """For each order of heads, the accuracy without the first 0, 1, 2, … of them."""
        from headscribe.eval.check.ablation import hits_without

        self._context.progress.advance(STAGE, 0, f"{task.operation.name} on {answered.operation.name}")
        prompts = self._tasks.prompts(answered.operation, answered.template)
        hits = hits_without(self._context.model, prompts, orders)
        return [[count / len(prompts) for count in counts] for counts in hits]


def _curve(
    task: Task,
    arm: AblationArm,
    draw: int,
    answered: Task,
    silenced: Sequence[Head],
    accuracies: Sequence[float],
) -> list[AblationPoint]:
    """The accuracies without the first 0, 1, 2, … heads, as points of the table."""
    return [
        AblationPoint(
            operation=task.operation.name,
            template=task.template,
            arm=arm,
            draw=draw,
            task=answered.operation.name,
            task_template=answered.template,
            n_removed=n_removed,
            head=silenced[n_removed - 1] if n_removed else None,
            accuracy=accuracy,
            n_pairs=answered.n_pairs,
        )
        for n_removed, accuracy in enumerate(accuracies)
    ]


def _result(task: Task, silenced: Sequence[Head], points: Sequence[AblationPoint]) -> AblationResult:
    """What the curves come to at their ends."""
    top = {point.n_removed: point.accuracy for point in points if point.arm == "top"}
    random = [point for point in points if point.arm == "random"]
    n_random = max((point.n_removed for point in random), default=0)
    at_end = [point.accuracy for point in random if point.n_removed == n_random]
    return AblationResult(
        operation=task.operation.name,
        category=task.operation.category,
        template=task.template,
        n_pairs=task.n_pairs,
        base=task.accuracy,
        bases=task.accuracies,
        heads=tuple(head.name for head in silenced),
        after=top[len(silenced)],
        n_random=n_random,
        after_random=statistics.fmean(at_end) if at_end else None,
        sd_random=statistics.stdev(at_end) if len(at_end) > 1 else None,
        after_same=top[n_random] if at_end else None,
        controls=tuple(_control_results(points)),
    )


def _control_results(points: Sequence[AblationPoint]) -> Iterator[ControlOperation]:
    """Each control task with every head in place, and without all of the operation's heads."""
    curves: dict[int, dict[int, AblationPoint]] = {}
    for point in points:
        if point.arm == "control":
            curves.setdefault(point.draw, {})[point.n_removed] = point
    for _, curve in sorted(curves.items()):
        first, last = curve[0], curve[max(curve)]
        yield ControlOperation(first.task, first.task_template, base=first.accuracy, after=last.accuracy)
