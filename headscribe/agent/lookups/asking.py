"""The two questions of context look-ups, put to an LLM: when is the head active, and is it active here?"""

from __future__ import annotations

import re
from dataclasses import dataclass

from headscribe.agent.asking import Asker
from headscribe.agent.reply import parse_reply, shown_line
from headscribe.agent.reply_text import find_fields, find_labelled
from headscribe.agent.thinking import after_thinking
from headscribe.core.chat import CallFailed, ChatReply
from headscribe.core.descriptions import Outcome, Status
from headscribe.prompts import Template, load_template
from headscribe.prompts.contexts import ContextEvidence, ContextQuestion

_ANSWERS = {"yes": True, "true": True, "no": False, "false": False}


@dataclass(frozen=True, slots=True)
class Said:
    """A reader's answer: whether the head is active, None without one; and a sentence on why."""

    active: bool | None
    status: Status
    reason: str = ""


def explainer() -> Template:
    """The newest shipped template that asks for an explanation."""
    return load_template("lookup_explain")


def classifier() -> Template:
    """The newest shipped template that asks about one prompt."""
    return load_template("lookup_classify")


async def explain(asker: Asker, template: Template, evidence: ContextEvidence) -> Outcome:
    """Ask when a head is active; the outcome's ``description`` is the explanation.

    Raises:
        LLMUnavailable: no question will be answered any more.
        asyncio.CancelledError: the asker drains.
    """
    try:
        reply = await asker.ask(template.render(evidence), schema=template.schema)
    except CallFailed as error:
        return Outcome(Status.FAILED, error=shown_line(str(error)))
    return parse_reply(reply, template.schema)


async def classify(asker: Asker, template: Template, question: ContextQuestion) -> Said:
    """Ask whether the head is active on one prompt; raises as ``explain`` does."""
    try:
        reply = await asker.ask(template.render(question), schema=template.schema)
    except CallFailed as error:
        return Said(None, Status.FAILED, shown_line(str(error)))
    return read_answer(reply, template)


def read_answer(reply: ChatReply, template: Template) -> Said:
    """Yes or no, wherever the reply says it. Never raises; anything else is no answer."""
    names = tuple(template.schema["properties"])
    field = names[-1]
    text = after_thinking(reply.text) or ""
    # JSON's own true and false are as good as the words that were asked for
    plain = re.sub(rf'("{field}"\s*:\s*)(true|false)\b', r'\1"\2"', text)
    fields = find_fields(plain, names, (field,)) or find_labelled(plain, names)
    word = re.sub(r"\W", "", fields.get(field, text if len(text) < 10 else "")).casefold()
    reason = shown_line(fields.get(names[0], ""))[:300]
    if word in _ANSWERS and not reply.refusal:
        return Said(_ANSWERS[word], Status.OK, reason)
    # refused, truncated or unparseable: what any other reply without its fields is
    failed = parse_reply(reply, template.schema)
    status = failed.status if failed.error else Status.UNPARSEABLE
    return Said(None, status, failed.error or reason or "neither yes nor no")
