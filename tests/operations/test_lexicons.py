"""Lexicons and definitions in operation files: for evaluation alone, and no part of what is scored."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headscribe.agent.rules import describe_by_rules
from headscribe.core.errors import BadOperations
from headscribe.core.evidence import Evidence
from headscribe.core.records import Mapping, Token
from headscribe.operations import builtin_operations, load_operations
from headscribe.operations.lexicon import Lexicon, lexicon_from_name


def operation(folder: Path, **fields: Any) -> Path:
    path = folder / "mine.json"
    path.write_text(json.dumps({"name": "mine", "pairs": [["a", "b"]], **fields}))
    return path


def test_a_file_may_hold_a_lexicon_and_a_definition(tmp_path: Path) -> None:
    lexicon = {"from": ["country"], "to": ["capital"], "alone": [], "phrases": ["seat of government"]}
    path = operation(tmp_path, lexicon=lexicon, definition="maps a country to its capital")
    (read,) = load_operations([path])
    assert read.lexicon == Lexicon(("country",), ("capital",), (), ("seat of government",))
    assert read.definition == "maps a country to its capital"


def test_without_one_the_lexicon_is_empty(tmp_path: Path) -> None:
    (tmp_path / "plain.csv").write_text("source,target\na,b\n")
    assert [bool(one.lexicon) for one in load_operations([operation(tmp_path), tmp_path / "plain.csv"])] == [
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("lexicon", "problem"),
    [
        ([], "must be an object"),
        ({"alone": "plural"}, "must be a list"),
        ({"alone": ["plural", 3]}, "a list of phrases, each with a letter or a digit"),
        ({"alone": ["…"]}, "a list of phrases, each with a letter or a digit"),
        ({"words": ["plural"]}, "unknown key 'words'"),
        ({"to": ["capital"]}, "both 'from' and 'to'"),
    ],
)
def test_a_wrong_lexicon_is_named(tmp_path: Path, lexicon: Any, problem: str) -> None:
    with pytest.raises(BadOperations, match=problem):
        load_operations([operation(tmp_path, lexicon=lexicon)])


def test_words_change_no_score_and_so_no_digest() -> None:
    for one in builtin_operations():
        assert replace(one, lexicon=Lexicon(), definition="").digest() == one.digest()


def test_the_built_in_describer_says_the_same_without_any_lexicon() -> None:
    rows = [("France", " Paris"), ("Japan", " Tokyo"), ("Egypt", " Cairo"), ("Spain", " Madrid")]
    mappings = tuple(
        Mapping(rank, Token(rank, f" {source}"), 1.0, (Token(50 + rank, target),), (1.0,))
        for rank, (source, target) in enumerate(rows)
    )
    every = builtin_operations()
    bare = [replace(one, lexicon=Lexicon(), definition="") for one in every]
    said = describe_by_rules(Evidence(mappings), every)
    assert "capital" in (said.description or "")
    assert describe_by_rules(Evidence(mappings), bare) == said


def test_a_name_gives_a_lexicon_of_its_own() -> None:
    assert lexicon_from_name("colour_to_warm_fruit") == Lexicon(("colour",), ("warm fruit",))
    assert lexicon_from_name("rhyming_words") == Lexicon(phrases=("rhyming words",))
    assert lexicon_from_name("_to_") == Lexicon(phrases=("to",))
