"""What a template may show of a head taken apart; a budget of tokens decides how many rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

from headscribe.core.evidence import Evidence
from headscribe.core.parts import PartsMapping
from headscribe.core.records import Token
from headscribe.prompts.estimate import estimate_tokens

LONGEST_TOKEN = 100
"""Characters of a token that enter a prompt; some vocabularies hold runs of hundreds."""

BUDGET = {"sharpest": 1600, "salient": 600}
"""Tokens, as estimated, that the rows of each ranking may take."""

MEMBERS, LOWERED, ROLES = 4, 3, 4
"""Other sources and suppressed targets shown of a row, and roles of a head."""

ATTRIBUTES = (
    "source", "targets", "suppressed", "members", "strength", "share", "promoted", "sources", "far_sources",
    "far_targets",
)  # fmt: skip
"""What a template may ask of a row, of the constant part and of a role."""


def token_text(token: Token) -> str:
    """A token's text as it enters a prompt."""
    return token.text if len(token.text) <= LONGEST_TOKEN else token.text[:LONGEST_TOKEN] + "…"


def _texts(tokens: Iterable[Token]) -> list[str]:
    return [token_text(token) for token in tokens]


def _row(row: PartsMapping) -> dict[str, Any]:
    return {
        "source": token_text(row.source),
        "targets": _texts(row.targets),
        "suppressed": _texts(row.suppressed[:LOWERED]),
        "members": _texts(row.members[:MEMBERS]),
        "strength": round(row.strength, 1),
    }


def _rows(evidence: Evidence, ranking: str) -> list[PartsMapping]:
    """As many rows of a ranking, from its first on, as its budget has room for."""
    left, kept = BUDGET[ranking], []
    for row in evidence.mappings:
        if isinstance(row, PartsMapping) and row.ranking == ranking:
            left -= estimate_tokens(str(_row(row)))
            if left < 0:
                break
            kept.append(row)
    return kept


def _classes(rows: Sequence[PartsMapping]) -> list[list[dict[str, Any]]]:
    """Rows of one class together, by the class's sharpest row."""
    in_classes = sorted(rows, key=lambda row: row.row_class)
    return [list(map(_row, group)) for _, group in groupby(in_classes, key=lambda row: row.row_class)]


def _constant(evidence: Evidence) -> dict[str, Any]:
    part = evidence.constant
    if part is None:
        return {"share": 0, "promoted": [], "suppressed": []}
    share = round(100 * part.share)
    return {"share": share, "promoted": _texts(part.promoted), "suppressed": _texts(part.suppressed)}


def _roles(evidence: Evidence) -> list[dict[str, list[str]]]:
    sides = ("sources", "targets", "far_sources", "far_targets")
    return [{side: _texts(getattr(role, side)) for side in sides} for role in evidence.roles[:ROLES]]


def _common(evidence: Evidence) -> list[str]:
    """Texts of those common tokens that stand among the targets of the parts, of the shown rows and roles."""
    shown = (*_rows(evidence, "sharpest"), *_rows(evidence, "salient"))
    constant = evidence.constant
    parts = (*constant.promoted, *constant.suppressed) if constant else ()
    of_rows = (token for row in shown for token in (*row.targets, *row.suppressed[:LOWERED]))
    of_roles = (token for role in evidence.roles[:ROLES] for token in (*role.targets, *role.far_targets))
    tokens = (*parts, *of_rows, *of_roles)
    return list(dict.fromkeys(token_text(token) for token in tokens if token.id in evidence.common))


PARTS_VARIABLES: dict[str, Callable[[Evidence], Any]] = {
    "constant": _constant,
    "sharpest": lambda evidence: _classes(_rows(evidence, "sharpest")),
    "salient": lambda evidence: list(map(_row, _rows(evidence, "salient"))),
    "roles": _roles,
    "common": _common,
}
"""The variables that ask for a head taken apart."""
