"""The method ``agent``: experiments within limits, an answer like any other's, a fallback, and a replay."""

import asyncio
import json
import re

import pytest

from headscribe.agent.describers import open_describer
from headscribe.agent.llm.spec import parse_llm
from headscribe.agent.splits import held_out, name, split_evidence
from headscribe.core.descriptions import Status
from headscribe.core.progress import Silent
from headscribe.core.settings import DescribeSettings
from tests.agent.list_journal import ListJournal
from tests.agent.planted_experiments import EVIDENCE, CapitalHead

ANSWER = {"reasoning": "r", "inputs": "countries", "pattern": "capitals", "description": "To capitals."}
MAP = {"tool_calls": [{"name": "map_tokens", "arguments": {"words": ["France", "Cuba"]}}]}
PAIRS = {
    "tool_calls": [
        {"name": "strength_of_pairs", "arguments": {"pairs": [{"source": "France", "target": "Paris"}]}}
    ]
}


class Said(Silent):
    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


def script(tmp_path, *entries):
    (tmp_path / "script.json").write_text(json.dumps(entries))
    return f"fake:{tmp_path / 'script.json'}"


def describe(spec, journal=None, said=None, times=1, head=None, **settings):
    async def run():
        chosen = DescribeSettings(
            prompt="describe@1",
            **{"method": "agent", "max_retries": 0, "validation": 3, "test": 4, **settings},
        )
        async with open_describer(
            parse_llm(spec), chosen, journal or ListJournal(), said or Said()
        ) as describer:
            for _ in range(times):
                outcome = await describer.describe(EVIDENCE, experiments=head or CapitalHead())
            return outcome, describer

    return asyncio.run(run())


def conversations(journal):
    """The requests with tools, in order: those of the experiments, and the last of each."""
    return [attempt.request for attempt in journal.attempts if attempt.request.tools]


def test_experiments_come_before_the_answer_and_the_test_after_it(tmp_path):
    journal, head = ListJournal(), CapitalHead()
    outcome, _ = describe(script(tmp_path, MAP, PAIRS, {"json": ANSWER}), journal, head=head)
    assert (outcome.status, outcome.description, outcome.method) == (Status.OK, "To capitals.", None)
    assert outcome.rounds == 3
    assert head.asked == ["rows", "pairs"]
    experiments = outcome.transcript.experiments
    assert [(one.request, one.tool) for one in experiments] == [(1, "map_tokens"), (2, "strength_of_pairs")]
    assert " Paris" in experiments[0].answer
    assert json.loads(experiments[1].answer)["pairs"] == 1
    last = conversations(journal)[-1]
    assert [message.role for message in last.messages] == ["user", "assistant", "tool", "assistant", "tool"]
    assert last.messages[2].tool_call_id == last.messages[1].tool_calls[0].id == "fakecall0"
    assert last.messages[4].tool_call_id == "fakecall1"
    assert outcome.transcript.items, "the description was tested"
    assert outcome.n_tests + round((outcome.unanswered or 0) * len(outcome.transcript.items)) > 0


def test_prose_without_a_call_ends_the_experiments_and_the_answer_is_asked_for_with_its_schema(tmp_path):
    journal = ListJournal()
    outcome, _ = describe(
        script(tmp_path, {"text": "I see capitals. pattern: maybe"}, {"json": ANSWER}), journal
    )
    assert outcome.status is Status.OK
    first, last = conversations(journal)
    assert (first.schema, first.tool_choice) == (None, "auto")
    assert (last.schema is not None, last.tool_choice) == (True, "none")
    assert [message.role for message in last.messages] == ["user", "assistant", "user"]


def test_a_model_that_never_stops_calling_is_stopped(tmp_path):
    journal, head = ListJournal(), CapitalHead()
    spec = script(tmp_path, *[MAP] * 5, {"json": ANSWER})
    outcome, _ = describe(spec, journal, head=head, max_tool_calls=5)
    assert len(outcome.transcript.experiments) == len(head.asked) == 5
    assert outcome.rounds == 6
    assert outcome.status is Status.OK


def test_many_calls_in_one_reply_count_one_by_one_and_those_beyond_the_limit_are_not_made(tmp_path):
    journal, head = ListJournal(), CapitalHead()
    many = {"tool_calls": MAP["tool_calls"] * 50}
    outcome, _ = describe(script(tmp_path, MAP, many, {"json": ANSWER}), journal, head=head, max_tool_calls=4)
    assert len(head.asked) == 4
    last = conversations(journal)[-1].messages
    calls = [call.id for message in last for call in message.tool_calls]
    assert calls == [message.tool_call_id for message in last if message.role == "tool"]
    assert len(set(calls)) == 4
    assert outcome.rounds == 3


def test_a_model_that_calls_on_in_its_last_reply_gets_a_status(tmp_path):
    outcome, _ = describe(script(tmp_path, MAP, MAP), max_tool_calls=1)
    assert outcome.status is Status.UNPARSEABLE


def test_experiments_end_when_their_tokens_are_used_up(tmp_path):
    hungry = MAP | {"prompt_tokens": 9000, "completion_tokens": 1000}
    outcome, _ = describe(script(tmp_path, hungry, hungry, {"json": ANSWER}), max_head_tokens=15_000)
    assert len(outcome.transcript.experiments) == 1
    assert outcome.rounds == 2


def test_a_conversation_that_grows_too_long_for_the_llm_is_shortened_and_ended(tmp_path):
    journal = ListJournal()
    spec = script(tmp_path, MAP, PAIRS, {"failure": "too-long"}, {"json": ANSWER})
    outcome, _ = describe(spec, journal)
    assert outcome.status is Status.OK
    roles = [message.role for message in conversations(journal)[-1].messages]
    assert roles == ["user", "assistant", "tool", "user"]


def test_bad_calls_become_messages_and_go_back_as_servers_take_them(tmp_path):
    journal = ListJournal()
    bad = {
        "tool_calls": [
            {"name": "rm", "arguments": "{]", "id": ""},
            {"name": "map_tokens", "arguments": "[1]", "id": ""},
        ]
    }
    outcome, _ = describe(script(tmp_path, bad, {"json": ANSWER}), journal)
    assert outcome.status is Status.OK
    assert [json.loads(one.answer)["error"][:12] for one in outcome.transcript.experiments] == [
        "There is no ",
        "The argument",
    ]
    sent = conversations(journal)[-1].messages[1].tool_calls
    assert all(isinstance(json.loads(call.arguments), dict) for call in sent)
    assert len({call.id for call in sent}) == 2


def test_a_refusal_and_a_failure_are_what_they_are_for_other_methods(tmp_path):
    assert describe(script(tmp_path, {"refusal": "No."}))[0].status is Status.REFUSED
    failed, _ = describe(script(tmp_path, MAP, {"status": 500}))
    assert (failed.status, failed.method) == (Status.FAILED, None)


VLLM = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
OTHERS = ["llama2:latest does not support tools", "Unrecognized request argument supplied: tools"]


@pytest.mark.parametrize("words", [VLLM, *OTHERS])
def test_an_llm_without_tool_calling_describes_by_verified_and_says_so_once(tmp_path, words):
    said, journal = Said(), ListJournal()
    spec = script(tmp_path, {"status": 400, "message": words}, {"json": ANSWER})
    outcome, describer = describe(spec, journal, said, times=2)
    assert (outcome.status, outcome.method) == (Status.OK, "verified")
    assert describer.method == "agent"
    assert len(conversations(journal)) == 1, "the second head does not try"
    (line,) = said.lines
    assert "no tool calling" in line
    assert words in line
    assert outcome.transcript.items
    assert outcome.transcript.experiments == ()


def test_another_bad_request_is_a_failure_and_no_reason_to_fall_back(tmp_path):
    said = Said()
    outcome, _ = describe(script(tmp_path, {"status": 400, "message": "the moon is full"}), said=said)
    assert (outcome.status, outcome.method, said.lines) == (Status.FAILED, None, [])


def test_what_was_answered_is_replayed_and_gives_the_same_outcome(tmp_path):
    journal, spec = ListJournal(), script(tmp_path, MAP, PAIRS, {"json": ANSWER})
    first, _ = describe(spec, journal)
    again, describer = describe(spec, journal)
    assert again == first
    assert describer.totals.calls == 0


def test_an_interrupted_conversation_goes_on_where_it_was(tmp_path):
    journal = ListJournal()
    broken, _ = describe(script(tmp_path, MAP, {"status": 500}), journal)
    assert broken.status is Status.FAILED
    again, _ = describe(script(tmp_path, PAIRS, {"json": ANSWER}), journal)
    assert [one.tool for one in again.transcript.experiments] == ["map_tokens", "strength_of_pairs"]


def test_nothing_held_out_reaches_the_describer(tmp_path):
    split = split_evidence(EVIDENCE, validation=3, test=4)
    hidden = held_out(split)
    assert {name(row.source) for row in split.test} <= hidden
    everyone = {"tool_calls": [{"name": "map_tokens", "arguments": {"words": sorted(hidden)}}]}
    titled = {
        "tool_calls": [{"name": "map_tokens", "arguments": {"words": [word.title() for word in hidden]}}]
    }
    reverse = {"tool_calls": [{"name": "sources_promoting", "arguments": {"word": "Paris"}}]}
    journal = ListJournal()
    describe(script(tmp_path, everyone, titled, MAP, reverse, {"json": ANSWER}), journal)
    for request in conversations(journal):
        for message in request.messages:
            if message.role in {"user", "system"}:
                assert not hidden & set(re.findall(r"[a-z]+", message.content.lower()))
            if message.role == "tool":
                answer = json.loads(message.content)
                answer.pop("not available, or not one token", None)
                assert not hidden & {
                    text.strip().lower() for text in re.findall(r'"([^"]*)"', json.dumps(answer))
                }


def test_the_first_request_is_what_was_planned_and_starts_alike_for_every_head(tmp_path):
    journal = ListJournal()
    _, describer = describe(script(tmp_path, MAP, {"json": ANSWER}), journal)
    assert describer.requests(EVIDENCE) == [conversations(journal)[0]]
    assert conversations(journal)[0].messages[0].content.startswith("You will be shown part of")


def test_the_fake_llm_runs_the_whole_protocol_by_itself():
    outcome, _ = describe("fake")
    assert outcome.status is Status.OK
    assert [one.tool for one in outcome.transcript.experiments] == ["map_tokens"]
