"""A judge's raw reply to a checklist: the numbers it chose, or how it failed to choose any."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from headscribe.agent.reply import is_cut_off, is_refused
from headscribe.agent.reply_text import find_value
from headscribe.agent.thinking import after_thinking
from headscribe.core.chat import ChatReply
from headscribe.core.descriptions import Status

_NONE = re.compile(r"\W*(?:none|no|nothing|n/?a|null)?\W*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a judge chose.

    Attributes:
        status: ``ok``, ``unparseable``, ``refused`` or ``truncated``.
        numbers: places of the options that were chosen, from 1; empty unless the status is ``ok``.
    """

    status: Status
    numbers: frozenset[int] = frozenset()


def read_choice(reply: ChatReply, field: str, n_options: int) -> Chosen:
    """Read which options a judge chose. Never raises, whatever the text.

    Args:
        field: the key that holds the list.
        n_options: how many options were shown; a number beyond makes the reply unparseable, as nobody can
            say what it means.
    """
    if is_refused(reply):
        return Chosen(Status.REFUSED)
    text = after_thinking(reply.text)
    value = None if text is None else find_value(text, field)
    numbers = None if value is None else _numbers(value)
    if numbers is None:
        cut = text is None or is_cut_off(reply, text)
        return Chosen(Status.TRUNCATED if cut else Status.UNPARSEABLE)
    if any(not 1 <= number <= n_options for number in numbers):
        return Chosen(Status.UNPARSEABLE)
    return Chosen(Status.OK, frozenset(numbers))


def _numbers(value: Any) -> list[int] | None:
    """Whole numbers from a list, one number, or text such as ``1, 3`` or ``none``; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return [value]
    if isinstance(value, str):
        if _NONE.fullmatch(value):
            return []
        found = re.fullmatch(r"\W*\d+(?:\s*(?:,|;|and)?\s+\d+|\s*,\s*\d+)*\W*", value)
        return [int(number) for number in re.findall(r"\d+", value)] if found else None
    if isinstance(value, list):
        parts = [_numbers(item) for item in value]
        return None if any(part is None for part in parts) else [n for part in parts for n in part or ()]
    return None
