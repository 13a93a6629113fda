"""The method ``agent`` against a real vLLM server: the tool protocol to its end, with forced choices."""

import asyncio
import time
from dataclasses import replace
from itertools import cycle

import pytest

from headscribe.agent.caller import Caller
from headscribe.agent.investigation import investigate
from headscribe.agent.llm.openai_compatible import OpenAICompatibleClient
from headscribe.agent.rehearsal import NoJournal
from headscribe.agent.tool_list import TOOLS
from headscribe.agent.tools import HeadTools
from headscribe.core.descriptions import Status
from headscribe.core.evidence import Evidence
from headscribe.core.heads import Head
from headscribe.core.settings import DescribeSettings, MapSettings
from headscribe.mapping.checkpoint import open_checkpoint
from headscribe.mapping.head_maps import map_heads
from headscribe.pipeline.describe.laboratory import Laboratory
from headscribe.prompts import load_template

pytestmark = pytest.mark.vllm

HEADS = [Head(1, number) for number in range(8)]
SETTINGS = DescribeSettings(
    method="agent", max_tool_calls=3, max_reply_tokens=800, temperature=1.0, max_retries=0
)
NAMES = ("map_tokens", "sources_promoting", "strength_of_pairs")


def only_words(schema, words):
    """A tool's schema whose free texts are some words: random ones are no tokens of the studied model."""
    if schema["type"] == "string":
        return {"type": "string", "enum": schema.get("enum", words)}
    if schema["type"] == "integer":
        return schema
    if schema["type"] == "array":
        return schema | {"items": only_words(schema["items"], words), "maxItems": 3}
    properties = {name: only_words(inner, words) for name, inner in schema["properties"].items()}
    return schema | {"properties": properties}


def test_eight_heads_are_experimented_on_and_described(served, measured):
    laboratory = Laboratory(open_checkpoint("demo"), MapSettings(view="paper"))
    template = load_template("describe@1")
    head_maps = list(map_heads(laboratory.checkpoint, MapSettings(view="paper"), HEADS))
    replies, seconds = [], []

    async def describe(caller, head_map):
        words = [mapping.source.text for mapping in head_map.mappings[:5]]
        limited = tuple(replace(tool, parameters=only_words(tool.parameters, words)) for tool in TOOLS)
        forced = cycle(NAMES)

        async def ask(messages, schema, tools, tool_choice):
            assert tools == TOOLS
            started = time.perf_counter()
            choice = "none" if tool_choice == "none" else next(forced)
            reply = await caller.call(messages, schema=schema, tools=limited, tool_choice=choice)
            seconds.append(time.perf_counter() - started)
            replies.append(reply)
            return reply

        tools = HeadTools(laboratory.of_head(head_map.head))
        return await investigate(Evidence(head_map.mappings), template, tools, ask, SETTINGS)

    async def run():
        client = OpenAICompatibleClient("tiny", served.model, api_key="none", base_url=served.base_url)
        caller = Caller(client, NoJournal(), settings=SETTINGS)
        outcomes = await asyncio.gather(*(describe(caller, head_map) for head_map in head_maps))
        await client.aclose()
        return outcomes

    outcomes = asyncio.run(run())
    for outcome in outcomes:
        assert outcome.status in {Status.OK, Status.UNCLEAR, Status.TRUNCATED, Status.UNPARSEABLE}
        experiments = outcome.transcript.experiments
        assert [one.tool for one in experiments] == list(NAMES)
        assert not any('"error"' in one.answer for one in experiments), experiments
        assert outcome.rounds == 4
    sent = sum(reply.usage.prompt_tokens for reply in replies)
    received = sum(reply.usage.completion_tokens for reply in replies)
    assert all(reply.usage.prompt_tokens > 500 for reply in replies)
    measured(
        f"agent, a named tool in each request: {len(outcomes)} heads, {len(replies)} calls, "
        f"{sum(seconds) / len(seconds):.2f} s per call; {sent:,} tokens sent, {received:,} received"
    )
