"""``--by correlation`` and ``--by multi-token``: dynamic scores of every head, against those of the maps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from headscribe.core.checks import DynamicScore
from headscribe.core.records import OperationScore
from headscribe.core.settings import MapView, Norms
from headscribe.operations import Operation, valid
from headscribe.pipeline.check.context import CheckContext, too_few
from headscribe.pipeline.check.results import CorrelationResult, OperationLeftOut, ViewCorrelation
from headscribe.pipeline.check.views import (
    CheckedView,
    Scores,
    compare_views,
    four_correlations,
    static_scores,
)
from headscribe.store.check.check_tables import FinishedPiece

if TYPE_CHECKING:
    from headscribe.eval.check.dynamic import Hits
    from headscribe.eval.check.prompts import PromptSet

By = Literal["correlation", "multi-token"]
STAGE = "dynamic scores"

_Earlier = Mapping[tuple[str, str, MapView], list[DynamicScore]]
"""Scores that the tables hold, by operation, template and view."""


def correlate_operations(
    context: CheckContext, by: By, templates: Sequence[str]
) -> tuple[list[CorrelationResult], list[ViewCorrelation], list[OperationLeftOut]]:
    """Check every operation in every template and view; what the tables hold already is not run again."""
    earlier: dict[tuple[str, str, MapView], list[DynamicScore]] = {}
    for score in context.tables.scores(by):
        earlier.setdefault((score.operation, score.template, score.view), []).append(score)
    results: list[CorrelationResult] = []
    left_out: list[OperationLeftOut] = []
    checked: dict[MapView, dict[str, Scores]] = {one.view: {} for one in context.views}
    context.progress.start(STAGE, len(context.operations))
    for operation in context.operations:
        if missing := context.unscored(operation):
            left_out.append(missing)
        else:
            pieces, scores = _finish(context, by, operation, templates, earlier)
            for one in context.views:
                checked[one.view][operation.name] = scores[one.view]
                results += _results(one, operation, pieces, scores[one.view])
            left_out += [
                too_few(operation, piece.n_pairs, piece.template)
                for piece in pieces
                if piece.template not in scores[context.views[0].view]
            ]
        context.progress.advance(STAGE, note=operation.name)
    context.progress.finish(STAGE)
    return results, compare_views(context.views, checked), left_out


def _finish(
    context: CheckContext, by: By, operation: Operation, templates: Sequence[str], earlier: _Earlier
) -> tuple[list[FinishedPiece], dict[MapView, Scores]]:
    """An operation's pieces of work, one per template, and their scores by view; run where not yet done."""
    pieces: dict[str, FinishedPiece] = {}
    scores: dict[MapView, Scores] = {}
    missing: dict[MapView, list[str]] = {}
    for one in context.views:
        identity, own = _identity(context, one, operation), scores.setdefault(one.view, {})
        for template in templates:
            piece = context.done_before(by, operation.name, template, identity, one.view)
            if piece is None:
                missing.setdefault(one.view, []).append(template)
                continue
            pieces[template] = piece
            if found := earlier.get((operation.name, template, one.view)):
                own[template] = found
    if missing:
        for piece, found in _run(context, by, operation, missing):
            pieces[piece.template] = piece
            if found:
                scores[found[0].view][piece.template] = found
    return [pieces[template] for template in templates], scores


def _identity(context: CheckContext, one: CheckedView, operation: Operation) -> str:
    more = {"parts": one.parts} if one.parts != ("whole",) else {}
    return context.identity(operation, one.settings, k=_any_score(one, operation).k, **more)


def _any_score(one: CheckedView, operation: Operation) -> OperationScore:
    return next(iter(one.scores[operation.name].values()))


def _run(
    context: CheckContext, by: By, operation: Operation, missing: Mapping[MapView, Sequence[str]]
) -> list[tuple[FinishedPiece, list[DynamicScore]]]:
    """Run the model on the prompts of the templates that some view lacks, and keep the scores."""
    from headscribe.eval.check.dynamic import hits_by_readout
    from headscribe.eval.check.prompts import multi_token_prompts, word_prompts

    make = word_prompts if by == "correlation" else multi_token_prompts
    vocabulary = context.checkpoint.vocabulary
    templates = dict.fromkeys(template for some in missing.values() for template in some)
    sets = [make(operation, template, vocabulary.word_id, vocabulary.encode) for template in templates]
    enough = [made for made in sets if valid(len(made.prompts))]
    views = [one for one in context.views if one.view in missing]
    read_with = {one.settings.folding: one.settings for one in views}
    hits: dict[tuple[Norms, str], Hits] = {}
    if enough:
        readouts = [context.readout(settings) for settings in read_with.values()]
        k = _any_score(views[0], operation).k
        found = hits_by_readout(context.model, [made.prompts for made in enough], readouts, k)
        for norms, tables in zip(read_with, found, strict=True):
            hits |= {(norms, made.template): table for made, table in zip(enough, tables, strict=True)}
    done = [
        (
            _piece(context, by, one, operation, made),
            _scores(context, one, operation, made.template, hits.get((one.settings.folding, made.template))),
        )
        for one in views
        for made in sets
        if made.template in missing[one.view]
    ]
    scores = (score for _, rows in done for score in rows)
    context.tables.add(by, scores, [piece for piece, _ in done])
    return done


def _piece(
    context: CheckContext, by: By, one: CheckedView, operation: Operation, made: PromptSet
) -> FinishedPiece:
    return FinishedPiece(
        check=by,
        operation=operation.name,
        template=made.template,
        view=one.view,
        identity=_identity(context, one, operation),
        skipped=made.skipped,
        n_pairs=len(made.prompts),
    )


def _scores(
    context: CheckContext, one: CheckedView, operation: Operation, template: str, found: Hits | None
) -> list[DynamicScore]:
    """The scores of all heads in a template; none where it had too few prompts."""
    if found is None:
        return []
    static = one.scores[operation.name]
    # the leading scores of a head are those of the specific part where there is one
    specific = {
        head: (score.promotion.score, score.suppression.score)
        for head, score in static.items()
        if score.specific_hits is not None
    }
    return [
        DynamicScore(
            operation=operation.name,
            template=template,
            head=head,
            static=static[head].score,
            dynamic=found.context[head.layer][head.head] / found.n,
            dynamic_forced=found.forced[head.layer][head.head] / found.n,
            static_suppression=static[head].suppression_score,
            dynamic_suppression=found.context_suppression[head.layer][head.head] / found.n,
            dynamic_forced_suppression=found.forced_suppression[head.layer][head.head] / found.n,
            n_pairs=found.n,
            view=one.view,
            static_specific=specific.get(head, (None, None))[0],
            static_specific_suppression=specific.get(head, (None, None))[1],
        )
        for head in context.heads
    ]


def _results(
    one: CheckedView, operation: Operation, pieces: Sequence[FinishedPiece], scores: Scores
) -> list[CorrelationResult]:
    """The correlations of an operation over the templates with enough prompts, none if there is none."""
    used = [piece for piece in pieces if piece.template in scores]
    if not used:
        return []
    skipped: Counter[str] = Counter()
    for piece in pieces:
        skipped.update(piece.skipped)
    tables = [scores[piece.template] for piece in used]
    static = _any_score(one, operation)
    return [
        CorrelationResult(
            operation=operation.name,
            category=operation.category,
            k=static.k,
            n_pairs=static.n_pairs,
            prompts={piece.template: piece.n_pairs for piece in used},
            skipped=dict(skipped),
            best_static=max(static_scores(tables[0], part)),
            view=one.view,
            part=part,
            **four_correlations(tables, tables, part, one.settings.seed),
        )
        for part in one.parts
    ]
