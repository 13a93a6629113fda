"""What the LLM judge is asked, and how descriptions are sorted into categories."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headscribe.core.evaluation import Judgment, Sorting
from headscribe.core.heads import Head
from headscribe.eval.evaluate.categories import RulesSorter, description_categories, summarise
from headscribe.eval.evaluate.questions import MOST_OPTIONS, choose_items, questions, shuffled
from headscribe.eval.evaluate.rules_judge import RulesJudge, wordings_of
from headscribe.operations import builtin_operations

BUILTIN = builtin_operations()
JUDGE = RulesJudge(wordings_of(BUILTIN, [one.name for one in BUILTIN]))
SORTER = RulesSorter()


def table(n_heads: int, n_operations: int, share: float, seed: int) -> list[Judgment]:
    rng = random.Random(seed)
    return [
        Judgment(Head(0, head), f"op{number}", "any", 0.5, rng.random() < share, False)
        for head in range(n_heads)
        for number in range(n_operations)
    ]


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 12), st.integers(1, 20), st.floats(0, 1), st.integers(0, 1000))
def test_as_many_scored_as_not_whatever_the_scores(
    heads: int, operations: int, share: float, seed: int
) -> None:
    rows = table(heads, operations, share, seed)
    scored = {(row.head, row.operation) for row in rows if row.scored}
    items = choose_items(rows, seed)
    chosen = [(head, name) for head, names in items.items() for name in names]
    assert len(chosen) == len(set(chosen))
    assert sum(pair in scored for pair in chosen) * 2 == len(chosen)
    assert len(chosen) == 2 * min(len(scored), len(rows) - len(scored))


def test_heads_that_score_on_nothing_are_asked_about_too_and_no_list_gives_itself_away() -> None:
    rows = [
        Judgment(Head(0, head), f"op{number}", "any", 0.5, head < 4 and number < 6, False)
        for head in range(16)
        for number in range(30)
    ]
    items = choose_items(rows, seed=0)
    silent = {head: names for head, names in items.items() if head.head >= 4}
    assert len(silent) == 12
    assert sum(map(len, silent.values())) == 12, "half of the 24 others, the most that they may have"
    places = Counter(
        place
        for head, names in items.items()
        for place, name in enumerate(names)
        if head.head < 4 and int(name[2:]) < 6
    )
    assert len(places) > 6, "the right ones do not stand together"


def test_the_draw_depends_on_the_seed_alone() -> None:
    rows = table(10, 20, 0.2, 1)
    assert choose_items(rows, 3) == choose_items(rows, 3)
    assert choose_items(rows, 3) != choose_items(rows, 4)


def test_long_lists_become_several_questions_of_like_length() -> None:
    head = Head(1, 1)
    names = tuple(f"op{number}" for number in range(MOST_OPTIONS * 2 + 1))
    found = questions({head: names, Head(2, 2): ("a",)}, [head])
    assert {question.head for question in found} == {head}
    assert sorted(name for question in found for name in question.names) == sorted(names)
    assert {len(question.names) for question in found} <= {MOST_OPTIONS * 2 // 3, MOST_OPTIONS * 2 // 3 + 1}


def test_equal_descriptions_see_the_categories_in_one_order_and_others_in_another() -> None:
    names = tuple(category.name for category in description_categories())
    assert shuffled(names, "Copies.", 0) == shuffled(names, "Copies.", 0)
    assert shuffled(names, "Copies.", 0) != shuffled(names, "Else.", 0)
    assert sorted(shuffled(names, "Copies.", 0)) == sorted(names)


def test_every_built_in_operation_has_a_category_and_a_whole() -> None:
    of = {operation for category in description_categories() for operation in category.operations}
    assert of == {operation.name for operation in BUILTIN}
    assert [one.name for one in description_categories() if one.level == "paper"] == [
        "algorithmic",
        "knowledge",
        "linguistic",
        "translation",
    ]


@pytest.mark.parametrize(
    ("description", "categories"),
    [
        ("Maps a country to its capital.", {"knowledge", "places"}),
        ("Maps verbs to their past tense.", {"linguistic", "inflection"}),
        ("Translates English words to French.", {"translation"}),
        ("Copies names of people.", {"algorithmic", "copying", "knowledge", "people"}),
        ("Maps numbers to the next number.", {"algorithmic", "numbers", "order"}),
        ("Words of the same topic, such as sports.", {"topics"}),
        ("Promotes punctuation regardless of the input.", {"kinds of tokens", "constant"}),
        ("Suppresses the token itself (copy suppression).", {"suppression"}),
        ("No numbers.", set()),
        ("Unclear.", set()),
    ],
)
def test_descriptions_fall_into_categories(description: str, categories: set[str]) -> None:
    assert set(SORTER.sort(description, JUDGE.expressed(description))) == categories


def test_the_agreement_of_two_judges_worked_by_hand() -> None:
    names = [category.name for category in description_categories()]
    verdicts = {
        Head(0, 0): ({"copying"}, {"copying"}),
        Head(0, 1): ({"copying", "numbers"}, {"copying"}),
        Head(1, 0): (set(), set()),
        Head(1, 1): ({"numbers"}, None),
    }
    rows = [
        Sorting(head, name, "finer", name in rules, None, None if llm is None else name in llm)
        for head, (rules, llm) in verdicts.items()
        for name in names
    ]
    found = summarise(rows, 3, asked=True, resamples=0, seed=0)
    by = {row.category: row for row in found.rows}
    assert found.n_both == 3
    assert found.jaccard == pytest.approx((1 + 1 / 2 + 1) / 3)
    assert found.layer_heads == (2, 2, 0)
    assert found.unsorted == 1
    assert (by["numbers"].rules, by["numbers"].llm, by["numbers"].layers) == (2, 0, (1, 1, 0))
    assert by["copying"].kappa == 1.0
    # Two of three agree on numbers; by chance 2/3 · 1 + 1/3 · 0 would.
    assert by["numbers"].kappa == pytest.approx(0.0)
    assert by["sound"].kappa is None
