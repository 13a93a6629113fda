"""``--by ablation``: task accuracy without an operation's top heads, and without random ones."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headscribe.core.checks import AblationPoint
from headscribe.core.heads import Head
from headscribe.operations import Operation
from headscribe.pipeline.check.context import CheckContext
from headscribe.pipeline.check.results import AblationResult, ControlOperation, OperationLeftOut
from headscribe.store.check.check_tables import FinishedPiece

if TYPE_CHECKING:
    from headscribe.eval.check.prompts import TokenPrompt

STAGE = "ablation"


@dataclass(frozen=True, slots=True)
class _Task:
    """An operation's best task prompt, and how well the model answers it with every head in place."""

    operation: Operation
    template: str
    base: float
    n_pairs: int
    bases: dict[str, float]


class _Ablations:
    """What the ablations of several operations share: base accuracies, so that each is measured once."""

    def __init__(
        self, job: CheckContext, templates: Sequence[str], heads: Sequence[Head], limit: int | None
    ) -> None:
        from headscribe.eval.check.ablation import removal_limit

        self.job, self.templates, self.given = job, templates, list(heads)
        self._limit = limit or removal_limit(len(job.heads))
        self._tasks: dict[tuple[str, tuple[str, ...]], _Task] = {}
        self._points: dict[tuple[str, str], list[AblationPoint]] = {}
        for point in job.tables.points():
            self._points.setdefault((point.operation, point.template), []).append(point)

    def top_heads(self, operation: Operation) -> list[Head]:
        from headscribe.eval.check.ablation import top_heads

        scores = {head: score.score for head, score in self.job.scores[operation.name].items()}
        return top_heads(scores, self._limit)

    def task(self, operation: Operation, templates: Sequence[str] = ()) -> _Task:
        """The template with the highest base accuracy (the first of equals) of those given, or of its own."""
        from headscribe.eval.check.tasks import task_templates

        tried = tuple(templates) or task_templates(operation)
        if (operation.name, tried) not in self._tasks:
            bases = {template: self._base(operation, template) for template in tried}
            template = max(bases, key=lambda name: bases[name][0])
            base, n_pairs = bases[template]
            accuracies = {name: accuracy for name, (accuracy, _) in bases.items()}
            self._tasks[operation.name, tried] = _Task(operation, template, base, n_pairs, accuracies)
        return self._tasks[operation.name, tried]

    def _base(self, operation: Operation, template: str) -> tuple[float, int]:
        job, identity = self.job, self.job.identity(operation)
        there = job.tables.done("base", operation.name, template)
        known = [p for p in self._points.get((operation.name, template), []) if _is_base(p)]
        if not job.redo and there and there.identity == identity and known:
            return known[0].accuracy, known[0].n_pairs
        from headscribe.eval.check.ablation import hits_without

        prompts = self.prompts(operation, template)
        n = len(prompts)
        [[hits]] = hits_without(job.model, prompts, [[]])
        task = (operation.name, template)
        point = AblationPoint(*task, "top", 0, *task, n_removed=0, head=None, accuracy=hits / n, n_pairs=n)
        done = FinishedPiece(
            check="base", operation=operation.name, template=template, identity=identity, n_pairs=n
        )
        job.tables.add_points([point], [done])
        return point.accuracy, n

    def prompts(self, operation: Operation, template: str) -> tuple[TokenPrompt, ...]:
        from headscribe.eval.check.prompts import task_prompts

        vocabulary = self.job.checkpoint.vocabulary
        return task_prompts(operation, template, vocabulary.word_id, vocabulary.encode).prompts

    def controls(self, task: _Task, heads: Sequence[Head]) -> list[_Task]:
        """Other operations' tasks of like accuracy that other heads do."""
        from headscribe.eval.check.ablation import alike, apart

        others = (
            self.task(other)
            for other in self.job.every
            if other.name != task.operation.name
            and other.name in self.job.scores
            and apart(heads, self.top_heads(other))
        )
        return [other for other in others if alike(task.base, other.base)]

    def run(self, task: _Task, heads: Sequence[Head], controls: Sequence[_Task]) -> list[AblationPoint]:
        """All points of an operation but its base accuracy; from the table where they are done."""
        job, operation = self.job, task.operation
        identity = job.identity(
            operation,
            heads=[head.name for head in heads],
            controls=[[other.operation.digest(), other.template] for other in controls],
            seed=job.settings.seed,
        )
        there = job.tables.done("ablation", operation.name, task.template)
        if not job.redo and there and there.identity == identity:
            return [p for p in self._points[operation.name, task.template] if not _is_base(p)]
        points = self._measure(task, heads, controls)
        done = FinishedPiece(
            check="ablation",
            operation=operation.name,
            template=task.template,
            identity=identity,
            n_pairs=task.n_pairs,
        )
        job.tables.add_points(points, [done])
        return points

    def _measure(self, task: _Task, heads: Sequence[Head], controls: Sequence[_Task]) -> list[AblationPoint]:
        from headscribe.eval.check.ablation import RANDOM_DRAWS, random_heads

        job = self.job
        seed = job.settings.seed
        draws = [random_heads(job.heads, heads, seed=seed, draw=draw) for draw in range(RANDOM_DRAWS)]
        arms = [("top", 0), *(("random", draw) for draw in range(RANDOM_DRAWS))]
        # the base accuracy is a piece of work of its own, so these curves start at one head
        curves = self._curves(task, arms, task, [heads, *draws])
        points = [point for curve in curves for point in curve[1:]]
        for number, other in enumerate(controls):
            [curve] = self._curves(task, [("control", number)], other, [heads])
            points += curve
        return points

    def _curves(
        self, task: _Task, arms: Sequence[tuple[str, int]], answered: _Task, orders: Sequence[Sequence[Head]]
    ) -> list[list[AblationPoint]]:
        """One curve per arm and draw, each from the base accuracy on."""
        from headscribe.eval.check.ablation import hits_without

        self.job.progress.advance(STAGE, 0, note=f"{task.operation.name} on {answered.operation.name}")
        prompts = self.prompts(answered.operation, answered.template)
        hits = hits_without(self.job.model, prompts, orders)
        return [
            self._curve(task, arm, answered, heads, [found / len(prompts) for found in counts])
            for arm, heads, counts in zip(arms, orders, hits, strict=True)
        ]

    def _curve(
        self,
        task: _Task,
        arm: tuple[str, int],
        answered: _Task,
        heads: Sequence[Head],
        accuracies: Sequence[float],
    ) -> list[AblationPoint]:
        return [
            AblationPoint(
                operation=task.operation.name,
                template=task.template,
                arm=arm[0],
                draw=arm[1],
                task=answered.operation.name,
                task_template=answered.template,
                n_removed=count,
                head=heads[count - 1] if count else None,
                accuracy=accuracy,
                n_pairs=answered.n_pairs,
            )
            for count, accuracy in enumerate(accuracies)
        ]


def _is_base(point: AblationPoint) -> bool:
    return point.arm == "top" and point.n_removed == 0


def ablate_operations(
    job: CheckContext, templates: Sequence[str], heads: Sequence[Head], limit: int | None = None
) -> tuple[list[AblationResult], list[OperationLeftOut]]:
    """Ablate every operation's top heads, or those given; what the table holds already is not run again.

    Args:
        job: what to check.
        templates: task prompts to try in place of the operations' own; none for those.
        heads: heads to silence, in this order, in place of the operations' top heads; none for those.
        limit: top heads to silence at most; None for the number that goes with the model's size.
    """
    ablations = _Ablations(job, templates, heads, limit)
    results: list[AblationResult] = []
    left: list[OperationLeftOut] = []
    job.progress.start(STAGE, len(job.operations))
    for operation in job.operations:
        found = _ablate(ablations, operation)
        if isinstance(found, OperationLeftOut):
            left.append(found)
        else:
            results.append(found)
        job.progress.advance(STAGE, note=operation.name)
    job.progress.finish(STAGE)
    return results, left


def _ablate(ablations: _Ablations, operation: Operation) -> AblationResult | OperationLeftOut:
    if missing := ablations.job.unscored(operation):
        return missing
    heads = ablations.given or ablations.top_heads(operation)
    if not heads:
        return OperationLeftOut(operation.name, operation.category, "no head scores above 0")
    task = ablations.task(operation, ablations.templates)
    if task.base == 0:
        reason = f"the model answers none of its {task.n_pairs} task prompts, in {len(task.bases)} templates"
        return OperationLeftOut(operation.name, operation.category, reason, task.template, task.n_pairs)
    controls = ablations.controls(task, heads)
    return _result(task, heads, ablations.run(task, heads, controls))


def _result(task: _Task, heads: Sequence[Head], points: Sequence[AblationPoint]) -> AblationResult:
    top = {p.n_removed: p.accuracy for p in points if p.arm == "top"}
    n_random = max((p.n_removed for p in points if p.arm == "random"), default=0)
    drawn = [p.accuracy for p in points if p.arm == "random" and p.n_removed == n_random]
    control: dict[int, dict[int, AblationPoint]] = {}
    for point in points:
        if point.arm == "control":
            control.setdefault(point.draw, {})[point.n_removed] = point
    return AblationResult(
        operation=task.operation.name,
        category=task.operation.category,
        template=task.template,
        n_pairs=task.n_pairs,
        base=task.base,
        bases=task.bases,
        heads=tuple(head.name for head in heads),
        after=top[len(heads)],
        n_random=n_random,
        after_random=statistics.fmean(drawn) if drawn else None,
        sd_random=statistics.stdev(drawn) if len(drawn) > 1 else None,
        after_same=top[n_random] if drawn else None,
        controls=tuple(
            ControlOperation(
                task=curve[0].task,
                template=curve[0].task_template,
                base=curve[0].accuracy,
                after=curve[max(curve)].accuracy,
            )
            for _, curve in sorted(control.items())
        ),
    )
