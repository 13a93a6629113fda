"""A zoo of replies that real chat models and servers send, and what is read from each."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headscribe.agent.reply import LONGEST_FIELD, parse_reply
from headscribe.core.chat import ChatReply
from headscribe.core.descriptions import Status
from headscribe.prompts import load_template

SCHEMA = load_template("describe@1").schema
ANSWER = {
    "reasoning": "22 of 30 rows lead from a country to its capital.",
    "inputs": "Names of countries.",
    "pattern": "Each country leads to its capital.",
    "description": "Maps countries to their capitals.",
}
JSON = json.dumps(ANSWER)
CUT = JSON[: JSON.index("capital.") + 60]


def read(text: str, finish_reason: str | None = "stop", **more: str):
    return parse_reply(ChatReply(text, finish_reason=finish_reason, **more), SCHEMA)


COMPLETE = {
    "plain JSON": JSON,
    "indented": json.dumps(ANSWER, indent=4),
    "fenced": f"```json\n{JSON}\n```",
    "fence without language": f"```\n{JSON}\n```",
    "prose around": f"Sure! Here is my answer:\n\n{JSON}\n\nLet me know if you need more.",
    "thoughts in front": f"<think>\nMaybe {{verbs}}? No.\n</think>\n{JSON}",
    "thoughts opened by the chat template": f"Hmm, France, Italy...\n</think>\n\n{JSON}",
    "thoughts with a draft": '<think>{"pattern": "verbs", "description": "x"}</think>' + JSON,
    "other case": json.dumps({key.upper(): value for key, value in ANSWER.items()}),
    "near keys": json.dumps(
        {
            "Reasoning:": "r",
            "input": ANSWER["inputs"],
            "Pattern:": ANSWER["pattern"],
            "description_text": ANSWER["description"],
        }
    ),
    "wrapped": json.dumps({"answer": ANSWER}),
    "wrapped in a list": json.dumps([ANSWER]),
    "another order": json.dumps(dict(reversed(ANSWER.items()))),
    "further keys": json.dumps({**ANSWER, "confidence": 0.9, "rows": [1, 2]}),
    "trailing comma": JSON[:-1] + ",\n}",
    "Python's quotes": str(ANSWER),
    "a comma missing": JSON.replace('", "pattern', '" "pattern'),
    "two commas": JSON.replace(', "pattern"', ',, "pattern"'),
    "a comment": JSON.replace(', "pattern"', ', // the rule\n "pattern"'),
    "keys without quotes": re.sub(r'"(\w+)":', r"\1:", JSON),
    "raw newline in a string": JSON.replace("22 of 30", "22\nof 30"),
    "draft, then answer": json.dumps({**ANSWER, "pattern": "draft"}) + "\nBetter:\n" + JSON,
    "schema echoed in front": json.dumps(SCHEMA) + "\n" + JSON,
    "sentences in lists": json.dumps({**ANSWER, "pattern": [ANSWER["pattern"]]}),
    "labelled lines": "\n".join(f"{key.capitalize()}: {value}" for key, value in ANSWER.items()),
    "labelled in markdown": "\n\n".join(f"**{key.capitalize()}:** {value}" for key, value in ANSWER.items()),
    "labelled bullets": "\n".join(f"- {key}: {value}" for key, value in ANSWER.items()),
    "JSON without braces": JSON.strip("{}").replace('", "', '",\n"'),
}


@pytest.mark.parametrize("text", COMPLETE.values(), ids=COMPLETE.keys())
def test_a_complete_answer_is_read_however_it_is_wrapped(text):
    outcome = read(text)
    assert outcome.status is Status.OK
    assert outcome.inputs == ANSWER["inputs"]
    assert outcome.pattern == ANSWER["pattern"]
    assert outcome.description == ANSWER["description"]
    assert outcome.error is None


def test_a_complete_answer_counts_even_if_the_reply_ran_into_its_limit():
    assert read(JSON + " \n \n", "length").status is Status.OK


@pytest.mark.parametrize(
    ("text", "finish_reason"),
    [
        (CUT, "length"),
        (CUT, None),
        (CUT, "stop"),
        ("```json\n" + CUT, "stop"),
        ("{", "stop"),
        ("", "length"),
        ("Let me look at the rows. France", "length"),
        ("Reasoning: many rows\nPattern: Each coun", "length"),
        ("<think>\nThe rows show", "length"),
        ("<think>\nThe rows show", None),
        ('<think>{"pattern": "draft"}', "stop"),
        ('{"reasoning": "r", "pattern": "Maps {x} to its', "stop"),
        ("{'reasoning': 'r', 'pattern': 'Maps {x} to its", "stop"),
        ("{'reasoning': 'r', 'pattern': 'Maps x} to its", "length"),
    ],
)
def test_an_answer_that_was_cut_is_truncated(text, finish_reason):
    outcome = read(text, finish_reason)
    assert outcome.status is Status.TRUNCATED


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I cannot assist with this request.",
        "I’m unable to provide that.",
        "As an AI language model, I cannot analyse this.",
        "Sorry, I won't do this.",
        json.dumps(
            {**ANSWER, "pattern": "I'm sorry, I can't help.", "description": "I'm sorry, I can't help."}
        ),
    ],
)
def test_a_refusal_in_words_is_refused(text):
    outcome = read(text)
    assert outcome.status is Status.REFUSED
    assert outcome.description is None
    assert outcome.error


def test_a_refusal_that_the_server_reports_is_refused():
    assert read("", refusal="I can't.").status is Status.REFUSED
    assert read(JSON, "content_filter").status is Status.REFUSED


@pytest.mark.parametrize(
    "word",
    [
        "Unclear",
        "unclear",
        "UNCLEAR.",
        " *Unclear* ",
        "'Unclear'",
        "Unclear - the rows are mixed.",
        "Unclear (no rule)",
        "The pattern is unclear.",
        "No clear pattern.",
        "No discernible pattern is visible.",
        "I could not find any rule.",
    ],
)
def test_an_unclear_pattern_is_a_valid_answer_without_a_description(word):
    outcome = read(json.dumps({**ANSWER, "pattern": word}))
    assert outcome.status is Status.UNCLEAR
    assert (outcome.inputs, outcome.pattern, outcome.description) == (ANSWER["inputs"], "Unclear", None)


def test_the_bare_word_unclear_is_unclear():
    assert read("Unclear.").status is Status.UNCLEAR


def test_unclear_inputs_alone_do_not_make_a_head_unclear():
    outcome = read(json.dumps({**ANSWER, "inputs": "unclear."}))
    assert (outcome.status, outcome.inputs) == (Status.OK, "Unclear")


def test_a_sentence_that_begins_with_the_word_unclear_is_a_pattern():
    assert read(json.dumps({**ANSWER, "pattern": "Unclear words lead to clear ones."})).status is Status.OK


@pytest.mark.parametrize("description", [None, "", "Unclear", "I'm sorry, I can't."])
def test_the_pattern_stands_in_for_a_missing_description(description):
    outcome = read(json.dumps({**ANSWER, "description": description}))
    assert (outcome.status, outcome.description) == (Status.OK, ANSWER["pattern"])


def test_the_description_decides_where_the_pattern_is_missing():
    assert read(json.dumps({"description": "Copies names."})).description == "Copies names."
    assert read(json.dumps({"inputs": "Names.", "description": "Unclear"})).status is Status.UNCLEAR


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n",
        "42",
        "null",
        "[]",
        "{}",
        '{"a": 1}',
        '{"pattern": 3, "description": null}',
        '{"inputs": "Names."}',
        json.dumps(SCHEMA),
        "The head seems to map countries to capitals.",
        '{"pattern": {"text": {}}}',
        "\x00\x1b[2J",
    ],
)
def test_text_without_an_answer_is_unparseable_and_never_a_description(text):
    outcome = read(text)
    assert outcome.status is Status.UNPARSEABLE
    assert outcome.error
    assert outcome.inputs is outcome.pattern is outcome.description is None


def test_control_characters_and_endless_sentences_are_cleaned():
    outcome = read(
        json.dumps({**ANSWER, "description": "Maps\x1b[31m\u202e a\n b\ud800.", "pattern": "long " * 999})
    )
    assert outcome.description == "Maps [31m a b ."
    assert outcome.pattern is not None
    assert len(outcome.pattern) == LONGEST_FIELD


def test_errors_are_one_line_without_control_characters():
    error = read("nothing\nhere \x1b[2J" + "x" * 5000).error
    assert error is not None
    assert error.isprintable()
    assert len(error) <= 200


@pytest.mark.parametrize(
    "text",
    [
        "[" * 20000,
        "{" * 20000,
        '{"a":' * 20000,
        '{"' + '\\"' * 20000 + "}",
        "{'" + "\\'" * 20000 + "}",
        "{" + "-" * 20000 + "}",
        "{" * 9000 + "}" * 9000,
        '{"a" "b" ' * 280 + "}" * 280,
        "\n" * 50000,
        "- " * 50000,
        '{"a": ' + "9" * 5000 + "}",
        "<think>" * 5000 + "</think>",
    ],
)
def test_hostile_text_is_read_in_bounded_time(text):
    assert read(text).description is None


FRAGMENTS = [
    "{",
    "}",
    "[",
    "]",
    '"',
    "'",
    ":",
    ",",
    "pattern",
    '"pattern"',
    "Unclear",
    "<think>",
    "</think>",
    "```json\n",
    JSON,
    "\\",
    "\n",
    "Pattern: ",
    "I'm sorry",
    "\ud800",
    "1e999",
    "null",
]


@given(
    st.one_of(st.text(), st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join)),
    st.sampled_from([None, "stop", "length", "content_filter", "odd"]),
)
def test_no_text_makes_the_parser_raise_and_only_an_ok_answer_has_a_description(text, finish_reason):
    outcome = read(text, finish_reason)
    assert outcome.status is not Status.FAILED
    assert (outcome.description is not None) == (outcome.status is Status.OK)
    assert (outcome.error is not None) == (outcome.status not in {Status.OK, Status.UNCLEAR})
