"""What a judge chose from a checklist, whatever it answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headscribe.agent.checklist import Chosen, read_choice
from headscribe.core.chat import ChatReply
from headscribe.core.descriptions import Status


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ('{"reason": "It says so.", "expressed": [1, 3]}', {1, 3}),
        ('{"reason": "", "expressed": []}', set()),
        ('{"expressed": "none"}', set()),
        ('{"expressed": ["2", "3"]}', {2, 3}),
        ('{"expressed": "1, 4"}', {1, 4}),
        ('{"expressed": 2}', {2}),
        ('<think>{"expressed": [1]}</think> {"expressed": [2]}', {2}),
        ('First {"expressed": [1]}, no: ```json\n{"expressed": [2]}\n```', {2}),
        ('```json\n{"expressed": [2,],}\n```', {2}),
        ("{'expressed': [4]}", {4}),
    ],
)
def test_numbers_are_read_from_what_judges_write(text: str, numbers: set[int]) -> None:
    assert read_choice(ChatReply(text), "expressed", 4) == Chosen(Status.OK, frozenset(numbers))


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (ChatReply(""), Status.UNPARSEABLE),
        (ChatReply("The first one."), Status.UNPARSEABLE),
        (ChatReply('{"expressed": [5]}'), Status.UNPARSEABLE),
        (ChatReply('{"expressed": [0]}'), Status.UNPARSEABLE),
        (ChatReply('{"expressed": ["country_to_capital"]}'), Status.UNPARSEABLE),
        (ChatReply('{"expressed": true}'), Status.UNPARSEABLE),
        (ChatReply('{"expressed": null}'), Status.UNPARSEABLE),
        (ChatReply('{"expressed": "all but 2"}'), Status.UNPARSEABLE),
        (ChatReply('{"reason": "It', finish_reason="length"), Status.TRUNCATED),
        (ChatReply('{"reason": "It'), Status.TRUNCATED),
        (ChatReply("<think>hm"), Status.TRUNCATED),
        (ChatReply("", refusal="No."), Status.REFUSED),
        (ChatReply("", finish_reason="content_filter"), Status.REFUSED),
    ],
)
def test_what_is_no_choice_has_a_status_and_no_numbers(reply: ChatReply, status: Status) -> None:
    assert read_choice(reply, "expressed", 4) == Chosen(status)


@given(st.text(), st.integers(1, 5))
def test_no_reply_breaks_the_reading(text: str, options: int) -> None:
    chosen = read_choice(ChatReply(text), "expressed", options)
    assert all(1 <= number <= options for number in chosen.numbers)
