"""The method ``verified``: describe, test on held-out tokens, refine, and report what the last test found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from headscribe.agent.reply import UNCLEAR, parse_reply
from headscribe.agent.single import Call
from headscribe.agent.splits import Split, split_evidence
from headscribe.agent.verification import (
    Answer,
    Judge,
    Pair,
    ReaderItem,
    Reading,
    intruders_of,
    make_intruders,
    make_items,
    measure,
)
from headscribe.agent.verification.rounds import (
    Try,
    best_round,
    feedback_of,
    same_answer,
    transcript_of,
    with_confidence,
)
from headscribe.core.chat import Message, content_hash
from headscribe.core.evidence import Evidence, OtherHeads
from headscribe.core.records import ANSWERED, Mapping, Outcome, Status
from headscribe.core.rounds import Confidence
from headscribe.core.settings import DescribeSettings
from headscribe.prompts import Template, load_template
from headscribe.prompts.variables import to_json

GOOD_ENOUGH = 0.8
"""Lift on the validation items from which a description is not refined."""

GENERIC = "The head raises tokens that have something to do with the source token."
"""What is tested in place of a description where the describer found none: it fits nearly every head."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The method with all that shapes its answers.

    Attributes:
        template: asks for the first description.
        refine: tells the describer what was wrong and asks again.
        judge: asks the reader.
        settings: ``rounds``, ``validation``, ``test``, ``interval``, ``max_items``, ``intruders`` and
            ``split_seed`` are used.
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
        more = [settings.interval, settings.max_items, settings.intruders]
        hashes = [self.template.hash, self.refine.hash, self.judge.hash]
        return content_hash([*parts, *more, GOOD_ENOUGH, GENERIC, *hashes])

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
        round that does best on the validation items is kept, the earlier among equals; a describer who takes
        a description back is believed unless it had a lift. The confidence of the outcome is the lift on the
        test items alone.

        Args:
            evidence: the head's mappings, and those of other heads, which false rows are drawn from; without
                them nothing is tested.
            call: asks the describer, each head in a conversation of its own.
            read: asks the reader, each item in a conversation of its own; None for the describer's LLM.

        Raises:
            CallFailed: a call brought no reply; what was answered is found in the journal next time.
            BadPrompt: a template cannot be filled in.
        """
        if not evidence.mappings:
            return Outcome(Status.UNCLEAR, inputs=UNCLEAR, pattern=UNCLEAR, rounds=0)
        split, reading = self.split(evidence), Reading(self.judge, read or call)
        items = make_items(
            split.validation,
            evidence.others,
            own=evidence.mappings,
            banned=split.test,
            seen=_flat(evidence.contrast),
            part="validation",
            seed=self.settings.split_seed,
        )
        tries = await self._tries(split.shown, items, call, reading)
        kept = best_round(tries)
        tested = await self._tested(tries[kept].outcome, split, evidence, reading)
        return replace(
            tested.outcome, rounds=len(tries), transcript=transcript_of(tries, kept, *tested.answers)
        )

    async def test(self, outcome: Outcome, evidence: Evidence, read: Call) -> Outcome:
        """An outcome with the confidence that the test items give it, however it came about.

        For an unclear head a description without content is tested: where that already has a lift, something
        can be said of the head. Other outcomes without a description stay as they are.

        Args:
            outcome: made without sight of the test rows (see ``split``).
            evidence: the head's mappings, all of them, and those of other heads.
            read: asks the reader.
        """
        reading = Reading(self.judge, read)
        tested = await self._tested(outcome, self.split(evidence), evidence, reading)
        once = Try(outcome, (), Confidence())
        return replace(tested.outcome, transcript=transcript_of([once], 0, *tested.answers))

    async def _tested(self, outcome: Outcome, split: Split, evidence: Evidence, reading: Reading) -> _Tested:
        if outcome.status not in ANSWERED:
            return _Tested(outcome)
        settings, own = self.settings, evidence.mappings
        items = make_items(
            split.test,
            evidence.others,
            own=own,
            seen=_flat(evidence.contrast),
            seed=settings.split_seed,
        )
        pairs = await reading.until_narrow(
            outcome.description or GENERIC, items[: settings.max_items], settings.interval
        )
        rows, most = (*split.validation, *split.test), settings.intruders
        five = make_intruders(rows, evidence.others, own=own, most=most, seed=settings.split_seed)
        found = await reading.intruders(five)
        measured = replace(with_confidence(outcome, pairs), intruders=intruders_of(found))
        return _Tested(measured, (pairs, found))

    async def _tries(
        self, shown: Evidence, items: Sequence[ReaderItem], call: Call, reading: Reading
    ) -> list[Try]:
        """The rounds, oldest first."""
        conversation, schema = self.template.render(shown), self.template.schema
        tries: list[Try] = []
        while True:
            outcome = parse_reply(await call(conversation, schema), schema)
            if (known := same_answer(outcome, tries)) is not None:
                return [*tries, replace(known, answers=())]
            pairs = await reading.pairs(outcome.description, items) if outcome.description else []
            tries.append(Try(outcome, tuple(pairs), measure(pairs)))
            told = [pair.told for pair in pairs]
            wrong = [answer for answer in told if answer.said is not None and not answer.right]
            good = (tries[-1].confidence.value or 0.0) >= GOOD_ENOUGH
            if not wrong or good or len(tries) > self.settings.rounds:
                return tries
            said = {key: getattr(outcome, key) for key in ("inputs", "pattern", "description")}
            feedback = self.refine.render(feedback_of(wrong, len(told)))
            conversation = (*conversation, Message("assistant", to_json(said)), *feedback)
            schema = self.refine.schema


@dataclass(frozen=True, slots=True)
class _Tested:
    """A tested outcome, with the test items' answers and those about intruders."""

    outcome: Outcome
    answers: tuple[Sequence[Pair], Sequence[Answer]] = ((), ())


def _flat(heads: OtherHeads) -> list[Mapping]:
    return [row for rows in heads for row in rows]
