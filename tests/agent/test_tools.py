"""Each tool answers with what an experiment found, and with nothing that it must not tell."""

import asyncio
import json
import re

import pytest

from headscribe.agent.drafts import PATIENCE, Drafts
from headscribe.agent.tool_arguments import LONGEST_TEXT, MOST_PAIRS, MOST_WORDS
from headscribe.agent.tool_list import SOURCES, TARGETS, offered
from headscribe.agent.tools import HeadTools, readable
from headscribe.core.chat import ToolCall
from headscribe.core.rounds import Confidence
from headscribe.core.settings import DescribeSettings
from headscribe.operations import builtin_operations
from tests.agent.planted_experiments import CAPITALS, WORDS, CapitalHead
from tests.conftest import REPOSITORY

HIDDEN = frozenset({"japan", "peru"})
ASKED = list(CAPITALS)[:MOST_WORDS]
ALL = offered(parts=True, running=True)


async def lift(draft):
    return Confidence(None) if draft == "nothing" else Confidence(len(draft) / 100, None, 0.976, 21)


def ask(tool, arguments, hidden=(), head=None):
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    tools = HeadTools(head or CapitalHead(parts=True), ALL, hidden, drafts=Drafts(lift))
    return json.loads(asyncio.run(tools.answer(ToolCall("1", tool, text))))


def everything(hidden=()):
    """The answers of all tools to plenty of questions, as one text."""
    pairs = [{"source": source, "target": target} for source, target in CAPITALS.items()]
    calls = [
        ("map_tokens", {"words": ASKED}),
        ("suppressed_by", {"words": ASKED}),
        ("compare_with_head", {"head_name": "other-2", "words": ASKED}),
        ("strength_of_pairs", {"pairs": pairs}),
        ("random_sources", {"count": MOST_WORDS}),
        ("constant_part", {"words": ASKED}),
        ("ablate_in_text", {"text": "France and Japan"}),
        ("ablate_in_text", {"text": "France and Spain"}),
        *(("sources_promoting", {"word": word}) for word in ("Tokyo", "Lima", "Japan")),
        ("map_tokens", {"words": ["void"]}),
    ]
    return [ask(tool, arguments, hidden) for tool, arguments in calls]


def test_chosen_tokens_are_mapped():
    found = ask("map_tokens", {"words": ["France", " Italy", "no such word"]}, head=CapitalHead())
    assert [(row["source"], row["promoted"][0]) for row in found["rows"]] == [
        (" France", " Paris"),
        (" Italy", " Rome"),
    ]
    assert len(found["rows"][0]["promoted"]) == TARGETS
    assert set(found["rows"][0]) == {"source", "acts more than on % of tokens", "promoted"}
    assert found["not available, or not one token"] == ["no such word"]


def test_suppressed_tokens_are_the_other_end():
    (row,) = ask("suppressed_by", {"words": ["France"]}, head=CapitalHead())["rows"]
    assert set(row) == {"source", "suppressed"}


def test_a_row_says_how_strongly_the_head_acts_on_its_source_and_in_parts_how_strong_each_target_is():
    known, other = ask("map_tokens", {"words": ["France", "Paris"]}, HIDDEN)["rows"]
    assert (known["acts more than on % of tokens"], other["acts more than on % of tokens"]) == (97.5, 25.0)
    assert len(known["promoted, in σ"]) == len(known["promoted"]) == TARGETS
    assert known["promoted"][:3] == [" Paris", " France", " Spain"]
    assert known["promoted, in σ"][:3] == [9.0, 8.0, 6.0], "a hidden token takes its strength with it"


def test_random_sources_differ_from_draw_to_draw_and_are_the_same_in_every_conversation():
    def draws():
        tools = HeadTools(CapitalHead(), ALL, HIDDEN, seed=4)
        call = ToolCall("1", "random_sources", '{"count": 7}')
        answers = [json.loads(asyncio.run(tools.answer(call))) for _ in range(2)]
        return [[row["source"] for row in answer["rows"]] for answer in answers]

    first, second = draws()
    assert len(set(first)) == len(set(second)) == 7
    assert first != second
    assert draws() == [first, second]


def test_what_comes_whatever_the_source_is_told_with_the_strengths_of_chosen_targets():
    found = ask("constant_part", {"words": ["Paris", "Japan"]}, HIDDEN)
    assert found["share of what the head writes"] == 0.25
    assert len(found["promoted"]) == len(found["suppressed"]) == TARGETS
    assert found["strengths, in σ"] == [[" Paris", float(WORDS.index("Paris"))]]
    assert found["not available, or not one token"] == ["Japan"]


def test_a_text_is_run_with_the_head_and_without_it_unless_it_holds_a_held_out_word():
    found = ask("ablate_in_text", {"text": "France and Spain"}, HIDDEN)
    assert found["likeliest with the head"][0] == [" France", 0.123, 0.01]
    head = CapitalHead()
    for text in ("the JAPANs", "Perus", "words that are no token"):
        assert "cannot be run on this text" in ask("ablate_in_text", {"text": text}, HIDDEN, head)["error"]
    assert ask("ablate_in_text", {"text": "France, japan"}, HIDDEN, head)["error"]
    assert head.asked == ["ablate"] * 3, "a text with a held-out word is not run"


def test_sources_of_a_target_are_listed():
    found = ask("sources_promoting", {"word": "Paris"})
    assert (found["target"], len(found["sources"])) == (" Paris", SOURCES)


def test_the_pairs_of_a_rule_are_counted():
    pairs = [("France", "Paris"), ("Spain", "Rome"), ("Cuba", "Cuba"), ("France", "nowhere")]
    asked = {"pairs": [{"source": s, "target": t} for s, t in pairs]}
    found = ask("strength_of_pairs", asked)
    assert found.pop("strengths, in σ") == [
        [" France", " Paris", 6.0],
        [" Spain", " Rome", 0.0],
        [" Cuba", " Cuba", 0.0],
    ]
    assert found == ask("strength_of_pairs", asked, head=CapitalHead())
    assert found == {
        "pairs": 3,
        "in the top 10": 1,
        "in the bottom 10": 1,
        "promoted": [[" France", " Paris"]],
        "suppressed": [[" Cuba", " Cuba"]],
        "not available, or not one token": ["nowhere"],
    }


def test_another_head_is_compared_under_a_name_that_tells_nothing():
    (row,) = ask("compare_with_head", {"head_name": "other-2", "words": ["France"]})["rows"]
    assert (row["this head"][0], row["other-2"][0]) == (" Paris", " Rome")
    assert (
        "others are: other-1, other-2."
        in ask("compare_with_head", {"head_name": "L3H7", "words": ["France"]})["error"]
    )
    assert "error" in ask("compare_with_head", {"head_name": "other-3", "words": ["France"]}), "there are two"


def test_a_draft_gets_its_lift_with_the_interval_that_is_known():
    tools = HeadTools(CapitalHead(), ALL, drafts=Drafts(lift))

    def draft(text):
        call = ToolCall("1", "test_description", json.dumps({"description": text}))
        return json.loads(asyncio.run(tools.answer(call)))

    assert draft("x" * 61) == {
        "lift": 0.61,
        "95% interval": [None, 0.98],
        "questions": 21,
        "highest lift so far": 0.61,
    }
    assert draft("x" * 12)["highest lift so far"] == 0.61
    assert "tell nothing" in draft("nothing")["error"]


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("map_tokens", "{not json", "Invalid JSON"),
        ("map_tokens", "[]", "object"),
        ("map_tokens", {}, "words: Field required"),
        ("map_tokens", {"words": "France"}, "words: Input should be a valid array"),
        ("map_tokens", {"words": []}, "at least 1"),
        ("map_tokens", {"words": ["a"] * 13}, "at most 12"),
        ("map_tokens", {"words": ["a"], "head": "L1H1"}, "head: Extra inputs"),
        ("map_tokens", {"words": ["x" * 5000]}, "at most 100 characters"),
        ("sources_promoting", {"word": 5}, "word: Input should be a valid string"),
        ("strength_of_pairs", {"pairs": [["a", "b"]]}, "pairs.0"),
        ("operation_scores", {}, "There is no tool 'operation_scores'"),
        ("random_sources", {"count": 0}, "count: Input should be greater than or equal to 1"),
        ("ablate_in_text", {"text": "x" * (LONGEST_TEXT + 1)}, "at most 400 characters"),
        ("map_tokens\n", {"words": ["a"]}, "There is no tool"),
        ("map_tokens", {"words": ["void"]}, "no answer for one of these words"),
    ],
)
def test_a_call_that_cannot_be_made_is_answered_with_what_is_wrong(tool, arguments, told):
    head = CapitalHead()
    error = ask(tool, arguments, head=head)["error"]
    assert told in error
    assert len(error) < 300
    assert head.asked in ([], ["rows"])


def test_held_out_words_look_like_words_that_are_no_token_and_are_never_shown():
    text = json.dumps(everything(HIDDEN))
    for answer in everything(HIDDEN):
        answer.pop("not available, or not one token", None)
        assert not {" Japan", " Peru"} & set(json.dumps(answer, ensure_ascii=False).split('"'))
    assert " Japan" in json.dumps(everything()), "without hiding they are there"
    assert " Japan" not in text
    missing = ask("map_tokens", {"words": ["JAPAN", "Japan", "no such word"]}, HIDDEN)
    assert missing == {"rows": [], "not available, or not one token": ["JAPAN", "Japan", "no such word"]}
    assert ask("sources_promoting", {"word": "Peru"}, HIDDEN) == {"not available, or not one token": ["Peru"]}
    (row,) = ask("map_tokens", {"words": ["France"]}, HIDDEN)["rows"]
    assert len(row["promoted"]) == TARGETS, "lists are filled up, so that nothing seems to be missing"


def test_no_answer_holds_an_operations_name_or_the_heads():
    text = json.dumps([everything(), [tool.description for tool in ALL]])
    assert "L3H7" not in text, "not even where an error names it"
    names = {operation.name for operation in builtin_operations()}
    assert {name for name in names if "_" in name and name in text} == set()


def test_every_tool_that_is_offered_can_be_called_as_its_schema_says():
    for tool in ALL:
        assert tool.parameters["additionalProperties"] is False
        assert tool.parameters["required"] == list(tool.parameters["properties"])
        sample = {
            "words": ["France"],
            "word": "Paris",
            "pairs": [{"source": "France", "target": "Paris"}],
            "head_name": "other-1",
            "count": 3,
            "text": "France",
            "description": "Maps countries to capitals.",
        }
        arguments = {name: sample[name] for name in tool.parameters["properties"]}
        assert "error" not in ask(tool.name, arguments)


def test_tokens_reach_the_llm_as_json_on_one_line():
    text = asyncio.run(
        HeadTools(CapitalHead()).answer(ToolCall("1", "map_tokens", '{"words": ["a\\n\\u202e"]}'))
    )
    assert "\n" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '"words"'])
def test_arguments_go_back_to_the_server_as_an_object_whatever_came(text):
    assert isinstance(json.loads(readable(text)), dict)
    assert readable('{"words": ["a"]}') == '{"words": ["a"]}'
    assert len(WORDS) == len(set(WORDS))


def test_the_page_on_the_agent_names_every_tool_with_its_limits():
    page = (REPOSITORY / "docs" / "how-to" / "agent.md").read_text(encoding="utf-8")
    for tool in ALL:
        assert f"`{tool.name}({', '.join(tool.parameters['properties'])})`" in page
    limits = (TARGETS, SOURCES, MOST_WORDS, MOST_PAIRS, LONGEST_TEXT, PATIENCE)
    for number in (*limits, DescribeSettings().max_tool_calls):
        assert re.search(rf"\b{number}\b", page)
    assert f"{DescribeSettings().max_head_tokens:,}" in page
