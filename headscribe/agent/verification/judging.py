"""Asking a reader who knows a description and nothing else: one item per conversation."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass

from headscribe.agent.reply import shown_line
from headscribe.agent.reply_text import find_fields, find_labelled
from headscribe.agent.single import Call
from headscribe.agent.thinking import after_thinking
from headscribe.agent.verification.confidence import Answer
from headscribe.agent.verification.items import CHOICES, NO, YES, ReaderItem
from headscribe.core.chat import CallFailed, ChatReply, FailureKind, content_hash
from headscribe.prompts import Template, load_template
from headscribe.prompts.subjects import Question

_NO_ANSWER = frozenset({FailureKind.BAD_REQUEST, FailureKind.TOO_LONG, FailureKind.BAD_REPLY})
"""Failures that belong to the item, such as a filter that refuses its tokens; others stop the head."""


@dataclass(frozen=True, slots=True)
class Judge:
    """The reader's two questions.

    One call per item: rows of one head resemble each other, so a reader who saw several at once could sort
    them without the description, and one mistake would spoil many answers. The instructions and the
    description come first in the prompt, so that servers can reuse them.

    Attributes:
        detect: template that asks whether a row belongs to the head.
        predict: template that asks which targets follow from a source.
    """

    detect: Template
    predict: Template

    @classmethod
    def shipped(cls) -> Judge:
        """The newest shipped templates."""
        return cls(load_template("detect"), load_template("predict"))

    @property
    def hash(self) -> str:
        """Hash of both templates."""
        return content_hash([self.detect.hash, self.predict.hash])

    async def ask(self, description: str, items: Sequence[ReaderItem], call: Call) -> list[Answer]:
        """Put every item to the reader, side by side; answers come in the order of the items.

        Raises:
            CallFailed: a call failed for a reason that has nothing to do with its item.
            BudgetSpent, asyncio.CancelledError: as the call raises them, once no other call is under way.
        """
        tasks = (self._ask(description, item, call) for item in items)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        faults = [result for result in results if isinstance(result, BaseException)]
        for kind in (asyncio.CancelledError, BaseException):
            for fault in faults:
                if isinstance(fault, kind):
                    raise fault
        return [result for result in results if isinstance(result, Answer)]

    async def _ask(self, description: str, item: ReaderItem, call: Call) -> Answer:
        template = self.predict if item.kind == "choice" else self.detect
        messages = template.render(Question(description, item.source, item.choices))
        try:
            reply = await call(messages, template.schema)
        except CallFailed as error:
            if error.kind not in _NO_ANSWER:
                raise
            return Answer(item, None, f"no answer: {error}")
        return read_answer(reply, item, template)


def read_answer(reply: ChatReply, item: ReaderItem, template: Template) -> Answer:
    """What the reader said. Never raises; a reply without a usable answer counts as none.

    Args:
        reply: the raw reply.
        item: what was asked.
        template: how; the last property of its schema holds the answer.
    """
    text = after_thinking(reply.text) or ""
    names = tuple(template.schema["properties"])
    field = names[-1]
    fields = find_fields(_spelled(text), names, (field,)) or find_labelled(text, names)
    known = tuple(CHOICES) if item.kind == "choice" else (YES, NO)
    said = re.sub(r"\W", "", fields.get(field, text if len(text) < 10 else "")).casefold()
    answer = next((one for one in known if said == one.casefold()), None)
    return Answer(item, None if reply.refusal else answer, shown_line(fields.get("reason", ""))[:300])


def _spelled(text: str) -> str:
    """JSON's own true and false where the words yes and no were asked for."""
    text = re.sub(r'("belongs"\s*:\s*)true\b', r'\1"yes"', text)
    return re.sub(r'("belongs"\s*:\s*)false\b', r'\1"no"', text)
