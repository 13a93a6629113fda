"""What weights say of each head beside what contexts say: ``heads_in_context.parquet``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headscribe.core.descriptions import Description, Status
from headscribe.core.errors import BadStore
from headscribe.core.heads import Head
from headscribe.core.lookup_scores import Explanation, Pair, PairScore
from headscribe.core.lookups import HeadActivity
from headscribe.core.records import Token
from headscribe.core.tokens import show_token
from headscribe.pipeline.lookups.asked_stages import read_explanations, read_scores
from headscribe.pipeline.lookups.model_stages import read_neurons, read_pairs
from headscribe.store.atomic import replacing
from headscribe.store.describe.descriptions import DESCRIPTIONS
from headscribe.store.describe.run_dir import RunDir
from headscribe.store.lookups.lookup_dir import LookupDir
from headscribe.store.lookups.lookup_tables import HEADS_IN_CONTEXT, JoinedRow


@dataclass(frozen=True, slots=True)
class HeadInContext:
    """What weights and contexts say of a head.

    Attributes:
        head: the head.
        description: by its weights, None without one.
        token: of the neuron that the head feeds; None for a head that feeds none.
        activity: how often it does.
        explanation: when it does.
        score: how well the explanation tells unseen prompts apart, None where it was not scored.
    """

    head: Head
    description: Description | None
    token: Token | None = None
    activity: HeadActivity | None = None
    explanation: Explanation | None = None
    score: PairScore | None = None

    @property
    def in_words(self) -> str:
        """Both in one sentence or two, as far as they are known."""
        said = self.description.outcome.description if self.description else None
        parts = [f"By its weights: {said}"] if said else []
        if self.token and self.explanation and self.explanation.text:
            parts.append(f"Feeds {show_token(self.token.text)} in these contexts: {self.explanation.text}")
        return " ".join(parts)


def heads_in_context(found: LookupDir) -> list[HeadInContext]:
    """Every pair of a next-token neuron and a head that feeds it, and every other described head.

    Best scores first within a head; heads in model order.
    """
    described = descriptions_beside(found)
    tokens = {one.neuron: one.token for one in read_neurons(found) if one.arm == "next-token"}
    explained = {row.pair: row for row in read_explanations(found)}
    scores = {row.pair: row for row in read_scores(found)}
    rows = []
    for row in read_pairs(found):
        if row.neuron not in tokens:
            continue
        pair = Pair(row.neuron, row.head)
        said = described.get(row.head)
        explanation, score = explained.get(pair), scores.get(pair)
        rows.append(HeadInContext(row.head, said, tokens[row.neuron], row, explanation, score))
    fed = {row.head for row in rows}
    rows += [HeadInContext(head, said) for head, said in described.items() if head not in fed]
    return sorted(rows, key=_order)


def explained_contexts(found: LookupDir) -> list[dict[str, Any]]:
    """The explained pairs as plain data, the best scored first."""
    rows = [
        {
            "head": one.head.name,
            "neuron": one.activity.neuron.name,
            "token": one.token.text,
            "share": one.activity.share,
            "explanation": one.explanation.text,
            "score": one.score.score if one.score else None,
        }
        for one in heads_in_context(found)
        if one.activity and one.token and one.explanation and one.explanation.text
    ]
    return sorted(rows, key=lambda row: -1 if row["score"] is None else row["score"], reverse=True)


def write_joined(found: LookupDir) -> Path:
    """Write ``heads_in_context.parquet``; gives where it lies."""
    path = HEADS_IN_CONTEXT.path(found.run)
    with replacing(path) as temporary:
        HEADS_IN_CONTEXT.write(temporary, map(_row, heads_in_context(found)))
    return path


def _row(one: HeadInContext) -> JoinedRow:
    outcome = one.description.outcome if one.description else None
    return JoinedRow(
        head=one.head,
        description=outcome.description if outcome else None,
        confidence=outcome.confidence if outcome else None,
        neuron=one.activity.neuron if one.activity else None,
        token=one.token.text if one.token else None,
        share=one.activity.share if one.activity else None,
        explanation=one.explanation.text if one.explanation else None,
        score=one.score.score if one.score else None,
        low=one.score.low if one.score else None,
        high=one.score.high if one.score else None,
        in_words=one.in_words,
    )


def _order(one: HeadInContext) -> tuple[Head, float]:
    return one.head, -(one.score.score or 0.0) if one.score else 0.0


def descriptions_beside(found: LookupDir) -> dict[Head, Description]:
    """The descriptions of the run beside, of those heads that have one."""
    beside = Path(found.header.describe_run) if found.header and found.header.describe_run else found.run
    if not DESCRIPTIONS.path(beside).is_file():
        return {}
    try:
        run = RunDir.open(beside)
        rows = run.descriptions()
    except BadStore:
        return {}
    if found.header is None or run.header.model.weights_hash != found.header.model.weights_hash:
        return {}
    return {row.head: row for row in rows if row.outcome.status is Status.OK}
