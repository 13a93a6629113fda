"""A critic of descriptions: it names sources for which one predicts something, and the head's map answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from headscribe.agent.experiments import Experiments
from headscribe.agent.reply_text import find_value
from headscribe.agent.shown_words import ShownWords
from headscribe.agent.single import Call
from headscribe.agent.splits import Split, held_out, name
from headscribe.agent.thinking import after_thinking
from headscribe.core.errors import BadOption
from headscribe.core.records import Token
from headscribe.prompts import Template
from headscribe.prompts.subjects import DescribedRows, WrongAnswer

MOST_PREDICTIONS, MOST_TARGETS = 8, 4
"""Predictions of a description that are tried, and targets of each."""

RAISED, SHOWN = 10, 5
"""The targets of a source that a predicted one must be among, and those that the describer is told."""


@dataclass(frozen=True, slots=True)
class Criticism:
    """What became of a description's predictions.

    Attributes:
        predictions: how many could be tried.
        refuted: those of which the head raises no target, with what it raises instead.
    """

    predictions: int = 0
    refuted: tuple[WrongAnswer, ...] = ()


class Critic:
    """The critic of one head's descriptions.

    It sees what the describer sees. Held-out words can neither be tried nor are they told.

    Args:
        template: asks for predictions.
        experiments: on the head.
        split: what of the head is shown, and what is held out.
        call: asks the critic, about each description in a conversation of its own.
    """

    def __init__(self, template: Template, experiments: Experiments, split: Split, call: Call) -> None:
        self._template, self._experiments, self._call = template, experiments, call
        self._shown, self._words = split.shown.mappings, ShownWords(experiments, held_out(split))

    async def criticise(self, description: str) -> Criticism:
        """Try what a description predicts; a reply without predictions refutes nothing.

        Raises:
            CallFailed: the call brought no reply.
            BadPrompt: the template cannot be filled in.
        """
        messages = self._template.render(DescribedRows(description, self._shown))
        reply = await self._call(messages, self._template.schema)
        found = find_value(after_thinking(reply.text) or "", "predictions")
        return await asyncio.to_thread(self._try, found if isinstance(found, list) else [])

    def _try(self, predictions: list[Any]) -> Criticism:
        known = {name(row.source) for row in self._shown}
        tried, refuted = 0, []
        for source, targets in self._read(predictions):
            if name(source) in known or tried == MOST_PREDICTIONS:
                continue
            raised = self._raised(source)
            known.add(name(source))
            tried += bool(raised)
            if raised and not {name(token) for token in raised} & {name(token) for token in targets}:
                refuted.append(WrongAnswer(source, raised[:SHOWN], targets))
        return Criticism(tried, tuple(refuted))

    def _read(self, predictions: list[Any]) -> Iterator[tuple[Token, tuple[Token, ...]]]:
        """Sources and targets that are tokens and may be named; what an LLM writes may be anything."""
        for one in predictions:
            if not isinstance(one, dict):
                continue
            source, targets = one.get("source"), one.get("targets")
            words = [word for word in targets if isinstance(word, str)] if isinstance(targets, list) else []
            usable = self._words.tokens(words[:MOST_TARGETS])[0]
            token = self._words.token(source) if isinstance(source, str) else None
            if token and usable:
                yield token, tuple(usable)

    def _raised(self, source: Token) -> tuple[Token, ...]:
        """What the head raises most for a source; nothing where it has no row."""
        try:
            (row,) = self._experiments.rows([source], RAISED + self._words.spare)
        except BadOption:
            return ()
        return tuple(token for token in row.promoted.tokens if self._words.allowed(token))[:RAISED]
