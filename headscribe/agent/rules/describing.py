"""The describer without an LLM: from mappings to findings, and to words where these explain enough."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from headscribe.agent.rules import alike, groups, pairwise
from headscribe.agent.rules.finding import Finding
from headscribe.agent.rules.known import KnownPairs, known_pairs
from headscribe.agent.rules.parts import choose, constant_sentence, specific_findings
from headscribe.agent.rules.view import rows_of
from headscribe.core.descriptions import Outcome, Status
from headscribe.core.evidence import Evidence
from headscribe.core.statistics import wilson
from headscribe.operations import Operation, builtin_operations

RULES_VERSION = 4
"""Raised whenever the same evidence may get other words."""

NEEDED = 0.3
"""Share of the mappings that the stated patterns must explain together; with less the head is unclear."""

_GAIN = 0.1
_MOST_STATED = 3
_LEAST_HITS = 2
_EXACT = ("identity", "variant", "first letter", "last letter", "successor", "predecessor")


def find_patterns(evidence: Evidence, operations: Sequence[Operation] | None = None) -> list[Finding]:
    """Every pattern that at least two mappings follow, the one with the largest share first.

    Reads the texts of sources and targets and nothing else: no scores, no weights, no saliency.

    Args:
        evidence: the head's mappings.
        operations: the predefined operations to recognise; None for the built-in ones.
    """
    found = [item for item in _found(evidence, _known(operations)) if len(item.hits) >= _LEAST_HITS]
    return sorted(found, key=lambda item: -item.share)


def describe_by_rules(evidence: Evidence, operations: Sequence[Operation] | None = None) -> Outcome:
    """Describe one head from its mappings alone, or say that no rule explains it.

    States at most three patterns, from the most specific on: each must explain enough by itself and at least
    a tenth of the mappings that the ones before it do not, and all together ``NEEDED`` of them.

    Args:
        evidence: the head's mappings.
        operations: the predefined operations to recognise; None for the built-in ones.

    Returns:
        ``ok`` or ``unclear``. The confidence is the share of mappings that the stated patterns explain, with
        its 95% Wilson interval, of ``n_tests`` mappings: a fit to what was seen, not a test on other tokens.
    """
    n, known = len(evidence.mappings), _known(operations)
    if evidence.constant is not None:
        return _describe_parts(evidence, known)
    found = _found(evidence, known)
    inputs = _inputs(found)
    stated, explained = _choose([item for item in found if item.kind != "inputs"])
    if not stated or len(explained) < NEEDED * n:
        words = inputs.sentence(0) if inputs else "Unclear"
        return Outcome(Status.UNCLEAR, inputs=words, pattern="Unclear", n_tests=n)
    return _outcome("", stated, inputs, len(explained), n)


def _describe_parts(evidence: Evidence, known: KnownPairs) -> Outcome:
    """The outcome of a head taken apart: its constant part and its specific one, said apart."""
    constant, n = constant_sentence(evidence, known), len(evidence.mappings)
    stated = choose(specific_findings(evidence, known))
    inputs = _inputs(alike.inputs(rows_of(evidence, "promoted"), known))
    if not stated and not constant:
        words = inputs.sentence(0) if inputs else "Unclear"
        return Outcome(Status.UNCLEAR, inputs=words, pattern="Unclear", n_tests=n)
    explained = {at for item in stated for at in item.hits}
    return _outcome(constant, stated, inputs, len(explained), n)


def _outcome(
    constant: str, stated: Sequence[Finding], inputs: Finding | None, explained: int, n: int
) -> Outcome:
    low, high = wilson(explained, n)
    beyond = [constant, "Beyond that:" if stated else "Beyond that no rule was found."] if constant else []
    sentences = [*beyond, *(item.sentence(1) for item in stated)]
    if inputs and stated:
        sentences.append(inputs.sentence(0).replace("Mostly", "The sources are mostly", 1))
    return Outcome(
        Status.OK,
        inputs=inputs.sentence() if inputs else "Unclear",
        pattern=" ".join([*beyond, *(item.sentence() for item in stated)]),
        description=" ".join(sentences),
        confidence=explained / n if n else None,
        confidence_low=low if n else None,
        confidence_high=high if n else None,
        n_tests=n,
    )


def _known(operations: Sequence[Operation] | None) -> KnownPairs:
    return _builtin_pairs() if operations is None else known_pairs(tuple(operations))


@cache
def _builtin_pairs() -> KnownPairs:
    return known_pairs(tuple(builtin_operations()))


def _found(evidence: Evidence, known: KnownPairs) -> list[Finding]:
    """All findings, the most specific first: this is the order in which they may be stated."""
    if evidence.constant is not None:
        return [item for _, found in specific_findings(evidence, known) for item in found]
    if not evidence.mappings:
        return []
    rows = rows_of(evidence, "promoted")
    by_form = pairwise.relations(rows)
    looser = [*groups.topics(rows), *groups.constant_targets(rows)]
    looser += sorted([*alike.target_kinds(rows), *alike.target_spelling(rows)], key=lambda item: -item.share)
    return [
        *(item for item in by_form if item.name in _EXACT),
        *pairwise.operations(rows, known),
        *(item for item in by_form if item.name not in _EXACT),
        *pairwise.suppressed(rows_of(evidence, "suppressed"), known),
        *looser,
        *alike.inputs(rows, known),
    ]


def _choose(found: Sequence[Finding]) -> tuple[list[Finding], set[int]]:
    """The findings to state, and the places of the mappings that they explain."""
    stated: list[Finding] = []
    explained: set[int] = set()
    for item in found:
        gain = len(set(item.hits) - explained)
        if item.share >= item.needed and gain >= _GAIN * item.n and len(stated) < _MOST_STATED:
            stated.append(item)
            explained |= set(item.hits)
    return stated, explained


def _inputs(found: Sequence[Finding]) -> Finding | None:
    """The most frequent finding on the sources that may be stated."""
    enough = [item for item in found if item.kind == "inputs" and item.share >= item.needed]
    return max(enough, key=lambda item: item.share, default=None)
