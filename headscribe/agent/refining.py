"""The rounds of the method ``verified``: several first answers, and the best of them refined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from headscribe.agent.critic import Critic
from headscribe.agent.reply import parse_reply
from headscribe.agent.single import Call
from headscribe.agent.together import together
from headscribe.agent.verification import ReaderItem, Reading, measure
from headscribe.agent.verification.rounds import Try, best_candidate, best_round, feedback_of, same_answer
from headscribe.core.chat import Message
from headscribe.core.descriptions import Outcome
from headscribe.core.evidence import Evidence
from headscribe.core.settings import DescribeSettings
from headscribe.prompts import Template
from headscribe.prompts.variables import to_json

GOOD_ENOUGH = 0.8
"""Lift on the validation items from which a description that no critic refutes is not refined."""

Draw = Callable[[int], Call]
"""The describer by the number of the answer that is drawn: 0 for the one that is always the same."""


@dataclass(frozen=True, slots=True)
class Refinement:
    """One head's describer, with those who try its answers.

    Attributes:
        template: asks for the first answers.
        refine: tells the describer what was wrong and asks again.
        settings: ``candidates`` and ``rounds`` are used.
        draw: asks the describer.
        reading: puts answers to the reader.
        critic: tries what answers predict; None for no critic.
    """

    template: Template
    refine: Template
    settings: DescribeSettings
    draw: Draw
    reading: Reading
    critic: Critic | None

    async def rounds(self, shown: Evidence, items: Sequence[ReaderItem]) -> tuple[list[Try], int]:
        """All answers in the order of asking, and the place of the one to keep.

        Args:
            shown: what the describer may see of the head.
            items: validation items.

        Raises:
            CallFailed: a call brought no reply.
            BadPrompt: a template cannot be filled in.
        """
        first = self.template.render(shown)
        tries = await self._candidates(first, items)
        chain, conversation = [best_candidate(tries)], first
        while True:
            tries[chain[-1]] = last = await self._criticised(tries[chain[-1]])
            told = [pair.told for pair in last.answers]
            wrong = [answer for answer in told if answer.said is not None and not answer.right]
            done = not wrong or (last.confidence.value or 0.0) >= GOOD_ENOUGH
            if (done and not last.refuted) or len(chain) > self.settings.rounds:
                break
            feedback = feedback_of(wrong, len(told), refuted=last.refuted, predicted=last.predictions)
            conversation = (*conversation, _said(last.outcome), *self.refine.render(feedback))
            schema = self.refine.schema
            outcome = parse_reply(await self.draw(0)(conversation, schema), schema)
            chain.append(len(tries))
            if (known := same_answer(outcome, tries)) is not None:
                tries.append(replace(known, answers=(), candidate=None))
                break
            tries.append(await self._tried(outcome, items))
        return tries, chain[best_round([tries[place] for place in chain])]

    async def _candidates(self, first: tuple[Message, ...], items: Sequence[ReaderItem]) -> list[Try]:
        """The first answers, drawn and put to the reader side by side."""
        schema = self.template.schema
        replies = await together(self.draw(n)(first, schema) for n in range(self.settings.candidates))
        outcomes = [parse_reply(reply, schema) for reply in replies]
        said = list(dict.fromkeys(outcome.description for outcome in outcomes if outcome.description))
        pairs = dict(zip(said, await self.reading.pairs_each(said, items), strict=True))
        tries: list[Try] = []
        for number, outcome in enumerate(outcomes, start=1):
            known = same_answer(outcome, tries)
            answers = tuple(pairs[outcome.description]) if outcome.description else ()
            found = replace(known, answers=()) if known else Try(outcome, answers, measure(answers))
            tries.append(replace(found, candidate=number))
        return tries

    async def _tried(self, outcome: Outcome, items: Sequence[ReaderItem]) -> Try:
        pairs = await self.reading.pairs(outcome.description, items) if outcome.description else []
        return Try(outcome, tuple(pairs), measure(pairs))

    async def _criticised(self, one: Try) -> Try:
        if self.critic is None or not one.outcome.description:
            return one
        found = await self.critic.criticise(one.outcome.description)
        return replace(one, predictions=found.predictions, refuted=found.refuted)


def _said(outcome: Outcome) -> Message:
    said = {key: getattr(outcome, key) for key in ("inputs", "pattern", "description")}
    return Message("assistant", to_json(said))
