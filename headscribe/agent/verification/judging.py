"""Asking a reader who knows a description and nothing else: one item per conversation."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from headscribe.agent.reply import shown_line
from headscribe.agent.reply_text import find_fields, find_labelled
from headscribe.agent.single import Call
from headscribe.agent.thinking import after_thinking
from headscribe.agent.together import together
from headscribe.agent.verification.drawing import BATCH
from headscribe.agent.verification.items import ONE_ROW, ReaderItem
from headscribe.agent.verification.lift import Answer, Pair, measure
from headscribe.core.chat import CallFailed, ChatReply, FailureKind, Message, content_hash
from headscribe.prompts import Template, load_template
from headscribe.prompts.subjects import Question

NULL = "It does something to its source."
"""What the null reader is told in place of the description: its prompts differ in nothing else."""

_NO_ANSWER = frozenset({FailureKind.BAD_REQUEST, FailureKind.TOO_LONG, FailureKind.BAD_REPLY})
"""Failures that belong to the item, such as a filter that refuses its tokens; others stop the head."""


@dataclass(frozen=True, slots=True)
class Judge:
    """The reader's questions.

    One call per item: rows of one head resemble each other, so a reader who saw several at once could sort
    them without the description, and one mistake would spoil many answers. The instructions and the
    description come first in the prompt, so that servers can reuse them. Answers are one word, so that one
    token of the reply tells what the reader thinks of each.

    Attributes:
        detect: template that asks whether a row belongs to the head.
        pick: template that asks which of four rows does.
        predict: template that asks which targets follow from a source.
        intruder: template that asks which of five rows does not belong, without a description.
    """

    detect: Template
    pick: Template
    predict: Template
    intruder: Template

    @classmethod
    def shipped(cls) -> Judge:
        """The newest shipped templates."""
        return cls(*(load_template(name) for name in ("detect", "pick", "predict", "intruder")))

    @property
    def hash(self) -> str:
        """Hash of the templates and of what the null reader is told."""
        templates = (self.detect, self.pick, self.predict, self.intruder)
        return content_hash([NULL, *(template.hash for template in templates)])

    async def ask(self, questions: Sequence[tuple[str, ReaderItem]], call: Call) -> list[Answer]:
        """Put questions to the reader, side by side; answers come in their order.

        Args:
            questions: each a description and an item.
            call: asks the reader.

        Raises:
            CallFailed: a call failed for a reason that has nothing to do with its item.
            BudgetSpent, asyncio.CancelledError: as the call raises them, once no other call is under way.
        """
        prompts = [self._prompt(description, item) for description, item in questions]
        # Equal ones once: what a head took is then the same whether they are asked or replayed.
        unique = list(dict.fromkeys(prompts))
        results = await together([_asked(prompt, call) for prompt in unique])
        said = dict(zip(unique, results, strict=True))
        return [
            self._answer(item, said[prompt]) for (_, item), prompt in zip(questions, prompts, strict=True)
        ]

    def template_of(self, item: ReaderItem) -> Template:
        """The template that asks a question of this kind."""
        if item.kind in ONE_ROW:
            return self.detect
        return {"pick": self.pick, "intruder": self.intruder}.get(item.kind, self.predict)

    def _prompt(self, description: str, item: ReaderItem) -> tuple[Message, ...]:
        question = Question(description, item.source, item.choices, item.sources)
        return self.template_of(item).render(question)

    def _answer(self, item: ReaderItem, said: ChatReply | str | BaseException) -> Answer:
        if isinstance(said, ChatReply):
            return read_answer(said, item, self.template_of(item))
        return Answer(item, None, f"no answer: {said}")


async def _asked(prompt: tuple[Message, ...], call: Call) -> ChatReply | str:
    """The reply, or the failure where it belongs to the item."""
    try:
        # The answer is a bare word: a schema would put other tokens in front of it.
        return await call(prompt, None)
    except CallFailed as error:
        if error.kind not in _NO_ANSWER:
            raise
        return str(error)


class Reading:
    """One head's reader with and without a description.

    Without it, each item is asked about once: the answers serve every description of the head.

    Args:
        judge: the questions.
        call: asks the reader.
    """

    def __init__(self, judge: Judge, call: Call) -> None:
        self._judge, self._call = judge, call
        self._null: dict[ReaderItem, Answer] = {}

    async def pairs(self, description: str, items: Sequence[ReaderItem]) -> list[Pair]:
        """Every item answered with the description and without it.

        Raises:
            CallFailed, BudgetSpent, asyncio.CancelledError: as ``Judge.ask`` does.
        """
        (pairs,) = await self.pairs_each([description], items)
        return pairs

    async def pairs_each(self, descriptions: Sequence[str], items: Sequence[ReaderItem]) -> list[list[Pair]]:
        """``pairs`` of several descriptions, side by side; without one, nothing is asked.

        Raises:
            CallFailed, BudgetSpent, asyncio.CancelledError: as ``Judge.ask`` does.
        """
        new = [item for item in items if descriptions and item not in self._null]
        asked = [(description, item) for description in descriptions for item in items]
        answers = await self._judge.ask([*asked, *((NULL, item) for item in new)], self._call)
        self._null |= dict(zip(new, answers[len(asked) :], strict=True))
        pairs = [Pair(answer, self._null[answer.item]) for answer in answers[: len(asked)]]
        return [pairs[n * len(items) : (n + 1) * len(items)] for n in range(len(descriptions))]

    async def until_narrow(
        self, description: str, items: Sequence[ReaderItem], interval: float
    ) -> list[Pair]:
        """Batch after batch of items, until the interval of the lift between heads is narrow enough.

        Args:
            description: under test.
            items: the most that are asked.
            interval: the width that is wanted.
        """
        pairs: list[Pair] = []
        for start in range(0, len(items), BATCH):
            pairs += await self.pairs(description, items[start : start + BATCH])
            width = measure(pairs).width
            if width is not None and width <= interval:
                break
        return pairs

    async def intruders(self, items: Sequence[ReaderItem]) -> list[Answer]:
        """Rows of which one is an intruder, asked about without any description.

        Raises:
            CallFailed, BudgetSpent, asyncio.CancelledError: as ``Judge.ask`` does.
        """
        return await self._judge.ask([("", item) for item in items], self._call)


def read_answer(reply: ChatReply, item: ReaderItem, template: Template) -> Answer:
    """What the reader said. Never raises; a reply without a usable answer counts as none.

    Where the server gave the probabilities of the answer's first token, these decide, and are kept.

    Args:
        reply: the raw reply.
        item: what was asked.
        template: how; the last property of its schema holds the answer.
    """
    text = after_thinking(reply.text) or ""
    names = tuple(template.schema["properties"])
    field = names[-1]
    fields = find_fields(_spelled(text), names, (field,)) or find_labelled(text, names)
    said = _plain(fields.get(field, text if len(text) < 10 else ""))
    answer = next((one for one in item.answers if said == one.casefold()), None)
    if reply.refusal:
        return Answer(item, None)
    chances = chances_of(reply, item) if answer is not None else ()
    if chances:
        answer = item.answers[max(range(len(chances)), key=chances.__getitem__)]
    return Answer(item, answer, shown_line(fields.get("reason", ""))[:300], chances)


def chances_of(reply: ChatReply, item: ReaderItem) -> tuple[float, ...]:
    """The probability of each of the item's answers, among them alone; empty without probabilities.

    They stand at the last token of the reply that is an answer: a model may think before it, or add a stop.
    """
    for position in reversed(reply.logprobs):
        found = dict.fromkeys(item.answers, 0.0)
        for token, logprob in position:
            for answer in item.answers:
                if _plain(token) == answer.casefold():
                    found[answer] += math.exp(min(0.0, logprob))
        if position and _plain(position[0][0]) in {answer.casefold() for answer in item.answers}:
            total = sum(found.values())
            return tuple(chance / total for chance in found.values()) if total else ()
    return ()


def _plain(text: str) -> str:
    return re.sub(r"\W", "", text).casefold()


def _spelled(text: str) -> str:
    """JSON's own true and false where the words yes and no were asked for."""
    text = re.sub(r'("belongs"\s*:\s*)true\b', r'\1"yes"', text)
    return re.sub(r'("belongs"\s*:\s*)false\b', r'\1"no"', text)
