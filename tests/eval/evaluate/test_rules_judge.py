"""The rules judge: what a description expresses, by the lexicons of the operations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headscribe.agent.rules.known import promoting, suppressing
from headscribe.eval.evaluate.categories import RulesSorter
from headscribe.eval.evaluate.phrases import PhraseFinder
from headscribe.eval.evaluate.rules_judge import RulesJudge, Wording, wordings_of
from headscribe.eval.evaluate.words import sentences
from headscribe.operations import builtin_operations
from headscribe.operations.lexicon import Lexicon
from tests.eval.evaluate.described import DESCRIBED

OPERATIONS = {operation.name: operation for operation in builtin_operations()}
JUDGE = RulesJudge(wordings_of(OPERATIONS.values(), OPERATIONS))
SAME_WORDS = {"profession_to_place": {"work_to_location"}}
"""Operations that no words can tell apart."""


def expressed(description: str) -> set[str]:
    return set(JUDGE.expressed(description))


def test_there_are_lexicons_and_definitions_for_all_85_operations() -> None:
    assert len(OPERATIONS) == 85
    assert all(operation.lexicon and operation.definition for operation in OPERATIONS.values())


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_the_built_in_describers_sentence_expresses_its_operation_and_no_other(name: str) -> None:
    said = f"{promoting(name)} (12 of 30 mappings), e.g. ' France' → ' Paris', ' past tense' → ' antonym'."
    assert expressed(said) == {name} | SAME_WORDS.get(name, set())


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_what_a_head_suppresses_is_not_expressed(name: str) -> None:
    assert expressed(f"{suppressing(name)} (12 of 30 mappings).") == set()


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_the_definition_that_the_llm_judge_sees_expresses_the_operation(name: str) -> None:
    assert name in expressed(OPERATIONS[name].definition)


@pytest.mark.parametrize(("description", "operations"), DESCRIBED, ids=[text for text, _ in DESCRIBED])
def test_descriptions_as_llms_write_them(description: str, operations: set[str]) -> None:
    assert expressed(description) == operations


def test_the_words_that_say_so_are_kept_as_they_were_written() -> None:
    said = "Mostly proper nouns. Maps Country names to their CAPITALS, it seems."
    assert JUDGE.expressed(said) == {"country_to_capital": "Country names to their CAPITALS"}


def test_one_quoted_word_counts_and_lists_of_quoted_tokens_are_examples() -> None:
    assert expressed('Maps nouns to their "plural" forms.') == {"noun_to_plural"}
    assert expressed("Promotes ' plural', ' plurals' and ' synonym'.") == set()


def test_an_operation_without_a_lexicon_is_judged_by_its_name() -> None:
    judge = RulesJudge(wordings_of([], ["colour_to_fruit", "rhyming"]))
    assert set(judge.expressed("Maps colours to fruits of that colour.")) == {"colour_to_fruit"}
    assert set(judge.expressed("Rhyming words.")) == {"rhyming"}
    assert judge.expressed("Maps fruits to colours.") == {}


def test_number_in_grammar_is_no_number_and_no_plural() -> None:
    said = "Raises pronouns that agree in number with the noun."
    assert expressed(said) == {"noun_to_pronoun"}
    assert "numbers" not in RulesSorter().sort(said, JUDGE.expressed(said))
    assert "numbers" in RulesSorter().sort("Raises numbers that agree in size.", {})


CAPITALS = {"country_to_capital"}


@pytest.mark.parametrize(
    ("description", "operations"),
    [
        ("Whatever the source: promotes pronouns, e.g. ' he'; suppresses plurals.", set()),
        (
            "Whatever the source: promotes pronouns; also plurals. Beyond that: capitals of countries.",
            CAPITALS,
        ),
        ("Maps countries to their capitals, and promotes pronouns regardless of the input.", CAPITALS),
        ("Regardless of the source token it raises commas, periods and antonyms.", set()),
        ("Copies its source, whatever that may be.", {"copying"}),
    ],
)
def test_what_comes_whatever_the_source_names_no_operation(description: str, operations: set[str]) -> None:
    assert expressed(description) == operations


@pytest.mark.parametrize(
    ("description", "operations"),
    [
        (
            "The corresponding country, nationality and capital.",
            {"country_to_nationality", "country_to_capital", "nationality_to_country", "city_to_country"},
        ),
        ("Currencies and capitals of a country.", {"country_to_currency", "country_to_capital"}),
        ("For countries and nationalities, the capital.", set()),
        ("Raises the capital, the currency, and the antonyms.", {"adjective_to_antonym"}),
        ("Plurals promote other plurals.", set()),
        ("Promotes words with the first letter of the source.", set()),
        ("Antonyms are not among its targets.", set()),
        ("Suppresses words that follow their antonyms.", set()),
    ],
)
def test_lists_are_read_as_a_whole_and_what_is_shared_is_no_target(
    description: str, operations: set[str]
) -> None:
    assert expressed(description) == operations


@pytest.mark.parametrize(
    ("description", "operations"),
    [
        ("France → Paris, 'Japan' -> 'Tokyo', big → word.", CAPITALS),
        ("Facts, e.g. France → Paris.", set()),
        ("France → Paris, Japan → Tokyo, moon → bee, sun → pie, ice → oak.", set()),
        ("Suppresses: France → Paris, Japan → Tokyo.", set()),
        ("house → House, time → Time", {"lower_to_title_case"}),
        ("Synonyms: France → Paris, Japan → Tokyo.", {"word_to_synonym"}),
        ("Italian->Italy, Cuban->Havana", set()),
    ],
)
def test_examples_speak_where_words_do_not(description: str, operations: set[str]) -> None:
    assert expressed(description) == operations


def test_a_lexicon_of_ones_own() -> None:
    judge = RulesJudge({"mine": Wording(Lexicon(phrases=("rhym*", "ends ... alike")))})
    for said in ("It rhymes.", "Rhyming.", "Ends in sounds alike.", "ends alike"):
        assert set(judge.expressed(said)) == {"mine"}
    assert judge.expressed("Rhetoric ends in a way that nobody likes.") == {}


def test_a_phrase_inside_a_longer_one_is_passed_over() -> None:
    finder = PhraseFinder([("capital", "city"), ("capital letter", "case"), ("capital letter", "again")])
    (sentence,) = sentences("Capital letters and capitals.")
    assert [(hit.start, hit.end, hit.uses) for hit in finder.find(sentence)] == [
        (0, 2, ("case", "again")),
        (3, 4, ("city",)),
    ]


@given(st.text())
def test_no_text_breaks_the_judge(text: str) -> None:
    for phrase in JUDGE.expressed(text).values():
        assert phrase in text


@pytest.mark.parametrize("text", ["'" * 10_000, "to " * 5_000, "word to " * 2_500, "'a', " * 2_000])
def test_texts_without_end_are_judged_too(text: str) -> None:
    assert expressed(text) == set()
