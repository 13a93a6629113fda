"""From the runs of several prompts to one comparison."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headscribe.core.evaluation import named_heads
from headscribe.core.prompt_comparison import HeadResult, PromptComparison
from headscribe.operations import with_builtin
from headscribe.pipeline.describe.request import DescribeRequest
from headscribe.store.describe.run_dir import RunDir

if TYPE_CHECKING:
    from headscribe.prompts import Template

LEVEL = 0.95


def compare_runs(
    runs: Sequence[tuple[Template, RunDir]],
    request: DescribeRequest,
    model: str,
    method: str,
    threshold: float,
) -> PromptComparison:
    """Read all descriptions, and only then the operation scores.

    Args:
        runs: each template with its run; the others are compared with the first.
        request: of one of them; they describe the same heads.
        model: as typed.
        method: how they describe.
        threshold: score from which a head is expected to be described by an operation's words.

    Raises:
        BadStore: a run is damaged.
    """
    from headscribe.eval.evaluate.judging import judge_by_rules
    from headscribe.eval.evaluate.rules_judge import wordings_of
    from headscribe.eval.prompts import comparing

    heads = frozenset(request.job.heads)
    scores = [score for score in runs[0][1].map().scores() if score.head in heads]
    best = comparing.best_operations(scores, threshold)
    names = [template.reference for template, _ in runs]
    known = with_builtin(request.job.operations)
    wordings = wordings_of(known.values(), {score.operation for score in scores})
    rows: list[HeadResult] = []
    for name, (_, run) in zip(names, runs, strict=True):
        described = [row for row in run.descriptions() if row.head in heads]
        judgments, _ = judge_by_rules(described, scores, wordings, threshold)
        rows += comparing.head_results(name, described, best, named_heads(judgments))
    measures = comparing.choose_measures(rows, method)
    level, seed = 1 - (1 - LEVEL) / (len(names) - 1), request.job.settings.seed
    facts = request.job.checkpoint.facts
    found = comparing.differences(names, rows, measures, level=level, seed=seed)
    primary = {row.prompt: row for row in found if row.measure == measures[0].key}
    model_heads = facts.n_layers * facts.n_heads
    return PromptComparison(
        model=model,
        llm=request.spec.name,
        method=method,
        heads=request.heads,
        n_heads=len(heads),
        n_model_heads=model_heads,
        threshold=threshold,
        level=level,
        seed=seed,
        primary=measures[0].key,
        measures=measures,
        prompts=tuple(
            comparing.prompt_result(template.reference, template.hash, template.purpose, rows, measures)
            for template, _ in runs
        ),
        differences=tuple(found),
        verdicts=tuple(
            comparing.verdict(primary.get(name), measures[0], name, names[0], model_heads)
            for name in names[1:]
        ),
        rows=tuple(rows),
    )
