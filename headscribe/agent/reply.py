"""From a chat model's raw reply to one of the statuses, and to a description where it holds one."""

from __future__ import annotations

import re
from typing import Any

from headscribe.agent.reply_text import find_fields, find_labelled, is_cut
from headscribe.agent.thinking import after_thinking
from headscribe.core.chat import ChatReply
from headscribe.core.descriptions import Outcome, Status
from headscribe.core.tokens import plain_line, show_token

LONGEST_FIELD = 600
"""Characters of a sentence that are kept; more is no sentence any more."""

UNCLEAR = "Unclear"

_FIELDS = ("reasoning", "inputs", "pattern", "description")
_NEEDED = ("pattern", "description")
_CUT = frozenset({"length", "max_tokens", "max_length"})
_FILTERED = frozenset({"content_filter", "content-filter", "refusal", "safety"})

_REFUSAL = re.compile(
    r"\W*(?:(?:i['’]?m|i am|we are|we['’]re)\s+(?:very\s+|so\s+)?(?:sorry|afraid|unable|not able)\b"
    r"|(?:sorry|apologies|unfortunately)\b,?\s+(?:but\s+)?i\b"
    r"|i\s+(?:cannot|can['’]?t|can not|won['’]?t|must decline|decline)\b"
    r"|as an? (?:ai|language model|assistant)\b.{0,60}\b(?:cannot|can['’]?t|unable|not able))",
    re.IGNORECASE,
)
_UNCLEAR = re.compile(
    r"\W*(?:unclear\W*(?:$|[.,;:(–—-].*)"
    r"|(?:the |this )?(?:pattern|inputs?|description|relation|rule)s? (?:is|are|remains?) unclear\b.*"
    r"|(?:there is |i see |i found )?no (?:clear|obvious|visible|discernible|consistent)(?: \w+)? pattern\b.*"
    r"|i (?:cannot|can['’]?t|could not|couldn['’]?t|did not|do not) "
    r"(?:\w+ )?(?:find|see|identify|discern|detect)\b.*)",
    re.IGNORECASE | re.DOTALL,
)


def parse_reply(reply: ChatReply, schema: dict[str, Any] | None = None) -> Outcome:
    """Read what a chat model answered. Never raises, whatever the text.

    The pattern decides: where it is "Unclear" the head is unclear, whatever the other sentences say.
    Without a pattern the description decides, and without a description the pattern is the description. A
    complete object in a reply that ran into its limit still counts; anything less is ``truncated``.

    Args:
        reply: the reply as the journal keeps it, so that this can be done again without an LLM.
        schema: the JSON Schema that was asked for; its properties name the fields, whether or not the server
            kept to it. None means the fields of ``describe``.

    Returns:
        an outcome with any status but ``failed``. Sentences are cleaned of control characters and cut at
        ``LONGEST_FIELD``.
    """
    if is_refused(reply):
        return _without(Status.REFUSED, reply.refusal or f"finish reason {reply.finish_reason}")
    answer = after_thinking(reply.text)
    if answer is None:
        return _without(Status.TRUNCATED, "the reply ends while the LLM is still thinking")
    names = tuple((schema or {}).get("properties", ())) or _FIELDS
    cut = is_cut_off(reply, answer)
    fields = find_fields(answer, names, _NEEDED, forgive=not cut)
    if not fields and cut:
        return _without(Status.TRUNCATED, "the reply ends before its answer does")
    fields = fields or find_labelled(answer, names)
    cleaned = {name: text for name, value in fields.items() if (text := shown_line(value))}
    if any(name in cleaned for name in _NEEDED):
        return _answer(cleaned)
    return _no_fields(answer)


def is_refused(reply: ChatReply) -> bool:
    """Whether the server says that the model, or a filter, refused."""
    return bool(reply.refusal) or (reply.finish_reason or "").lower() in _FILTERED


def is_cut_off(reply: ChatReply, answer: str) -> bool:
    """Whether the reply ended before its answer did, by what the server says or by the text itself."""
    return (reply.finish_reason or "").lower() in _CUT or is_cut(answer)


def _answer(fields: dict[str, str]) -> Outcome:
    pattern, description = fields.get("pattern"), fields.get("description")
    decisive = pattern or description or ""
    inputs = fields.get("inputs")
    inputs = UNCLEAR if inputs and _UNCLEAR.fullmatch(inputs) else inputs
    if _UNCLEAR.fullmatch(decisive):
        return Outcome(Status.UNCLEAR, inputs=inputs, pattern=UNCLEAR)
    if _REFUSAL.match(decisive):
        return _without(Status.REFUSED, decisive)
    if not description or _UNCLEAR.fullmatch(description) or _REFUSAL.match(description):
        description = pattern
    return Outcome(Status.OK, inputs=inputs, pattern=pattern, description=description)


def _no_fields(answer: str) -> Outcome:
    text = shown_line(answer)
    if not text:
        return _without(Status.UNPARSEABLE, "the reply is empty")
    if _UNCLEAR.fullmatch(text):
        return Outcome(Status.UNCLEAR, pattern=UNCLEAR)
    if _REFUSAL.match(text):
        return _without(Status.REFUSED, text)
    return _without(Status.UNPARSEABLE, f"the reply has no pattern in it: {show_token(text, 80)}")


def _without(status: Status, why: str) -> Outcome:
    return Outcome(status, error=shown_line(why)[:200] or str(status))


def shown_line(text: str) -> str:
    """One line without control, format or unpaired surrogate characters, of at most ``LONGEST_FIELD``."""
    return plain_line(text, LONGEST_FIELD)
