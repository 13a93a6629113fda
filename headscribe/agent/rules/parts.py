"""Heads taken apart: what they do whatever the source, and what they do because of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from headscribe.agent.rules import alike, classes, closed_sets, pairwise
from headscribe.agent.rules.finding import Finding
from headscribe.agent.rules.known import KnownPairs
from headscribe.agent.rules.looks import look
from headscribe.agent.rules.spellings import own_spellings
from headscribe.agent.rules.view import rows_of
from headscribe.core.evidence import Evidence
from headscribe.core.parts import PartsMapping
from headscribe.core.records import Token
from headscribe.core.tokens import show_token

NEEDED_CONSTANT = 0.15
"""Share of what a head writes that must be the same whatever the source, for a sentence on it."""

_ALIKE = 2 / 3
"""Share of the tokens of a constant part that must be of one kind."""

_MOST_STATED = 5
_LEAST_HITS = 4
_MOST = 0.7

_EXACT = ("first letter", "last letter", "successor", "predecessor", "near number")
_SPELLING = ("same beginning", "same ending", "same first letter")

_VAGUE = frozenset({"capitalised words", "pieces of words (no space in front)", "code"})
"""Kinds that say nothing of a head: too many tokens are of them."""


Level = tuple[int, list[Finding]]
"""Findings of one sort, the first to be stated first, and how many of them may be."""


def specific_findings(evidence: Evidence, known: KnownPairs) -> list[Level]:
    """What a head does because of the source, the most specific sort first.

    A predefined operation, a set of words and a class of similar rows are looked for among the sources that
    they are about, all else among all sources. That tokens recur whatever the source is the constant part's
    business and no finding here.
    """
    if not evidence.mappings:
        return []
    rows, suppressed = rows_of(evidence, "promoted"), rows_of(evidence, "suppressed")
    row_classes = [row.row_class if isinstance(row, PartsMapping) else -1 for row in evidence.mappings]
    targets = (token for row in evidence.mappings for token in (*row.targets, *row.suppressed))
    common = frozenset(token.text for token in targets if token.id in evidence.common)
    by_form = {item.name: item for item in pairwise.relations(rows)}
    kinds = (item for item in alike.target_kinds(rows) if item.name.removeprefix("targets: ") not in _VAGUE)
    of_targets = [*kinds, *alike.target_spelling(rows)]
    return [
        (3, classes.class_operations(rows, known, "promotes")),
        (3, closed_sets.word_sets(rows, "promotes", common)),
        (2, own_spellings(rows)),
        (1, [by_form[name] for name in _EXACT if name in by_form]),
        (1, _word_forms(by_form)),
        (2, classes.class_operations(suppressed, known, "suppresses")),
        (1, closed_sets.word_sets(suppressed, "suppresses", common)),
        (1, pairwise.suppressed_copies(suppressed)),
        (1, closed_sets.set_targets(rows, common)),
        (1, classes.shared_targets(rows, row_classes, common)),
        (1, [by_form[name] for name in _SPELLING if name in by_form]),
        (1, sorted(of_targets, key=lambda item: -item.share)),
    ]


def _word_forms(by_form: dict[str, Finding]) -> list[Finding]:
    """One ending where it accounts for most of the words of one stem, otherwise the stem."""
    stem = by_form.get("same stem")
    least = _MOST * len(stem.hits) if stem else 0
    endings = [item for name, item in by_form.items() if name.startswith(("adds", "drops"))]
    endings = sorted(endings, key=lambda item: -len(item.hits))
    return [*(item for item in endings if len(item.hits) >= least), *([stem] if stem else [])]


def choose(levels: Sequence[Level]) -> list[Finding]:
    """The findings to state, from the most specific on.

    What is about one class of sources has passed its own test. What is about all needs its share of the
    mappings. Either must account for targets of which at least half were not accounted for before.
    """
    stated: list[Finding] = []
    explained: set[tuple[int, str]] = set()
    for most, found in levels:
        left = min(most, _MOST_STATED - len(stated))
        for item in found:
            own = item.explains or {(at, "") for at in item.hits}
            enough = item.among is not None or (item.share >= item.needed and len(item.hits) >= _LEAST_HITS)
            if left > 0 and enough and len(own - explained) >= len(own) / 2:
                stated.append(_with_new_examples(item, explained))
                explained |= own
                left -= 1
    return stated


def _with_new_examples(item: Finding, explained: set[tuple[int, str]]) -> Finding:
    """The finding with examples that no finding before it could have, as far as there are any."""
    known = {word for _, word in explained}
    new = [example for example in item.examples if not {look(text).folded for text in example[1]} & known]
    return replace(item, examples=tuple(new)) if new else item


def constant_sentence(evidence: Evidence, known: KnownPairs) -> str:
    """What can be said of a head's constant part: the kind of its tokens; empty where they are of none.

    Tokens that have nothing in common are not enough, however strongly they are promoted, nor are tokens that
    fill the lists of many heads anyway.
    """
    part = evidence.constant
    if part is None or part.share < NEEDED_CONSTANT:
        return ""
    said = []
    for verb, tokens in (("promotes", part.promoted), ("suppresses", part.suppressed)):
        if found := _kind(tokens, evidence.common, known):
            kind, members = found
            shown = ", ".join(show_token(token.text) for token in members[:3])
            said.append(f"{verb} {kind}, e.g. {shown}")
    return f"Whatever the source: {'; '.join(said)}." if said else ""


def _kind(
    tokens: Sequence[Token], common: frozenset[int], known: KnownPairs
) -> tuple[str, list[Token]] | None:
    """The kind of most of the tokens, and those that are of it."""
    kinds = {token: _kinds(token, known) for token in tokens}
    counts = Counter(kind for found in kinds.values() for kind in found)
    for kind, count in counts.most_common(1):
        members = [token for token in tokens if kind in kinds[token]]
        own = [token for token in members if token.id not in common]
        if count >= _ALIKE * len(tokens) and len(own) >= 2:
            return kind, members
    return None


def _kinds(token: Token, known: KnownPairs) -> set[str]:
    """Kinds that say something of a constant part; rows of punctuation marks are pieces of code."""
    shape = look(token.text)
    found = {*shape.kinds, *known.kinds(shape.folded)} - _VAGUE
    return found - {"punctuation"} if len(shape.word) > 2 else found
