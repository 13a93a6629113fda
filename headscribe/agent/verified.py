"""The method ``verified``: describe, test on held-out tokens, refine, and report what the last test found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from headscribe.agent.reply import UNCLEAR, parse_reply
from headscribe.agent.single import Call
from headscribe.agent.splits import Split, split_evidence
from headscribe.agent.verification import Answer, Judge, ReaderItem, make_items, measure
from headscribe.agent.verification.rounds import (
    Try,
    best_round,
    feedback_of,
    same_answer,
    transcript_of,
    with_confidence,
)
from headscribe.core.chat import Message, content_hash
from headscribe.core.evidence import Evidence
from headscribe.core.records import ANSWERED, Outcome, Status
from headscribe.core.rounds import Confidence
from headscribe.core.settings import DescribeSettings
from headscribe.prompts import Template, load_template
from headscribe.prompts.variables import to_json

GOOD_ENOUGH = 0.8
"""Confidence on the validation items from which a description is not refined."""

GENERIC = "The head raises tokens that have something to do with the source token."
"""What is tested in place of a description where the describer found none: it fits nearly every head."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The method with all that shapes its answers.

    Attributes:
        template: asks for the first description.
        refine: tells the describer what was wrong and asks again.
        judge: asks the reader.
        settings: ``rounds``, ``validation``, ``test`` and ``split_seed`` are used.
    """

    template: Template
    refine: Template
    judge: Judge
    settings: DescribeSettings

    @classmethod
    def shipped(cls, template: Template, settings: DescribeSettings) -> Verified:
        """With the newest shipped templates for refining and for reading."""
        return cls(template, load_template("refine"), Judge.shipped(), settings)

    @property
    def hash(self) -> str:
        """Hash of all that shapes an answer beside the head, the other heads and the LLM."""
        settings = self.settings
        parts = [settings.rounds, settings.validation, settings.test, settings.split_seed]
        hashes = [self.template.hash, self.refine.hash, self.judge.hash]
        return content_hash([*parts, GOOD_ENOUGH, GENERIC, *hashes])

    def split(self, evidence: Evidence) -> Split:
        """What of the evidence is shown, and what is held out."""
        settings = self.settings
        return split_evidence(
            evidence, validation=settings.validation, test=settings.test, seed=settings.split_seed
        )

    def first_messages(self, evidence: Evidence) -> tuple[Message, ...]:
        """What the describer is asked first; nothing for a head without mappings."""
        return self.template.render(self.split(evidence).shown) if evidence.mappings else ()

    async def describe(self, evidence: Evidence, call: Call, read: Call | None = None) -> Outcome:
        """Describe one head and test the description.

        The describer sees the shown rows, and in later rounds the validation items that a reader of its
        description got wrong. It is asked again at most ``settings.rounds`` times; it ends sooner when the
        description is good enough, when nothing is left to correct, or when an answer repeats itself. The
        round with the highest confidence on the validation items is kept, the earlier among equals; a
        describer who takes a description back is believed unless it did better than chance. The confidence
        of the outcome is that of the test items alone.

        Args:
            evidence: the head's mappings, and those of other heads, which false rows are drawn from; without
                them nothing is tested.
            call: asks the describer.
            read: asks the reader, each item in a conversation of its own; None for the same as ``call``.

        Raises:
            CallFailed: a call brought no reply; what was answered is found in the journal next time.
            BadPrompt: a template cannot be filled in.
        """
        if not evidence.mappings:
            return Outcome(Status.UNCLEAR, inputs=UNCLEAR, pattern=UNCLEAR, rounds=0)
        split = self.split(evidence)
        items = make_items(
            split.validation,
            evidence.others,
            own=evidence.mappings,
            banned=split.test,
            seed=self.settings.split_seed,
        )
        read = read or call
        tries = await self._tries(split.shown, items, call, read)
        kept = best_round(tries)
        answers = await self._test(tries[kept].outcome, split, evidence, read)
        return replace(
            with_confidence(tries[kept].outcome, answers),
            rounds=len(tries),
            transcript=transcript_of(tries, kept, answers),
        )

    async def test(self, outcome: Outcome, evidence: Evidence, call: Call) -> Outcome:
        """An outcome with the confidence that the test items give it, however it came about.

        For an unclear head a description without content is tested: where that already does better than
        chance, something can be said of the head. Other outcomes without a description stay as they are.

        Args:
            outcome: made without sight of the test rows (see ``split``).
            evidence: the head's mappings, all of them, and those of other heads.
            call: asks the reader.
        """
        answers = await self._test(outcome, self.split(evidence), evidence, call)
        once = Try(outcome, (), Confidence())
        return replace(with_confidence(outcome, answers), transcript=transcript_of([once], 0, answers))

    async def _test(self, outcome: Outcome, split: Split, evidence: Evidence, call: Call) -> list[Answer]:
        if outcome.status not in ANSWERED:
            return []
        seed = self.settings.split_seed
        items = make_items(split.test, evidence.others, own=evidence.mappings, seed=seed)
        return await self.judge.ask(outcome.description or GENERIC, items, call)

    async def _tries(self, shown: Evidence, items: Sequence[ReaderItem], call: Call, read: Call) -> list[Try]:
        """The rounds, oldest first."""
        conversation, schema = self.template.render(shown), self.template.schema
        tries: list[Try] = []
        while True:
            outcome = parse_reply(await call(conversation, schema), schema)
            if (known := same_answer(outcome, tries)) is not None:
                return [*tries, replace(known, answers=())]
            answers = await self.judge.ask(outcome.description, items, read) if outcome.description else []
            tries.append(Try(outcome, tuple(answers), measure(answers)))
            wrong = [answer for answer in answers if answer.said is not None and not answer.right]
            good = (tries[-1].confidence.value or 0.0) >= GOOD_ENOUGH
            if not wrong or good or len(tries) > self.settings.rounds:
                return tries
            said = {key: getattr(outcome, key) for key in ("inputs", "pattern", "description")}
            feedback = self.refine.render(feedback_of(wrong, len(answers)))
            conversation = (*conversation, Message("assistant", to_json(said)), *feedback)
            schema = self.refine.schema
