"""The method ``agent``: an LLM that tries its ideas out on the head's weights, tested like any other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from headscribe.agent.drafts import PATIENCE, Drafts
from headscribe.agent.experiments import Experiments
from headscribe.agent.investigation import BEST, PREAMBLE, Ask, investigate, opening
from headscribe.agent.llm.failures import NoToolCalling
from headscribe.agent.reply import UNCLEAR
from headscribe.agent.single import Call
from headscribe.agent.splits import held_out
from headscribe.agent.tool_list import offered
from headscribe.agent.tools import HeadTools
from headscribe.agent.verified import Verified
from headscribe.core.chat import Message, Tool, content_hash
from headscribe.core.descriptions import Outcome, Status
from headscribe.core.evidence import Evidence
from headscribe.core.settings import DescribeSettings

FALLBACK = "verified"
"""The method by which heads are described where the LLM has no tool calling."""


class ToolAgent:
    """Describes heads by experiments, and by ``verified`` once the LLM turns out to lack tool calling.

    Args:
        verified: splits the evidence, tests the description, and stands in.
        settings: limits of the experiments.
        say: told, once, that the LLM lacks tool calling.
    """

    def __init__(self, verified: Verified, settings: DescribeSettings, say: Callable[[str], None]) -> None:
        self._verified, self._settings, self._say = verified, settings, say
        self._no_tools = False

    @property
    def hash(self) -> str:
        """Hash of all that shapes an answer beside the head, the other heads and the LLM."""
        limits = (self._settings.max_tool_calls, self._settings.max_head_tokens, self._settings.tool_choice)
        tools = [[tool.name, tool.description, tool.parameters] for tool in offered(parts=True, running=True)]
        return content_hash([self._verified.hash, PREAMBLE, BEST, PATIENCE, tools, *limits])

    def offered(self, evidence: Evidence) -> tuple[Tool, ...]:
        """The tools that experiments on a head take."""
        return offered(parts=evidence.constant is not None, running=self._settings.running_model)

    def first_messages(self, evidence: Evidence) -> tuple[Message, ...]:
        """What the LLM is told before its first tool call; nothing for a head without mappings."""
        if not evidence.mappings:
            return ()
        return opening(self._verified.split(evidence).shown, self._verified.template, self._settings)

    async def describe(
        self, evidence: Evidence, experiments: Experiments, ask: Ask, call: Call, read: Call | None = None
    ) -> Outcome:
        """Describe one head and test the description on rows that neither prompts nor tools have shown.

        Args:
            evidence: the head's mappings, and those of other heads for the test.
            experiments: on this head.
            ask: asks the describer, with tools.
            call: asks the describer that stands in.
            read: asks the reader; None for the same.

        Returns:
            an outcome whose ``method`` is ``FALLBACK`` where the LLM has no tool calling.

        Raises:
            CallFailed: a call brought no reply; what was answered is found in the journal next time.
            BadPrompt: a template cannot be filled in.
        """
        if not evidence.mappings:
            return Outcome(Status.UNCLEAR, inputs=UNCLEAR, pattern=UNCLEAR, rounds=0)
        if not self._no_tools:
            try:
                return await self._investigate(evidence, experiments, ask, read or call)
            except NoToolCalling as lacking:
                if not self._no_tools:
                    self._say(
                        f"The LLM has no tool calling ({lacking.message}), so heads are described by the "
                        f"method {FALLBACK} instead; their rows say so"
                    )
                self._no_tools = True
        return replace(await self._verified.describe(evidence, call, read), method=FALLBACK)

    async def _investigate(
        self, evidence: Evidence, experiments: Experiments, ask: Ask, read: Call
    ) -> Outcome:
        split = self._verified.split(evidence)
        tools = HeadTools(
            experiments,
            self.offered(evidence),
            held_out(split),
            drafts=Drafts(self._verified.validation(evidence, read)),
            seed=self._settings.split_seed,
        )
        found = await investigate(split.shown, self._verified.template, tools, ask, self._settings)
        tested = await self._verified.test(found, evidence, read)
        ran = found.transcript.experiments if found.transcript else ()
        transcript = replace(tested.transcript, experiments=ran) if tested.transcript else found.transcript
        return replace(tested, rounds=found.rounds, transcript=transcript)
