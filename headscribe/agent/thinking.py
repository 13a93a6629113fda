"""A reasoning model's thoughts, told apart from its answer by the marks that models put around them."""

from __future__ import annotations

import re

LONGEST = 20_000
"""Characters of an answer that are looked at; of one beyond all measure, its end."""

_NAMES = "think|thinking|thought|reasoning|analysis|seed:think"
# Qwen and DeepSeek, Magistral, Kimi, Seed, EXAONE, Command.
_OPEN = re.compile(
    rf"<(?:{_NAMES})(?:\s[^>]*)?>|\[THINK\]|◁think▷|<\|(?:START_THINKING|begin_of_thought)\|>", re.IGNORECASE
)
_CLOSE = re.compile(
    rf"</(?:{_NAMES})>|\[/THINK\]|◁/think▷|<\|(?:END_THINKING|end_of_thought)\|>", re.IGNORECASE
)
_REST = re.compile(r"<\|(?:START|END)_RESPONSE\|>|<\|(?:begin|end)_of_solution\|>")

# gpt-oss: channels, of which the last is the answer; some servers remove the marks and leave the names.
_CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>")
_CHANNEL_END = re.compile(r"<\|(?:end|return|call|start|channel)\|>")
_BARE_START = re.compile(r"\s*analysis(?=[A-Z])")
_BARE_FINAL = "assistantfinal"


def after_thinking(text: str) -> str | None:
    """The text without a reasoning model's thoughts in front; None if it thinks to the end.

    Where only the closing mark is there, the server's chat template wrote the opening one. Of an answer
    beyond all measure, its end is kept.
    """
    if _CHANNEL.search(text):
        return _final_channel(text)
    if _BARE_START.match(text):
        _, final, answer = text.rpartition(_BARE_FINAL)
        return answer[-LONGEST:] if final else None
    closes = list(_CLOSE.finditer(text))
    opened = _OPEN.match(text.lstrip())
    if opened:
        return _plain(text[closes[0].end() :]) if closes else None
    return _plain(text[closes[-1].end() :] if closes else text)


def _plain(answer: str) -> str:
    return _REST.sub("", answer)[-LONGEST:]


def _final_channel(text: str) -> str | None:
    channels = list(_CHANNEL.finditer(text))
    finals = [channel for channel in channels if channel[1].lower() == "final"]
    if not finals:
        return None
    answer = text[finals[-1].end() :]
    end = _CHANNEL_END.search(answer)
    return (answer[: end.start()] if end else answer)[-LONGEST:]
