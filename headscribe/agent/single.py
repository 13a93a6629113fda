"""The method ``single``: one prompt per head, as in the paper (MAPS section 5)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from headscribe.agent.reply import UNCLEAR, parse_reply
from headscribe.core.chat import ChatReply, Message
from headscribe.core.descriptions import Outcome, Status
from headscribe.core.evidence import Evidence
from headscribe.prompts import Template

Call = Callable[[tuple[Message, ...], dict[str, Any] | None], Coroutine[Any, Any, ChatReply]]
"""Asks an LLM: the messages and the reply schema in, the raw reply out; raises ``CallFailed`` without one."""


def single_request_messages(evidence: Evidence, template: Template) -> tuple[Message, ...]:
    """The messages that ``describe_single`` would send; none for a head without mappings.

    Raises:
        BadPrompt: the template cannot be filled in.
    """
    return template.render(evidence) if evidence.mappings else ()


async def describe_single(evidence: Evidence, template: Template, call: Call) -> Outcome:
    """Describe one head with one call.

    A head without mappings (every source row of its map was zero) is ``unclear`` without a call: there is
    nothing to ask about.

    Args:
        evidence: the head's mappings, and nothing else.
        template: the prompt, whose schema goes with the request.
        call: asks the LLM; a failed call passes through to the caller, who counts it.

    Raises:
        CallFailed: the call brought no reply.
        BadPrompt: the template cannot be filled in.
    """
    messages = single_request_messages(evidence, template)
    if not messages:
        return Outcome(Status.UNCLEAR, inputs=UNCLEAR, pattern=UNCLEAR, rounds=0)
    return parse_reply(await call(messages, template.schema), template.schema)
