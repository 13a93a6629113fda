"""``--by correlation`` and ``--by multi-token``: dynamic scores of every head, against those of the map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
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
    context: CheckContext, by: By, templates: Sequence[str]
) -> tuple[list[CorrelationResult], list[OperationLeftOut]]:
    """Check every operation in every template; what the tables hold already is not run again."""
    earlier: dict[tuple[str, str], list[DynamicScore]] = {}
    for score in context.tables.scores(by):
        earlier.setdefault((score.operation, score.template), []).append(score)
    results: list[CorrelationResult] = []
    left_out: list[OperationLeftOut] = []
    context.progress.start(STAGE, len(context.operations))
    for operation in context.operations:
        if missing := context.unscored(operation):
            left_out.append(missing)
        else:
            pieces, scores = _finish(context, by, operation, templates, earlier)
            result, without = _result(context, operation, pieces, scores)
            results += [result] if result else []
            left_out += without
        context.progress.advance(STAGE, note=operation.name)
    context.progress.finish(STAGE)
    return results, left_out


def _finish(
    context: CheckContext,
    by: By,
    operation: Operation,
    templates: Sequence[str],
    earlier: Mapping[tuple[str, str], list[DynamicScore]],
) -> tuple[list[FinishedPiece], Scores]:
    """An operation's pieces of work, one per template, and their scores; run where not yet done."""
    identity = _identity(context, operation)
    pieces: dict[str, FinishedPiece] = {}
    for template in templates:
        if piece := context.done_before(by, operation.name, template, identity):
            pieces[template] = piece
    scores = {template: earlier.get((operation.name, template), []) for template in pieces}
    if missing := [template for template in templates if template not in pieces]:
        new_scores, new_pieces = _run(context, by, operation, missing)
        pieces |= {piece.template: piece for piece in new_pieces}
        scores |= new_scores
    return [pieces[template] for template in templates], scores


def _identity(context: CheckContext, operation: Operation) -> str:
    return context.identity(operation, k=_any_score(context, operation).k)


def _any_score(context: CheckContext, operation: Operation) -> OperationScore:
    return next(iter(context.scores[operation.name].values()))


def _run(
    context: CheckContext, by: By, operation: Operation, templates: Sequence[str]
) -> tuple[Scores, list[FinishedPiece]]:
    """Run the model on the templates' prompts, and keep the scores."""
    from headscribe.eval.check.dynamic import dynamic_hits
    from headscribe.eval.check.prompts import multi_token_prompts, word_prompts

    make = word_prompts if by == "correlation" else multi_token_prompts
    vocabulary = context.checkpoint.vocabulary
    sets = [make(operation, template, vocabulary.word_id, vocabulary.encode) for template in templates]
    enough = [made for made in sets if valid(len(made.prompts))]
    k = _any_score(context, operation).k
    hits = (
        dynamic_hits(context.model, [made.prompts for made in enough], context.readout, k) if enough else []
    )
    scores: Scores = {}
    for made, found in zip(enough, hits, strict=True):
        scores[made.template] = [
            DynamicScore(
                operation=operation.name,
                template=made.template,
                head=head,
                static=context.scores[operation.name][head].score,
                dynamic=found.context[head.layer][head.head] / found.n,
                dynamic_forced=found.forced[head.layer][head.head] / found.n,
                static_suppression=context.scores[operation.name][head].suppression_score,
                dynamic_suppression=found.context_suppression[head.layer][head.head] / found.n,
                dynamic_forced_suppression=found.forced_suppression[head.layer][head.head] / found.n,
                n_pairs=found.n,
            )
            for head in context.heads
        ]
    done = [
        FinishedPiece(
            check=by,
            operation=operation.name,
            template=made.template,
            identity=_identity(context, operation),
            skipped=made.skipped,
            n_pairs=len(made.prompts),
        )
        for made in sets
    ]
    context.tables.add(by, (score for rows in scores.values() for score in rows), done)
    return scores, done


def _result(
    context: CheckContext, operation: Operation, pieces: Sequence[FinishedPiece], scores: Scores
) -> tuple[CorrelationResult | None, list[OperationLeftOut]]:
    """The correlations of an operation over the templates with enough prompts, and the other templates."""
    used: list[FinishedPiece] = []
    left_out: list[OperationLeftOut] = []
    skipped: Counter[str] = Counter()
    for piece in pieces:
        skipped.update(piece.skipped)
        if scores.get(piece.template):
            used.append(piece)
        else:
            left_out.append(too_few(operation, piece.n_pairs, piece.template))
    if not used:
        return None, left_out
    tables = [scores[piece.template] for piece in used]
    static = _any_score(context, operation)
    result = CorrelationResult(
        operation=operation.name,
        category=operation.category,
        k=static.k,
        n_pairs=static.n_pairs,
        prompts={piece.template: piece.n_pairs for piece in used},
        skipped=dict(skipped),
        context=_correlate(context, tables, "static", "dynamic"),
        forced=_correlate(context, tables, "static", "dynamic_forced"),
        suppression=_correlate(context, tables, "static_suppression", "dynamic_suppression"),
        forced_suppression=_correlate(context, tables, "static_suppression", "dynamic_forced_suppression"),
        best_static=max(score.static for score in tables[0]),
    )
    return result, left_out


def _correlate(
    context: CheckContext, tables: list[list[DynamicScore]], static: str, dynamic: str
) -> Correlation:
    from headscribe.eval.check.correlation import correlate

    return correlate(
        [getattr(score, static) for score in tables[0]],
        [[getattr(score, dynamic) for score in table] for table in tables],
        seed=context.settings.seed,
    )
