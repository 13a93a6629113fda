"""Heads that the literature names, and which of them a map recovers (docs/compare.md lists them)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from headscribe.core.analyses import KnownHead, KnownHeads, Recovered, RoleRecovery
from headscribe.core.heads import Head, parse_head
from headscribe.core.settings import RELATION_HEAD
from headscribe.eval.compare.model_profile import relation_heads
from headscribe.eval.compare.score_table import ScoreTable


@dataclass(frozen=True, slots=True)
class Role:
    """A role that the literature gives heads, and the scores that would show it.

    Attributes:
        name: what the literature calls it.
        does: what a head of this role does, in a few words.
        column: which score shows it; None for roles of attention, which value and output weights do not show.
        operations: operations any of which would show it.
    """

    name: str
    does: str
    column: Literal["score", "suppression_score"] | None
    operations: tuple[str, ...]

    @property
    def criterion(self) -> str:
        """The rule in words, such as ``score of name_copying``."""
        if self.column is None:
            return "none: a role of attention"
        return f"{self.column.replace('_', ' ')} of {' or '.join(self.operations)}"


@dataclass(frozen=True, slots=True)
class Named:
    """A head and the role the literature gives it.

    Attributes:
        head: the head.
        role: what it is called.
        source: key of the publication.
        place: place in it, or the measure that the publication goes by.
        published: the head's figure by that measure there, None where it gives none.
    """

    head: Head
    role: Role
    source: str
    place: str
    published: float | None


@dataclass(frozen=True, slots=True)
class Source:
    """A publication: citation, address, and against what its heads were checked for this list."""

    key: str
    citation: str
    url: str
    checked: str


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model whose heads the literature names.

    Attributes:
        name: what the literature calls it.
        hub_ids: its names on the hub.
        shape: facts of its config; another model of the same shape (a fine-tune) has them too.
        heads: the named heads; a head with several roles or sources stands here several times.
        sources: the publications that they cite.
    """

    name: str
    hub_ids: tuple[str, ...]
    shape: Mapping[str, str | int]
    heads: tuple[Named, ...]
    sources: tuple[Source, ...]


@cache
def known_models() -> tuple[KnownModel, ...]:
    """The bundled list (``data/known_heads.json``)."""
    text = resources.files("headscribe.eval.compare").joinpath("data", "known_heads.json").read_text("utf-8")
    data = json.loads(text)
    roles = {
        name: Role(name, entry["does"], entry["column"], tuple(entry["operations"]))
        for name, entry in data["roles"].items()
    }
    sources = {key: Source(key, **entry) for key, entry in data["sources"].items()}
    return tuple(_model(entry, roles, sources) for entry in data["models"])


def _model(entry: dict[str, Any], roles: Mapping[str, Role], sources: Mapping[str, Source]) -> KnownModel:
    heads = [
        Named(parse_head(row["head"]), roles[row["role"]], row["source"], row["place"], row.get("published"))
        for row in entry["heads"]
    ]
    used = sorted({row.source for row in heads})
    return KnownModel(
        name=entry["name"],
        hub_ids=tuple(entry["hub_ids"]),
        shape=entry["shape"],
        heads=tuple(sorted(heads, key=lambda row: (row.head, row.role.name))),
        sources=tuple(sources[key] for key in used),
    )


def recognise(facts: Mapping[str, Any], hub_id: str | None) -> tuple[KnownModel, bool] | None:
    """The known model that a map may be of, and whether that is certain.

    Args:
        facts: facts of the mapped model's config (family, n_layers, n_heads, d_model, n_tokens, …).
        hub_id: the id it was fetched by, None for a local folder.

    A folder's name proves nothing, and a fine-tuned model shares its parent's shape: without the hub id the
    shape alone is a condition ("if this is GPT-2 small"), never a finding.
    """
    for model in known_models():
        if all(facts.get(name) == value for name, value in model.shape.items()):
            return model, hub_id in model.hub_ids
    return None


def recovery(
    table: ScoreTable, model: KnownModel, *, certain: bool, threshold: float = RELATION_HEAD
) -> KnownHeads:
    """Set the literature's heads beside a map.

    Args:
        table: the scores of the map.
        model: whose heads.
        certain: whether the map is of that very model.
        threshold: score from which a head counts as recovered, or as a relation head.
    """
    roles = {named.role.name: named.role for named in model.heads}
    shown = {name: _best(table, role) for name, role in roles.items()}
    heads = tuple(_known(table, named, shown[named.role.name], threshold) for named in model.heads)
    named_heads = {named.head for named in model.heads}
    return KnownHeads(
        model=model.name,
        certain=certain,
        heads=heads,
        roles=tuple(
            _counted(role, heads, shown[role.name], threshold)
            for role in sorted(roles.values(), key=lambda role: role.column is None)
        ),
        unlisted=tuple(row for row in relation_heads(table, threshold) if row.head not in named_heads),
        citations=tuple((source.key, source.citation, source.url) for source in model.sources),
    )


@dataclass(frozen=True, slots=True)
class _Best:
    """For each scored head, the operation of a role that fits best: names and scores, [heads]."""

    operations: tuple[str, ...]
    scores: NDArray[np.float64]


def _best(table: ScoreTable, role: Role) -> _Best | None:
    operations = [name for name in role.operations if name in table.operations]
    if role.column is None or not operations:
        return None
    chosen = table.select(operations)
    values = chosen.scores if role.column == "score" else chosen.suppression
    filled = np.where(np.isnan(values), -1.0, values)
    columns = filled.argmax(axis=1)
    scores = np.take_along_axis(values, columns[:, None], axis=1)[:, 0]
    return _Best(tuple(operations[i] for i in columns), scores)


def _known(table: ScoreTable, named: Named, best: _Best | None, threshold: float) -> KnownHead:
    outcome: Recovered = "not testable" if named.role.column is None else "not scored"
    operation, score = None, None
    if best is not None and named.head in table.heads:
        row = table.heads.index(named.head)
        if not np.isnan(best.scores[row]):
            operation, score = best.operations[row], float(best.scores[row])
            outcome = "recovered" if score >= threshold else "not recovered"
    return KnownHead(
        head=named.head,
        role=named.role.name,
        source=named.source,
        place=named.place,
        published=named.published,
        outcome=outcome,
        operation=operation,
        score=score,
    )


def _counted(role: Role, heads: Sequence[KnownHead], best: _Best | None, threshold: float) -> RoleRecovery:
    own = [row for row in heads if row.role == role.name]
    all_scores = best.scores[~np.isnan(best.scores)] if best else np.empty(0)
    return RoleRecovery(
        role=role.name,
        criterion=role.criterion,
        n_known=len(own),
        n_testable=sum(row.score is not None for row in own),
        n_recovered=sum(row.outcome == "recovered" for row in own),
        base_rate=float((all_scores >= threshold).mean()) if len(all_scores) else None,
    )
