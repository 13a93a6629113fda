"""What replies are likely to take, by what was asked for."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from headscribe.core.chat import ChatRequest, Message, Sampling, Tool
from headscribe.core.reply_lengths import FEWEST, ReplyLengths

TOOL = Tool("t", "", {})


def request(schema=None, tools=(), limit=1000):
    return ChatRequest("m", (Message("user", "?"),), Sampling(max_tokens=limit), schema, tools)


@given(st.lists(st.integers(0, 2000), min_size=FEWEST, max_size=40), st.integers(16, 3000))
def test_the_average_and_two_deviations_above_it_never_beyond_the_limit(tokens, limit):
    lengths = ReplyLengths()
    for count in tokens:
        lengths.add(request(), count)
    mean = sum(tokens) / len(tokens)
    spread = math.sqrt(sum((count - mean) ** 2 for count in tokens) / len(tokens))
    asked = request(limit=limit)
    assert math.isclose(lengths.likely(asked), min(mean, limit), abs_tol=1e-6)
    assert lengths.enough(asked) in {
        min(limit, math.ceil(mean + 2 * spread + error)) for error in (-1e-3, 0, 1e-3)
    }


def test_kinds_are_told_apart_and_too_few_replies_tell_nothing():
    lengths = ReplyLengths()
    for _ in range(FEWEST):
        lengths.add(request({"type": "object"}), 200)
        lengths.add(request(tools=(TOOL,)), 30)
    for _ in range(FEWEST - 1):
        lengths.add(request(), 7)
    assert lengths.likely(request({"type": "object"})) == 200
    assert lengths.enough(request(tools=(TOOL,))) == 30
    assert lengths.likely(request()) is None
    assert lengths.enough(request(limit=77)) == 77
