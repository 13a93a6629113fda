"""The method ``verified``: describe, test on held-out tokens, refine, and report what the last test found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from headscribe.agent.critic import MOST_PREDICTIONS, MOST_TARGETS, RAISED, Critic
from headscribe.agent.experiments import Experiments
from headscribe.agent.refining import GOOD_ENOUGH, Draw, Refinement
from headscribe.agent.reply import UNCLEAR
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
from headscribe.agent.verification.rounds import Try, transcript_of, with_confidence
from headscribe.core.chat import Message, content_hash
from headscribe.core.descriptions import ANSWERED, Outcome, Status
from headscribe.core.evidence import Evidence, OtherHeads
from headscribe.core.records import Mapping
from headscribe.core.rounds import Confidence
from headscribe.core.settings import CANDIDATE_TEMPERATURE, DescribeSettings
from headscribe.prompts import Template, load_template

GENERIC = "The head raises tokens that have something to do with the source token."
"""What is tested in place of a description where the describer found none: it fits nearly every head."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The method with all that shapes its answers.

    Attributes:
        template: asks for the first description.
        refine: tells the describer what was wrong and asks again.
        judge: asks the reader.
        critic: asks a critic for predictions.
        settings: ``candidates``, ``critic``, ``rounds``, ``validation``, ``test``, ``interval``,
            ``max_items``, ``intruders`` and ``split_seed`` are used.
    """

    template: Template
    refine: Template
    judge: Judge
    critic: Template
    settings: DescribeSettings

    @classmethod
    def shipped(cls, template: Template, settings: DescribeSettings) -> Verified:
        """With the newest shipped templates for refining and for reading."""
        return cls(template, load_template("refine"), Judge.shipped(), load_template("critic"), settings)

    @property
    def hash(self) -> str:
        """Hash of all that shapes an answer beside the head, the other heads and the LLM."""
        settings = self.settings
        parts = [settings.rounds, settings.validation, settings.test, settings.split_seed]
        more = [settings.interval, settings.max_items, settings.intruders]
        hashes = [self.template.hash, self.refine.hash, self.judge.hash]
        if settings.candidates > 1:
            more += [settings.candidates, CANDIDATE_TEMPERATURE]
        if settings.critic:
            hashes += [self.critic.hash, f"{MOST_PREDICTIONS} {MOST_TARGETS} {RAISED}"]
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

    async def describe(
        self,
        evidence: Evidence,
        call: Call,
        read: Call | None = None,
        *,
        draw: Draw | None = None,
        experiments: Experiments | None = None,
    ) -> Outcome:
        """Describe one head and test the description.

        The describer sees the shown rows. Of ``settings.candidates`` answers the one that does best on the
        validation items is refined: the describer is told the items that a reader of its description got
        wrong and, with ``settings.critic``, the predictions of it that the head does not bear out. It is
        asked again at most ``settings.rounds`` times; it ends sooner when the description is good enough,
        when nothing is left to correct, or when an answer repeats itself. The
        round that does best on the validation items is kept, the earlier among equals; a describer who takes
        a description back is believed unless it had a lift. The confidence of the outcome is the lift on the
        test items alone.

        Args:
            evidence: the head's mappings, and those of other heads, which false rows are drawn from; without
                them nothing is tested.
            call: asks the describer, each head in a conversation of its own.
            read: asks the reader, each item in a conversation of its own; None for the describer's LLM.
            draw: asks the describer for one of several answers; None where there is one.
            experiments: on the head; needed for a critic.

        Raises:
            CallFailed: a call brought no reply; what was answered is found in the journal next time.
            BadPrompt: a template cannot be filled in.
        """
        if not evidence.mappings:
            return Outcome(Status.UNCLEAR, inputs=UNCLEAR, pattern=UNCLEAR, rounds=0)
        split, reading = self.split(evidence), Reading(self.judge, read or call)
        items, draw = self._validation_items(split, evidence), draw or (lambda _: call)
        critic = self._critic(split, experiments, call)
        refinement = Refinement(self.template, self.refine, self.settings, draw, reading, critic)
        tries, kept = await refinement.rounds(split.shown, items)
        tested = await self._tested(tries[kept].outcome, split, evidence, reading)
        return replace(
            tested.outcome, rounds=len(tries), transcript=transcript_of(tries, kept, *tested.answers)
        )

    def validation(self, evidence: Evidence, read: Call) -> Callable[[str], Awaitable[Confidence]]:
        """What tests descriptions of a head on its validation items; the test items stay unseen.

        Args:
            evidence: the head's mappings, and those of other heads.
            read: asks the reader; the answers without a description serve every description.
        """
        items, reading = self._validation_items(self.split(evidence), evidence), Reading(self.judge, read)

        async def lift(description: str) -> Confidence:
            return measure(await reading.pairs(description, items))

        return lift

    def _critic(self, split: Split, experiments: Experiments | None, call: Call) -> Critic | None:
        if not self.settings.critic:
            return None
        if experiments is None:
            raise ValueError("a critic needs experiments")
        return Critic(self.critic, experiments, split, call)

    def _validation_items(self, split: Split, evidence: Evidence) -> Sequence[ReaderItem]:
        return make_items(
            split.validation,
            evidence.others,
            own=evidence.mappings,
            banned=split.test,
            seen=_flat(evidence.contrast),
            part="validation",
            seed=self.settings.split_seed,
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


@dataclass(frozen=True, slots=True)
class _Tested:
    """A tested outcome, with the test items' answers and those about intruders."""

    outcome: Outcome
    answers: tuple[Sequence[Pair], Sequence[Answer]] = ((), ())


def _flat(heads: OtherHeads) -> list[Mapping]:
    return [row for rows in heads for row in rows]
