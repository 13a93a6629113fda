"""The method verified: describe, test, refine, keep the best, and report what the held-out tokens say."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from benchmarks.simulated import Simulated, family_of, half_right, planted_evidence, right, wrong
from headscribe.agent.verification import NULL
from headscribe.agent.verified import GENERIC, Verified
from headscribe.core.chat import CallFailed, ChatReply, FailureKind
from headscribe.core.descriptions import Outcome, Status
from headscribe.core.evidence import Evidence
from headscribe.core.settings import DescribeSettings
from headscribe.prompts import load_template

EVIDENCE = planted_evidence(3)
FAMILY = family_of(EVIDENCE)
VALIDATION, BETWEEN, WITHIN, INTRUDERS = 9, 30, 10, 8
"""Items about 6 rows, each once, and about 10 rows, each twice; questions without a description."""


def verified(**settings: object) -> Verified:
    return Verified.shipped(load_template("describe@1"), DescribeSettings(**settings))  # type: ignore[arg-type]


def describe(llm: Simulated, evidence: Evidence = EVIDENCE, **settings: object) -> Outcome:
    return asyncio.run(verified(**settings).describe(evidence, llm.call))


def llm(*descriptions: str, skill: float = 1.0) -> Simulated:
    return Simulated(FAMILY, skill, descriptions)


def scripted(*replies: object):
    """A describer that answers in turn; its reader always says yes, or A."""
    left = list(replies)

    async def call(messages, schema):
        if schema is None:
            return ChatReply("yes" if "yes or no" in messages[-1].content else "A")
        reply = left.pop(0) if len(left) > 1 else left[0]
        return reply if isinstance(reply, ChatReply) else ChatReply(json.dumps(reply), finish_reason="stop")

    return call


def saying(text: str) -> dict[str, str]:
    return {"reasoning": "", "inputs": text, "pattern": text, "description": text}


def test_a_good_description_is_kept_at_once_and_tested():
    planted = llm(right(FAMILY))
    outcome = describe(planted)
    assert (outcome.status, outcome.description, outcome.rounds) == (Status.OK, right(FAMILY), 1)
    assert (outcome.confidence, outcome.confidence_high, outcome.n_tests) == (1.0, 1.0, BETWEEN)
    assert outcome.confidence_low is not None
    assert 0.5 < outcome.confidence_low < 1
    assert (outcome.tested.accuracy, outcome.tested.n_within, outcome.unanswered) == (1.0, WITHIN, 0)
    assert 0.2 < (outcome.tested.null_accuracy or 0) < 0.6, "a reader who knows nothing guesses"
    assert outcome.intruders.value == 1
    assert (len(planted.prompts), planted.asked) == (1, 2 * (VALIDATION + BETWEEN + WITHIN) + INTRUDERS)


def test_a_wrong_description_is_refined_with_what_was_wrong_and_the_better_one_is_kept():
    planted = llm(half_right(FAMILY), right(FAMILY))
    outcome = describe(planted)
    assert (outcome.description, outcome.rounds, outcome.confidence) == (right(FAMILY), 2, 1.0)
    first, second = planted.prompts
    assert second.startswith(first), "the conversation goes on, so its beginning can be reused"
    assert half_right(FAMILY) in second
    assert "did not recognise" in second


def test_no_prompt_to_the_describer_ever_holds_a_test_token():
    for head in range(6):
        evidence = planted_evidence(head)
        family = family_of(evidence)
        planted = Simulated(
            family, 0.6, tuple(f"{say(family)} {n}" for n, say in enumerate([wrong] * 4)), seed=head
        )
        describe(planted, evidence, rounds=3)
        split = verified().split(evidence)
        assert len(planted.prompts) == 4
        said = "\n".join(planted.prompts)
        assert all(json.dumps(row.source.text) in said for row in split.shown.mappings)
        assert any(row.source.text.strip() in said for row in split.validation)
        for row in split.test:
            assert f'{row.source.text}"' not in said


def test_it_asks_no_more_rounds_than_allowed_and_keeps_the_best_by_validation():
    planted = llm(wrong(FAMILY), half_right(FAMILY), wrong(FAMILY + 1))
    outcome = describe(planted)
    assert (outcome.rounds, outcome.description) == (3, half_right(FAMILY))
    assert outcome.transcript is not None
    assert [one.kept for one in outcome.transcript.rounds] == [False, True, False]
    assert describe(llm(wrong(FAMILY), right(FAMILY)), rounds=0).rounds == 1


def test_a_description_that_repeats_itself_ends_the_rounds_without_further_questions():
    planted = llm(wrong(FAMILY))
    outcome = describe(planted, rounds=5)
    asked = 2 * (VALIDATION + BETWEEN + WITHIN) + INTRUDERS
    assert (outcome.rounds, len(planted.prompts), planted.asked) == (2, 2, asked)


def test_the_null_reader_is_asked_once_about_an_item_whatever_is_described():
    planted = llm(wrong(FAMILY), half_right(FAMILY), right(FAMILY))
    outcome = describe(planted)
    assert outcome.rounds == 3
    assert planted.asked == 3 * VALIDATION + VALIDATION + 2 * (BETWEEN + WITHIN) + INTRUDERS


def test_the_reported_confidence_is_that_of_the_test_items_alone():
    outcome = describe(llm(half_right(FAMILY), wrong(FAMILY), skill=0.8))
    assert outcome.transcript is not None
    tests = [item for item in outcome.transcript.items if item.part == "test" and item.kind != "intruder"]
    kept = next(one for one in outcome.transcript.rounds if one.kept)
    between = [item for item in tests if item.kind != "within"]
    wrongs = [
        sum(getattr(item, said) != item.right for item in between) for said in ("answer", "null_answer")
    ]
    assert outcome.confidence == pytest.approx(1 - wrongs[0] / wrongs[1])
    assert outcome.confidence != kept.confidence.value
    assert {item.round for item in tests} == {kept.number}


def test_the_transcript_holds_every_round_and_every_item():
    outcome = describe(llm(wrong(FAMILY), right(FAMILY)))
    assert outcome.transcript is not None
    rounds, items = outcome.transcript.rounds, outcome.transcript.items
    assert [(one.number, one.description, one.kept) for one in rounds] == [
        (1, wrong(FAMILY), False),
        (2, right(FAMILY), True),
    ]
    assert rounds[0].confidence.n == VALIDATION
    assert [(item.round, item.part) for item in items].count((1, "validation")) == VALIDATION
    assert [(item.round, item.part) for item in items].count((2, "test")) == BETWEEN + WITHIN
    assert [item.kind for item in items].count("intruder") == INTRUDERS
    assert all(item.null_answer for item in items if item.kind != "intruder")


def test_an_unclear_head_is_tested_with_a_description_that_says_nothing():
    asked = []

    async def call(messages, schema):
        asked.append(messages[-1].content)
        return await scripted(saying("Unclear"))(messages, schema)

    outcome = asyncio.run(verified().describe(EVIDENCE, call))
    assert (outcome.status, outcome.description) == (Status.UNCLEAR, None)
    assert outcome.confidence == 0, "always yes and A, whatever it is told"
    assert sum(GENERIC in text for text in asked) == outcome.n_tests + outcome.tested.n_within > 0
    assert sum(NULL in text for text in asked) == outcome.n_tests + outcome.tested.n_within


def test_unclear_wins_over_a_description_that_adds_nothing():
    outcome = asyncio.run(verified().describe(EVIDENCE, scripted(saying("Vague."), saying("Unclear"))))
    assert (outcome.status, outcome.rounds) == (Status.UNCLEAR, 2)


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (ChatReply("{}"), Status.UNPARSEABLE),
        (ChatReply("", refusal="I cannot."), Status.REFUSED),
        (ChatReply('{"reasoning": "a', finish_reason="length"), Status.TRUNCATED),
    ],
)
def test_what_is_no_answer_is_not_tested(reply, status):
    outcome = asyncio.run(verified().describe(EVIDENCE, scripted(reply)))
    assert (outcome.status, outcome.description, outcome.n_tests) == (status, None, 0)
    assert outcome.confidence is None
    later = asyncio.run(verified().describe(EVIDENCE, scripted(saying("First."), reply)))
    assert (later.status, later.description, later.rounds) == (Status.OK, "First.", 2)


def test_a_failed_call_is_left_to_the_caller():
    async def call(messages, schema):
        raise CallFailed(FailureKind.SERVER, "500")

    with pytest.raises(CallFailed):
        asyncio.run(verified().describe(EVIDENCE, call))


def test_without_other_heads_or_rows_the_description_is_untested():
    outcome = describe(llm(right(FAMILY)), replace(EVIDENCE, others=()))
    assert (outcome.status, outcome.confidence, outcome.n_tests, outcome.unanswered) == (
        Status.OK,
        None,
        0,
        None,
    )
    assert describe(llm("x"), Evidence(())).status is Status.UNCLEAR


def test_an_outcome_of_another_method_is_tested_in_the_same_way():
    planted = llm()
    said = Outcome(Status.OK, pattern="p", description=right(FAMILY), rounds=4)
    outcome = asyncio.run(verified().test(said, EVIDENCE, planted.call))
    assert (outcome.confidence, outcome.n_tests, outcome.rounds) == (1.0, BETWEEN, 4)


def test_the_hash_follows_everything_that_shapes_an_answer():
    other = ({}, {"rounds": 3}, {"validation": 5}, {"test": 9}, {"split_seed": 1}, {"interval": 0.1})
    hashes = {verified(**one).hash for one in (*other, {"max_items": 9}, {"intruders": 0})}
    assert len(hashes) == 8
    assert verified(concurrency=3).hash == verified().hash


def test_the_same_replies_lead_to_the_same_outcome():
    assert describe(llm(wrong(FAMILY), right(FAMILY), skill=0.7)) == describe(
        llm(wrong(FAMILY), right(FAMILY), skill=0.7)
    )
