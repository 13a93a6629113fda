"""``--by correlation`` and ``--by multi-token``: dynamic scores of every head, against those of the map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from headscribe.core.checks import Correlation, DynamicScore
from headscribe.core.records import OperationScore
from headscribe.operations import Operation, valid
from headscribe.pipeline.check.context import CheckContext, too_few
from headscribe.pipeline.check.results import CorrelationResult, OperationLeftOut
from headscribe.store.check.check_tables import FinishedPiece

By = Literal["correlation", "multi-token"]
STAGE = "dynamic scores"

Scores = dict[str, list[DynamicScore]]
"""Per template, the scores of all heads in model order."""


def correlate_operations(
    job: CheckContext, by: By, templates: Sequence[str]
) -> tuple[list[CorrelationResult], list[OperationLeftOut]]:
    """Check every operation in every template; what the tables hold already is not run again."""
    there: dict[tuple[str, str], list[DynamicScore]] = {}
    for score in job.tables.scores(by):
        there.setdefault((score.operation, score.template), []).append(score)
    results: list[CorrelationResult] = []
    left: list[OperationLeftOut] = []
    job.progress.start(STAGE, len(job.operations))
    for operation in job.operations:
        if missing := job.unscored(operation):
            left.append(missing)
        else:
            pieces = _pieces(job, by, operation, templates)
            done = [template for template, piece in pieces.items() if piece]
            scores = {template: there.get((operation.name, template), []) for template in done}
            todo = [template for template in templates if template not in done]
            if todo:
                new, finished = _run(job, by, operation, todo)
                pieces |= {item.template: item for item in finished}
                scores |= new
            result, without = _result(job, operation, [pieces[t] for t in templates], scores)
            results += [result] if result else []
            left += without
        job.progress.advance(STAGE, note=operation.name)
    job.progress.finish(STAGE)
    return results, left


def _pieces(
    job: CheckContext, by: By, operation: Operation, templates: Sequence[str]
) -> dict[str, FinishedPiece | None]:
    """Per template, the piece of work that is done and still holds."""
    found: dict[str, FinishedPiece | None] = {}
    for template in templates:
        piece = None if job.redo else job.tables.done(by, operation.name, template)
        found[template] = piece if piece and piece.identity == _identity(job, operation) else None
    return found


def _identity(job: CheckContext, operation: Operation) -> str:
    return job.identity(operation, k=_any_score(job, operation).k)


def _any_score(job: CheckContext, operation: Operation) -> OperationScore:
    return next(iter(job.scores[operation.name].values()))


def _run(
    job: CheckContext, by: By, operation: Operation, templates: Sequence[str]
) -> tuple[Scores, list[FinishedPiece]]:
    """Run the model on the templates' prompts, and keep the scores."""
    from headscribe.eval.check.dynamic import dynamic_hits
    from headscribe.eval.check.prompts import multi_token_prompts, word_prompts

    make = word_prompts if by == "correlation" else multi_token_prompts
    vocabulary = job.checkpoint.vocabulary
    sets = [make(operation, template, vocabulary.word_id, vocabulary.encode) for template in templates]
    enough = [made for made in sets if valid(len(made.prompts))]
    k = _any_score(job, operation).k
    hits = dynamic_hits(job.model, [made.prompts for made in enough], job.readout, k) if enough else []
    scores: Scores = {}
    for made, found in zip(enough, hits, strict=True):
        scores[made.template] = [
            DynamicScore(
                operation=operation.name,
                template=made.template,
                head=head,
                static=job.scores[operation.name][head].score,
                dynamic=found.context[head.layer][head.head] / found.n,
                dynamic_forced=found.forced[head.layer][head.head] / found.n,
                static_suppression=job.scores[operation.name][head].suppression_score,
                dynamic_suppression=found.context_suppression[head.layer][head.head] / found.n,
                dynamic_forced_suppression=found.forced_suppression[head.layer][head.head] / found.n,
                n_pairs=found.n,
            )
            for head in job.heads
        ]
    done = [
        FinishedPiece(
            check=by,
            operation=operation.name,
            template=made.template,
            identity=_identity(job, operation),
            skipped=made.skipped,
            n_pairs=len(made.prompts),
        )
        for made in sets
    ]
    job.tables.add_scores(by, (score for rows in scores.values() for score in rows), done)
    return scores, done


def _result(
    job: CheckContext, operation: Operation, pieces: Sequence[FinishedPiece | None], scores: Scores
) -> tuple[CorrelationResult | None, list[OperationLeftOut]]:
    """The correlations of an operation over the templates with enough prompts, and the other templates."""
    used: list[FinishedPiece] = []
    left: list[OperationLeftOut] = []
    skipped: Counter[str] = Counter()
    for piece in pieces:
        assert piece is not None
        skipped.update(piece.skipped)
        if scores.get(piece.template):
            used.append(piece)
        else:
            left.append(too_few(operation, piece.n_pairs, piece.template))
    if not used:
        return None, left
    tables = [scores[piece.template] for piece in used]
    static = _any_score(job, operation)
    result = CorrelationResult(
        operation=operation.name,
        category=operation.category,
        k=static.k,
        n_pairs=static.n_pairs,
        prompts={piece.template: piece.n_pairs for piece in used},
        skipped=dict(skipped),
        context=_correlate(job, tables, "static", "dynamic"),
        forced=_correlate(job, tables, "static", "dynamic_forced"),
        suppression=_correlate(job, tables, "static_suppression", "dynamic_suppression"),
        forced_suppression=_correlate(job, tables, "static_suppression", "dynamic_forced_suppression"),
        best_static=max(score.static for score in tables[0]),
    )
    return result, left


def _correlate(job: CheckContext, tables: list[list[DynamicScore]], static: str, dynamic: str) -> Correlation:
    from headscribe.eval.check.correlation import correlate

    return correlate(
        [getattr(score, static) for score in tables[0]],
        [[getattr(score, dynamic) for score in table] for table in tables],
        seed=job.settings.seed,
    )
