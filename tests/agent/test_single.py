"""The method single: one prompt per head."""

from __future__ import annotations

import asyncio
import json

import pytest

from headscribe.agent.single import describe_single, single_request_messages
from headscribe.core.chat import CallFailed, ChatReply, FailureKind
from headscribe.core.descriptions import Status
from headscribe.core.evidence import Evidence
from headscribe.core.records import Mapping, Token
from headscribe.prompts import load_template

EVIDENCE = Evidence(
    (Mapping(0, Token(7, " France"), 2.5, (Token(8, " Paris"), Token(9, " Lyon")), (3.0, 1.0)),)
)
TEMPLATE = load_template("describe@1")
ANSWER = {
    "reasoning": "r",
    "inputs": "Countries.",
    "pattern": "Capitals.",
    "description": "Maps to capitals.",
}


def test_a_head_is_described_with_one_call_that_carries_the_schema():
    seen = []

    async def call(messages, schema):
        seen.append((messages, schema))
        return ChatReply(json.dumps(ANSWER), finish_reason="stop")

    outcome = asyncio.run(describe_single(EVIDENCE, TEMPLATE, call))
    assert (outcome.status, outcome.description, outcome.rounds) == (Status.OK, "Maps to capitals.", 1)
    assert seen == [(single_request_messages(EVIDENCE, TEMPLATE), TEMPLATE.schema)]


def test_a_head_without_mappings_is_unclear_and_nobody_is_asked():
    async def call(messages, schema):
        raise AssertionError("asked about nothing")

    outcome = asyncio.run(describe_single(Evidence(()), TEMPLATE, call))
    assert (outcome.status, outcome.description, outcome.rounds) == (Status.UNCLEAR, None, 0)
    assert single_request_messages(Evidence(()), TEMPLATE) == ()


def test_a_failed_call_is_left_to_the_caller():
    async def call(messages, schema):
        raise CallFailed(FailureKind.TIMEOUT, "no answer in 5 s")

    with pytest.raises(CallFailed):
        asyncio.run(describe_single(EVIDENCE, TEMPLATE, call))
