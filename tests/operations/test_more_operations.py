"""The lists beside the paper's twenty: how many, facts, and rules that a whole list follows."""

from __future__ import annotations

import pytest

from headscribe.operations import CATEGORIES, builtin_operations
from tests.operations.facts import FACTS
from tests.operations.more_facts import MORE_FACTS

OPERATIONS = {operation.name: operation for operation in builtin_operations()}


def pairs(name: str) -> tuple[tuple[str, str], ...]:
    return OPERATIONS[name].pairs


def test_there_are_at_least_45_operations_in_at_least_7_categories():
    assert len(OPERATIONS) >= 45
    assert {operation.category for operation in OPERATIONS.values()} == set(CATEGORIES)
    assert len(CATEGORIES) >= 7


def test_every_list_has_facts():
    assert FACTS.keys() | MORE_FACTS.keys() == OPERATIONS.keys()


@pytest.mark.parametrize("name", MORE_FACTS)
def test_well_known_pairs(name: str):
    assert set(MORE_FACTS[name]) <= set(pairs(name))


@pytest.mark.parametrize(
    ("name", "step"), [("number_to_next", 1), ("number_to_previous", -1), ("year_to_previous", -1)]
)
def test_numbers_are_counted_by_one(name: str, step: int):
    assert all(int(target) == int(source) + step for source, target in pairs(name))


def test_letters_follow_the_alphabet():
    assert all(ord(target) == ord(source) + 1 for source, target in pairs("letter_to_next"))


def roman_value(numeral: str) -> int:
    digits = [{"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}[c] for c in numeral.upper()]
    signs = [-1 if digit < max(digits[i:]) else 1 for i, digit in enumerate(digits)]
    return sum(sign * digit for sign, digit in zip(signs, digits, strict=True))


def test_roman_numerals_have_their_values():
    assert all(
        roman_value(target) == roman_value(source) + 1 for source, target in pairs("roman_numeral_to_next")
    )
    assert all(int(target) == roman_value(source) for source, target in pairs("roman_numeral_to_number"))


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("calendar_to_previous", "calendar_to_next"),
        ("letter_to_previous", "letter_to_next"),
        ("number_to_previous", "number_to_next"),
        ("title_to_lower_case", "lower_to_title_case"),
        ("upper_to_lower_case", "lower_to_upper_case"),
        ("nationality_to_country", "country_to_nationality"),
        ("french_to_english", "english_to_french"),
        ("german_to_english", "english_to_german"),
        ("spanish_to_english", "english_to_spanish"),
    ],
)
def test_a_reverse_list_has_the_pairs_of_the_other(name: str, other: str):
    reverse = {(target, source) for source, target in pairs(other)}
    assert set(pairs(name)) <= reverse
    assert {source for source, _ in pairs(name)} == {source for source, _ in reverse}


def test_case_lists_change_nothing_but_case():
    assert all(target == source.upper() for source, target in pairs("lower_to_upper_case"))
    assert all(target == source.capitalize() for source, target in pairs("lower_to_title_case"))
    assert all(source == source.lower() for source, _ in pairs("lower_to_title_case"))


def test_elements_are_the_same_in_both_lists_and_complete():
    numbers = dict(pairs("element_to_atomic_number"))
    assert numbers.keys() == dict(pairs("element_to_symbol")).keys()
    assert {int(number) for number in numbers.values()} == set(range(1, 104))


def test_elements_of_one_number_share_a_symbol_and_no_other_does():
    symbols = dict(pairs("element_to_symbol"))
    number_and_symbol = {(number, symbols[name]) for name, number in pairs("element_to_atomic_number")}
    assert len(number_and_symbol) == len(set(symbols.values())) == 103


def test_continents_are_five():
    assert {target for _, target in pairs("country_to_continent")} == {
        "Africa",
        "America",
        "Asia",
        "Europe",
        "Oceania",
    }


def test_a_negated_word_ends_as_the_word():
    assert all(target.endswith(source) and target != source for source, target in pairs("word_to_negated"))


def test_gerunds_end_in_ing_and_third_persons_in_s():
    assert all(target.endswith("ing") for _, target in pairs("verb_to_gerund"))
    assert all(target.endswith("s") for _, target in pairs("verb_to_third_person"))
    assert [source for source, _ in pairs("verb_to_gerund")] == [s for s, _ in pairs("verb_to_past_tense")]
