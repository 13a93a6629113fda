"""Descriptions read as claims about pairs of tokens."""

from __future__ import annotations

import pytest

from headscribe.eval.evaluate.rules_judge import RulesJudge, wordings_of
from headscribe.eval.steer.named import NamedSources
from headscribe.operations import builtin_operations

OPERATIONS = {one.name: one for one in builtin_operations()}
WORDS = [word for one in OPERATIONS.values() for pair in one.pairs for word in pair] + ["Wil", "Wilson"]
IDS = {word: id for id, word in enumerate(dict.fromkeys(WORDS))}
NAMES = {id: word for word, id in IDS.items()}


def named(description: str, *, limit: int = 8, seed: int = 0) -> dict[str, list[str]]:
    """What a description names, in words."""
    reader = NamedSources(
        RulesJudge(wordings_of(OPERATIONS.values(), OPERATIONS)),
        {name: one.pairs for name, one in OPERATIONS.items()},
        IDS.get,
        limit=limit,
        seed=seed,
    )
    return {NAMES[one.source]: [NAMES[id] for id in one.targets] for one in reader.of(description)}


def test_an_operation_names_its_pairs() -> None:
    found = named("Maps a country to its capital.")
    assert len(found) == 8
    pairs = set(OPERATIONS["country_to_capital"].pairs)
    assert all((source, target) in pairs for source, targets in found.items() for target in targets)


def test_examples_come_first_and_take_half_of_the_places() -> None:
    found = named("Maps a country to its capital, e.g. ' Wil' → ' Wilson'.")
    assert next(iter(found)) == "Wil"
    assert found["Wil"] == ["Wilson"]
    assert len(found) == 8


def test_the_draw_follows_the_seed() -> None:
    text = "Maps a country to its capital."
    assert named(text) == named(text)
    assert named(text) != named(text, seed=1)
    assert len(named(text, limit=3)) == 3


@pytest.mark.parametrize(
    "description",
    [
        "Unclear.",
        "Does something to its source.",
        "Suppresses the capital of a country, e.g. ' France' → ' Paris'.",
        "Promotes ' he' and ' she' whatever the source.",
        "Maps ' qqq' → ' zzz'.",
    ],
)
def test_what_claims_no_pair_of_tokens_names_nothing(description: str) -> None:
    assert named(description) == {}
