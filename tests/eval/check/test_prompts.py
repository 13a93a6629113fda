"""Prompts: one slot, the source found at its place, pairs without a usable prompt counted."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from headscribe.core.errors import BadOption
from headscribe.eval.check.prompts import (
    TokenPrompt,
    batches,
    check_template,
    multi_token_prompts,
    task_prompts,
    word_prompts,
)
from headscribe.eval.check.tasks import task_templates
from headscribe.operations import Operation, builtin_operations

WORDS = {" Rome": 1, " Paris": 2, " no": 3, " means": 4, "No": 6, " Italy": 7, " is": 8}


def word_id(word: str) -> int | None:
    return WORDS.get(f" {word}")


def encode(text: str, special: bool) -> tuple[list[int], list[tuple[int, int]]]:
    """Greedy longest match; a character that no token covers is a token of its own. 99 opens every prompt."""
    ids, spans = ([99], [(0, 0)]) if special else ([], [])
    at = 0
    while at < len(text):
        token = max((word for word in WORDS if text.startswith(word, at)), key=len, default=text[at])
        ids.append(WORDS[token] if token in WORDS else 100 + ord(token))
        spans.append((at, at + len(token)))
        at += len(token)
    return ids, spans


def operation(*pairs: tuple[str, str], name: str = "mine") -> Operation:
    return Operation(name, "user", 1, "", "", None, pairs)


def test_the_source_is_found_behind_special_tokens() -> None:
    made = word_prompts(operation(("Rome", "Italy")), "No {source} means no", word_id, encode)
    assert made.prompts == (TokenPrompt((99, 6, 1, 4, 3), 2, 7),)


def test_a_source_that_the_template_holds_too_is_found_by_its_place() -> None:
    made = word_prompts(operation(("no", "Italy")), "No {source} means no", word_id, encode)
    assert made.prompts[0].source_at == 2
    assert made.skipped == {}


def test_sources_that_are_not_their_one_token_in_the_prompt_are_counted() -> None:
    pairs = operation(("Rome", "Italy"), ("no", "Italy"), ("Paris", "Italy"))
    made = word_prompts(pairs, "No{source} means", word_id, encode)
    assert (made.prompts, made.skipped) == ((), {"absent": 3})


def test_pairs_of_several_tokens_have_no_prompt() -> None:
    made = word_prompts(operation(("Rome", "Gotham"), ("Oslo", "Italy")), "No {source}", word_id, encode)
    assert (made.prompts, made.skipped) == ((), {})


def test_task_prompts_keep_every_pair_whatever_the_template_does_to_the_source() -> None:
    made = task_prompts(operation(("Rome", "Italy"), ("no", "is")), "No{source} is", word_id, encode)
    assert [prompt.target for prompt in made.prompts] == [7, 8]


def test_multi_token_sources_stand_last_without_a_leading_space() -> None:
    pairs = operation(("Oslo", "Italy"), ("Bern", "Gotham"))
    made = multi_token_prompts(pairs, "No {source}", word_id, encode)
    letters = [100 + ord(letter) for letter in "Oslo"]
    # the template's last space stays, as in the reference
    assert made.prompts == (TokenPrompt((99, 6, 100 + ord(" "), *letters), 6, 7),)


@pytest.mark.parametrize("template", ["no slot", "{source} and {source}", "{Source}"])
def test_a_template_without_exactly_one_slot_is_refused(template: str) -> None:
    with pytest.raises(BadOption, match="source"):
        check_template(template)


def test_a_multi_token_template_must_end_with_the_slot() -> None:
    assert check_template("about {source}", at_end=True) == "about {source}"
    with pytest.raises(BadOption, match="does not end"):
        check_template("about {source} here", at_end=True)


def test_batches_hold_one_length_each_and_no_more_than_asked() -> None:
    prompts = [TokenPrompt(tuple(range(length)), 0, 0) for length in (3, 2, 3, 3, 2)]
    found = [(places, tuple(ids.shape)) for places, ids in batches(prompts, tokens=6, rows=5)]
    assert found == [([1, 4], (2, 2)), ([0, 2], (2, 3)), ([3], (1, 3))]
    assert all(len(places) == 1 for places, _ in batches(prompts, tokens=1, rows=5))


def test_a_prompt_longer_than_the_model_takes_is_refused() -> None:
    with pytest.raises(BadOption, match="7 tokens, and the model takes 6"):
        list(batches([TokenPrompt((0,) * 7, 0, 0)], tokens=100, rows=10, longest=6))


def test_every_operation_has_task_templates_with_one_slot() -> None:
    for each in builtin_operations():
        for template in task_templates(each):
            assert check_template(template) == template


def test_every_built_in_operation_has_sentences_of_its_own_beside_the_examples() -> None:
    for each in builtin_operations():
        *sentences, examples = task_templates(each)
        assert examples.endswith("{source}->")
        assert len(set(sentences)) in (2, 3), each.name
        # the target follows with its space, so a sentence ends at a word
        assert all(sentence == sentence.strip() and "->" not in sentence for sentence in sentences)


def test_task_sentences_belong_to_built_in_operations_alone() -> None:
    content = resources.files("headscribe.eval.check") / "data" / "task_prompts.json"
    assert set(json.loads(content.read_text("utf-8"))) == {each.name for each in builtin_operations()}


def test_a_users_operation_gets_a_task_of_its_own_first_pairs() -> None:
    pairs = operation(("Spain", "Madrid"), ("Peru", "Lima"), ("Chad", "x"), name="mine")
    assert task_templates(pairs) == (" Spain-> Madrid; Peru-> Lima; {source}->",)
