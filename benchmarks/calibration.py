"""What a confidence is worth: simulated describers, and readers of known skill and prior knowledge."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean

from benchmarks.simulated import Prior, Simulated, family_of, half_right, planted_evidence, right, wrong
from headscribe.agent.verified import Verified
from headscribe.core.descriptions import Outcome, Status
from headscribe.core.rounds import Kind
from headscribe.core.settings import DescribeSettings
from headscribe.prompts import load_template

HEADS = 200
"""Simulated heads per row of results."""

ROWS = {"21": 7, "42": 14, "81": 27}
"""Test rows that make so many items between heads."""

SKILLS = (0.6, 0.75, 0.9, 0.95)
PRIORS: dict[str, Prior] = {"guesses": "none", "takes what looks related": "related", "always A": "A"}
NEVER = 1e-9
"""A width that no interval has: all items are asked."""

_GUESSED: dict[Prior, dict[Kind, float]] = {
    "none": {"true": 0.5, "other-row": 0.5, "other-targets": 0.5, "random": 0.5, "pick": 0.75},
    "related": {"true": 0.0, "other-row": 1.0, "other-targets": 0.0, "random": 0.0, "pick": 0.75},
    "A": {"true": 0.0, "other-row": 1.0, "other-targets": 1.0, "random": 1.0, "pick": 0.75},
}
"""How often a reader who has no description is wrong, by what it goes by."""


@dataclass(frozen=True)
class Coverage:
    """How often the interval held the true lift, how wide it was where it had ends, and the mean lift."""

    heads: int
    covered: float
    width: float
    confidence: float
    items: float


def coverage(
    heads: int,
    skill: Callable[[random.Random], float],
    *,
    prior: Prior = "related",
    test_rows: int = 14,
    interval: float = NEVER,
    seed: int = 0,
) -> Coverage:
    """Test the right description of each head with a reader who answers rightly with a known probability.

    Args:
        heads: simulated.
        skill: draws a reader's skill.
        prior: what the reader goes by without a description.
        test_rows: rows asked about.
        interval: the width at which asking ends.
        seed: of readers and luck.
    """
    verified = _verified(test=test_rows, validation=0, interval=interval, max_items=1000, intruders=0)
    found, hits = [], 0
    for head in range(heads):
        rng = random.Random(f"{seed} {head}")
        evidence, knows = planted_evidence(head, rows=3 * test_rows), skill(rng)
        family = family_of(evidence)
        reader = Simulated(family, knows, seed=rng.random(), prior=prior)
        said = Outcome(Status.OK, pattern="", description=right(family))
        outcome = asyncio.run(verified.test(said, evidence, reader.call))
        found.append(outcome)
        hits += _holds(outcome, 1 - (1 - knows) / _null_errors(outcome, prior))
    return _summary(found, hits)


def wrong_descriptions(heads: int, skill: float = 0.9, prior: Prior = "related", seed: int = 0) -> Coverage:
    """Describers who never find the operation: how often the interval includes 0, or lies below."""
    outcomes = [_describe(head, skill, (wrong,), seed, prior=prior) for head in range(heads)]
    return _summary(outcomes, sum((one.confidence_low or 0.0) <= 0 for one in outcomes))


@dataclass(frozen=True)
class Refined:
    """Lift of describers who start half right, without and with refinement."""

    heads: int
    before: float
    after: float
    raised: float
    lowered: float
    rounds: float


def refinement(heads: int, skill: float = 0.9, seed: int = 0) -> Refined:
    """Describers who say half at first and everything once they see what was wrong."""
    before = [_describe(head, skill, (half_right,), seed, rounds=0) for head in range(heads)]
    after = [_describe(head, skill, (half_right, right), seed) for head in range(heads)]
    pairs = [(_value(a), _value(b)) for a, b in zip(before, after, strict=True)]
    return Refined(
        heads,
        mean(a for a, _ in pairs),
        mean(b for _, b in pairs),
        mean(b > a for a, b in pairs),
        mean(b < a for a, b in pairs),
        mean(one.rounds for one in after),
    )


def measure(_folder: Path, _repeats: int) -> dict[str, object]:
    """All of it, over many heads."""
    rows: dict[str, Coverage] = {}
    for items, test_rows in ROWS.items():
        for skill in SKILLS:
            rows[f"{items} items, {skill}"] = coverage(HEADS, partial(_always, skill), test_rows=test_rows)
    for name, prior in PRIORS.items():
        rows[f"42 items, 0.5 to 1, {name}"] = coverage(HEADS, _any, prior=prior)
    rows["until 0.3, 0.5 to 1"] = coverage(HEADS, _any, test_rows=27, interval=0.3)
    lost = {name: wrong_descriptions(HEADS, prior=prior) for name, prior in PRIORS.items()}
    better = refinement(HEADS)
    return {
        "coverage": {name: vars(row) for name, row in rows.items()},
        "wrong_descriptions": {name: vars(row) for name, row in lost.items()},
        "refinement": vars(better),
        "summary": (
            f"skill from 0.5 to 1, 42 items: "
            f"{rows['42 items, 0.5 to 1, takes what looks related'].covered:.1%} of 95% intervals hold the "
            f"true lift; half right: {better.before:.2f} to {better.after:.2f}"
        ),
    }


def _always(skill: float, _rng: random.Random) -> float:
    return skill


def _any(rng: random.Random) -> float:
    return rng.uniform(0.5, 1)


def _verified(**settings: float) -> Verified:
    return Verified.shipped(load_template("describe@1"), DescribeSettings.model_validate(settings))


def _describe(
    head: int,
    skill: float,
    says: tuple[Callable[[int], str], ...],
    seed: int,
    *,
    rounds: int = 2,
    prior: Prior = "related",
) -> Outcome:
    evidence = planted_evidence(head)
    family = family_of(evidence)
    llm = Simulated(family, skill, tuple(say(family) for say in says), seed=f"{seed} {head}", prior=prior)
    verified = _verified(rounds=rounds, intruders=0, interval=NEVER)
    return asyncio.run(verified.describe(evidence, llm.call))


def _null_errors(outcome: Outcome, prior: Prior) -> float:
    """The share of mistakes that a reader without the description makes in the mean, over these items."""
    assert outcome.transcript is not None
    kinds = [item.kind for item in outcome.transcript.items if item.kind != "within"]
    return mean(_GUESSED[prior][kind] for kind in kinds)


def _holds(outcome: Outcome, true: float) -> bool:
    """Whether the interval holds a true lift; one that is open below, or a head without a lift, holds it."""
    low, high = outcome.confidence_low, outcome.confidence_high
    return (low is None or low <= true + 1e-9) and (high is None or true <= high + 1e-9)


def _summary(outcomes: list[Outcome], hits: int) -> Coverage:
    widths = [
        one.confidence_high - one.confidence_low
        for one in outcomes
        if one.confidence_low is not None and one.confidence_high is not None
    ]
    return Coverage(
        len(outcomes),
        hits / len(outcomes),
        mean(widths),
        mean(map(_value, outcomes)),
        mean(one.n_tests for one in outcomes),
    )


def _value(outcome: Outcome) -> float:
    return outcome.confidence or 0.0
